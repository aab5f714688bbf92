"""A source that was renamed keeps all that is stored under its earlier name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from monitor.compare.fingerprint import index_keys
from monitor.ingest_values import Mode
from monitor.model import Kind, Release
from monitor.pipeline import ingest
from monitor.records import EventFilter
from monitor.store.rename_source import rename
from monitor.store.source_states import SqlSourceStates
from monitor.store.sqlite.archive import SqliteArchive
from monitor.store.sqlite.database import open_for_writing
from monitor.store.sqlite.handle import Handle
from monitor.store.store import SqlStore
from monitor.testing import NOON, dump_of
from tests.contract.takes import AUDIENCE, HABITS, HALF, dump, figures, record, take_in
from tests.dumps import Written, dumps, write
from tests.examples import examples

TALKS, VISIT = record("Talks held"), record("Visit ends", "He went to Busan.", day="2024-07-03")
ROUND = record("Round opens", "It opened in Daegu.", day="2024-07-05")
NAMED = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"


def renamed(handle: Handle, old: str = "motie", new: str = "ministry") -> int | None:
    return rename(handle, old=old, new=new, keys=index_keys)


def counts(handle: Handle, text: str, name: str, *, source: str = "ministry") -> dict[str, int]:
    report = take_in(SqlStore(handle), text, name=name, source=source)
    return {str(kind): count for kind, count in report.counts.items() if count}


def take(
    handle: Handle, text: str, name: str, *, listings: Mapping[str, tuple[str, ...]], source: str = "ministry"
) -> None:
    to_json = dump_of(text, name=name, source=source)
    options = replace(HABITS, listings=listings)
    ingest(to_json, options=options, routing=AUDIENCE, store=SqlStore(handle), now=NOON, mode=Mode.WATCH)


def traces(handle: Handle, name: str) -> list[str]:
    """Every table that still knows a source's name."""
    tables = [row[0] for row in handle._connection.execute(NAMED)]
    return [
        table
        for table in tables
        if any(name in str(cell) for row in handle._connection.execute(f"SELECT * FROM {table}") for cell in row)
    ]


def test_a_silence_that_was_told_goes_on_under_the_new_name(handle: Handle) -> None:
    take_in(SqlStore(handle), TALKS)
    states = SqlSourceStates(handle)
    expected = states.expected_since("motie", now=NOON)
    states.begin_silence("motie", NOON)
    renamed(handle)
    assert states.silences() == {"ministry": NOON}
    assert states.expected_since("ministry", now=NOON + timedelta(days=1)) == expected
    assert "meta" not in traces(handle, "motie")


def kinds(handle: Handle) -> list[str]:
    return [event.kind for event in SqliteArchive(handle).events(EventFilter())]


def test_what_was_known_is_known_and_what_changes_is_a_change(handle: Handle) -> None:
    take_in(SqlStore(handle), dump(TALKS, figures("5.1"), VISIT))
    assert renamed(handle) == 3
    assert counts(handle, dump(TALKS, figures("5.3"), ROUND), "b.txt") == {"new": 1, "changed": 1, "unchanged": 1}
    assert kinds(handle) == ["new", "new", "new", "changed", "new"]


def test_no_table_keeps_the_earlier_name(handle: Handle) -> None:
    store, states = SqlStore(handle), SqlSourceStates(handle)
    assert states.begin_baseline("motie")
    take_in(store, f"{TALKS}\n{HALF}")
    states.end_baseline("motie")
    assert {"dump", "release", "event", "file", "reject", "meta"} <= {*traces(handle, "motie")}
    renamed(handle)
    assert traces(handle, "motie") == ["message_item"], "what waits to be told is told under the name it came by"
    assert not states.begin_baseline("ministry"), "its baseline was taken under the earlier name"


def test_the_same_file_is_a_duplicate_and_is_not_even_opened(handle: Handle) -> None:
    store = SqlStore(handle)
    take_in(store, TALKS)
    before = store.ledger("motie")
    renamed(handle)
    assert store.ledger("ministry") == before
    assert take_in(store, TALKS, name="moved.txt", source="ministry").status == "duplicate"


def test_a_second_time_there_is_nothing_to_rename(handle: Handle) -> None:
    assert renamed(handle) is None
    take_in(SqlStore(handle), TALKS)
    assert [renamed(handle), renamed(handle)] == [1, None]


def test_an_earlier_name_is_free_again_for_another_source(handle: Handle) -> None:
    take_in(SqlStore(handle), TALKS)
    renamed(handle)
    assert counts(handle, TALKS, "a.txt", source="motie") == {"new": 1}
    assert counts(handle, dump(TALKS, VISIT), "b.txt") == {"new": 1, "unchanged": 1}


def test_a_failure_half_way_changes_nothing(state: Path) -> None:
    def full(_source: str, _release: Release) -> tuple[bytes, ...]:
        raise ZeroDivisionError

    with closing(open_for_writing(state)) as handle:
        take_in(SqlStore(handle), dump(TALKS, VISIT))
        with pytest.raises(ZeroDivisionError):
            rename(handle, old="motie", new="ministry", keys=full)
    with closing(open_for_writing(state)) as handle:
        assert traces(handle, "ministry") == []
        assert counts(handle, dump(TALKS, ROUND), "b.txt", source="motie") == {"new": 1, "unchanged": 1}
        assert renamed(handle) == 3


def test_whoever_waits_hears_that_it_goes_on(handle: Handle) -> None:
    take_in(SqlStore(handle), dump(*(record(f"Notice {n}", day=f"2024-07-{n:02}") for n in range(1, 29))))
    heard: list[None] = []
    rename(handle, old="motie", new="ministry", keys=index_keys, between=lambda: heard.append(None))
    assert heard == [None]


def test_several_earlier_names_become_one_and_nobody_is_told_of_what_both_had(handle: Handle) -> None:
    store = SqlStore(handle)
    take_in(store, dump(TALKS, VISIT), source="motie")
    take_in(store, dump(TALKS, VISIT), source="trade")  # the same bytes under the same name
    take_in(store, dump(TALKS, VISIT), source="trade", mode=Mode.AGAIN)
    assert [renamed(handle, "motie"), renamed(handle, "trade")] == [2, 2]
    assert counts(handle, dump(TALKS, VISIT, ROUND), "b.txt") == {"new": 1, "unchanged": 2}
    assert take_in(store, dump(TALKS, VISIT), source="ministry").status == "duplicate"
    again = take_in(store, dump(TALKS, VISIT), source="ministry", mode=Mode.AGAIN)
    assert again.counts[Kind.NEW] == 0


def test_what_both_had_on_one_board_is_not_withdrawn(handle: Handle) -> None:
    press = {"press": ("press_*",)}
    for source in ("motie", "ministry"):
        take(handle, dump(TALKS, VISIT, ROUND), "press_1.txt", source=source, listings=press)
    renamed(handle)
    take(handle, dump(TALKS, VISIT, ROUND, record("End", day="2024-07-06")), "press_2.txt", listings=press)
    assert "withdrawn" not in kinds(handle)


def test_a_board_that_only_the_earlier_name_had_still_withdraws(handle: Handle) -> None:
    press = {"press": ("press_*",)}
    take(handle, dump(TALKS, VISIT, ROUND), "press_1.txt", source="motie", listings=press)
    renamed(handle)
    take(handle, dump(TALKS, ROUND), "press_2.txt", listings=press)
    assert kinds(handle)[-1] == "withdrawn"


KOREA, AHN = (
    Release(title=title, body="Korea Korea.", date=date(2000, 1, 1), category="Trade/Investment")
    for title in ("Korea", "Ahn")
)
# Alone beside its tail, a record does not show whether its listing prints categories; two of them do.
AMBIGUOUS = [Written(releases=shown, text=write(shown)) for shown in ((KOREA,), (KOREA, AHN))]


@example(history=AMBIGUOUS, place=1)
@example(history=AMBIGUOUS, place=2)
@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(dumps(most=5), min_size=2, max_size=4), place=st.integers(1, 3))
def test_a_rename_in_the_middle_of_any_history_tells_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, history: list[Written], place: int
) -> None:
    """Each dump is dropped again at the end with a new one: whatever was known must be known."""
    folder = tmp_path_factory.mktemp("rename")
    drops = [*history, *history[::-1]]
    told = []
    for moment in (None, place):
        with store_in(folder / str(moment)) as handle:
            for number, written in enumerate(drops):
                if number == moment:
                    renamed(handle)
                source = "motie" if moment is None or number < moment else "ministry"
                take_in(
                    SqlStore(handle),
                    f"{written.text}\n-\nTail {number}\nOf {number}. date2024-01-01",
                    name=f"{number}.txt",
                    source=source,
                )
            told.append(
                [(event.kind, event.title, event.version) for event in SqliteArchive(handle).events(EventFilter())]
            )
    assert told[0] == told[1]


@contextmanager
def store_in(state: Path) -> Iterator[Handle]:
    with closing(open_for_writing(state)) as handle:
        yield handle
