"""The publisher's ids survive whatever is computed again, and a store of an older version has none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from monitor.compare.fingerprint import FINGERPRINTER, id_key, index_keys
from monitor.ingest_values import IdCounts
from monitor.store.rehash import rehash
from monitor.store.rename_source import rename
from monitor.text import NORM_VERSION
from tests.compare.record_lab import RecordLab, shown
from tests.compare.scenario import TALKS, VISIT

LEARNED = [shown("7?b"), shown("8", VISIT)]


def learning_lab(folder: Path) -> RecordLab:
    """A store in which one release has got another id and one its first."""
    lab = RecordLab(folder)
    lab.drop(shown("7?a"), replace(VISIT)).drop(*LEARNED)
    assert lab.kinds() == "2 unchanged"
    return lab


def test_learned_ids_stand_in_the_index_after_the_normal_forms_change(tmp_path: Path) -> None:
    with learning_lab(tmp_path) as lab:
        assert rehash(lab.handle, replace(FINGERPRINTER, norm_version=NORM_VERSION + 1)) == 2
        keys = [id_key("motie", id_) for id_ in ("7?a", "7?b", "8")]
        assert lab.store.snapshot(keys).by_key == {keys[0]: (1,), keys[1]: (1,), keys[2]: (2,)}


def test_learned_ids_go_along_with_a_source_that_is_renamed(tmp_path: Path) -> None:
    with learning_lab(tmp_path) as lab:
        assert rename(lab.handle, old="motie", new="ministry", keys=index_keys) == 2
        assert lab.archive.changed_ids() == {"ministry": IdCounts(changed=1, of=1)}
        lab.drop(shown("7?b", title="All was written anew", body="Nothing is as it was."), source="ministry")
        assert (lab.change.kind, lab.change.number) == ("changed", 1)
        lab.drop(shown("8", TALKS, date=VISIT.date, body="Short."), source="ministry")
        assert (lab.change.kind, lab.change.number) == ("changed", 2)


def test_text_dumps_run_no_statement_for_ids(tmp_path: Path) -> None:
    with RecordLab(tmp_path) as lab:
        lab.drop(replace(TALKS), replace(VISIT))
        ran: list[str] = []
        lab.handle._connection.set_trace_callback(ran.append)
        lab.drop(
            replace(TALKS, body=TALKS.body.replace("5.1", "5.3")), replace(VISIT), replace(VISIT, category="Trade")
        )
        assert lab.kinds() == "1 new, 1 changed, 1 unchanged"
        marks = ("UPDATE release SET url", "SET reading", "INSERT INTO meta", "DELETE FROM meta")
        assert [one for one in ran if any(mark in one for mark in marks)] == []
        assert sum("FROM alias" in one for one in ran) == 2 + 1 + 12  # two titles, one body, the days around
