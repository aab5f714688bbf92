"""The comparison of two programs: its histories hold every kind of event, and it sees a rule that decides otherwise."""

from __future__ import annotations

import shutil
from typing import NamedTuple

import pytest

from bench.histories import seeded_histories
from bench.replay import without_now
from bench.verdicts import ROOT, Difference, Outcome, differences, outcomes
from monitor.model import Kind

ANOTHER_RULE = """

_classify = classify


def classify(*args, **kwargs):
    return tuple(
        replace(change, reason=f"{change.reason}, says another rule") if change.kind == "cosmetic" else change
        for change in _classify(*args, **kwargs)
    )
"""


class Compared(NamedTuple):
    """What this program made of a history, and how the others differ from that."""

    ours: Outcome
    itself: list[Difference]
    with_another_rule: list[Difference]


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    """One short history, replayed by this program twice and by a copy that decides otherwise."""
    copy = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "monitor", copy / "monitor", ignore=shutil.ignore_patterns("__pycache__"))
    with (copy / "monitor" / "pipeline.py").open("a", encoding="utf-8") as file:
        file.write(ANOTHER_RULE)
    ours, again, other = outcomes(list(seeded_histories(1, days=6)), [ROOT, ROOT, copy])
    return Compared(ours["history 0"], differences(again, ours), differences(other, ours))


def test_a_history_holds_every_kind_of_event(compared: Compared) -> None:
    assert {row["kind"] for row in compared.ours["event"]} == set(Kind) - {Kind.UNCHANGED}
    assert sum(row["n_unchanged"] for row in compared.ours["dump"]) > 0


def test_every_table_and_every_channel_has_something_to_compare(compared: Compared) -> None:
    assert [table for table, rows in compared.ours.items() if not rows] == []
    assert {row["channel"] for row in compared.ours["alert"]} == {
        "output",
        "sent_hook",
        "sent_few",
        "sent_later",
        "sent_whole",
    }
    assert {row["waits"] for row in compared.ours["notice"]} == {0, 1}


def test_one_program_decides_the_same_twice(compared: Compared) -> None:
    assert [str(difference) for difference in compared.itself] == []


def test_a_rule_that_gives_another_reason_is_seen(compared: Compared) -> None:
    seen = [each for each in compared.with_another_rule if each.table == "event"]
    cosmetic = [row for row in compared.ours["event"] if row["kind"] == "cosmetic"]
    assert len(seen) == len(cosmetic)
    assert all("says another rule" in each.theirs and "says another rule" not in each.ours for each in seen)


def test_a_row_that_is_missing_is_seen(compared: Compared) -> None:
    less: Outcome = {**compared.ours, "related": compared.ours["related"][1:]}
    [difference] = differences({"history": less}, {"history": compared.ours})
    assert (difference.table, difference.theirs) == ("related", "")


def test_a_column_that_only_one_version_has_is_not_compared(compared: Compared) -> None:
    later: Outcome = {**compared.ours, "release": [{**row, "language": "ko"} for row in compared.ours["release"]]}
    assert differences({"history": compared.ours}, {"history": later}) == []


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("at 2025-06-01T00:00:00.000Z", "at 2025-06-01T00:00:00.000Z"),
        ("at 2026-11-28T12:00:01.000Z", "at NOW"),
        ("at 2026-11-28T21:00", "at NOW"),
        ("limit of 3 an hour, the rest at 12:42", "limit of 3 an hour, the rest at NOW"),
        ("no time: 12:42, 2024-07-01", "no time: 12:42, 2024-07-01"),
        ("number 12-0123456789abcdef of it", "number DELIVERY of it"),
    ],
)
def test_what_each_run_has_of_its_own_is_the_same_word(text: str, plain: str) -> None:
    assert without_now(text, "2026-11-28T12:00:00") == plain
