"""What is read for every dump, at every start, or for a page does not grow with what is stored."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from monitor.collect.source import SourceOptions
from monitor.ingest_values import Mode
from monitor.model import Kind
from monitor.pipeline import ingest
from monitor.store.source_states import SqlSourceStates
from monitor.store.sqlite.archive import SqliteArchive
from monitor.store.sqlite.handle import Handle
from monitor.store.store import SqlStore
from monitor.testing import NOON, dump_of
from tests.contract.takes import AUDIENCE, dump, figures, record, take_in
from tests.store.sqlite.counting import steps

OPTIONS = SourceOptions(timezone=ZoneInfo("Asia/Seoul"), listings={"press": ("press_*.txt",)})
FIRST = date(2024, 1, 1)
MANY = 60


def list_days(store: SqlStore, first: int, last: int) -> None:
    """Store a dump of the listing with one release a day."""
    days = (FIRST + timedelta(days=number) for number in range(first, last))
    text = dump(*(record(f"Notice of {day}", f"Office {day} is open.", day=str(day)) for day in days))
    shown = dump_of(text, name=f"press_{first}.txt", source="motie")
    ingest(shown, options=OPTIONS, routing=AUDIENCE, store=store, now=NOON, mode=Mode.ONCE)


@pytest.fixture
def store(handle: Handle) -> SqlStore:
    return SqlStore(handle)


def test_a_listing_that_has_shown_many_releases_costs_what_it_shows_now(handle: Handle, store: SqlStore) -> None:
    read = partial(store.listing, "motie", "press", after=FIRST, before=FIRST + timedelta(days=9))
    list_days(store, 0, 10)
    before = steps(handle, read)
    for first in range(10, MANY, 10):
        list_days(store, first, first + 10)
    assert [head.number for head in read().heads] == list(range(2, 10))
    assert steps(handle, read) <= before + 20  # where the index is deeper


def test_a_listing_gives_its_releases_in_the_order_of_their_numbers(store: SqlStore) -> None:
    for first in (20, 10, 0):
        list_days(store, first, first + 10)
    found = store.listing("motie", "press", after=date.min, before=date.max)
    assert [head.number for head in found.heads] == list(range(1, 31))
    assert found.known == 30


def test_the_last_dump_of_each_source_costs_the_same_however_many_files_there_are(
    handle: Handle, store: SqlStore
) -> None:
    read, costs = SqlSourceStates(handle).last_dumps, list[int]()
    for number in range(MANY):
        source = ("motie", "customs", "kita")[number % 3]
        take_in(
            store, record(f"Notice {number}"), name=f"{number}.txt", source=source, now=NOON + timedelta(hours=number)
        )
        if number in (2, MANY - 1):
            costs.append(steps(handle, read))
    last = {"motie": MANY - 3, "customs": MANY - 2, "kita": MANY - 1}
    assert read() == {source: NOON + timedelta(hours=number) for source, number in last.items()}
    assert costs[1] <= costs[0] + 10


def test_a_page_of_the_dumps_of_a_release_costs_the_same_however_often_it_changed(
    handle: Handle, store: SqlStore
) -> None:
    archive, costs = SqliteArchive(handle), list[int]()
    for number in range(MANY):
        take_in(store, figures(f"{number}.5"), name=f"{number}.txt", now=NOON + timedelta(hours=number))
        if number in (20, MANY - 1):
            costs.append(steps(handle, lambda: (archive.shown_by(1, limit=9), archive.shown_page(1, limit=9))))
    kinds = [one.kind for one in archive.shown_by(1, limit=MANY)]
    assert kinds == [Kind.NEW] + [Kind.CHANGED] * (MANY - 1)
    assert archive.shown_page(1, limit=1)[0].dump == f"{MANY - 1}.txt"
    assert costs[1] <= costs[0] + 20
