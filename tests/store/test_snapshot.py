"""What is read at once is of one state of the store, and holds no transaction afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.errors import NotFound
from monitor.match.search import search_query
from monitor.records import Archive, EventFilter
from monitor.store.archive import SqlArchive
from monitor.store.sqlite.archive import SqliteArchive
from monitor.store.sqlite.database import open_for_reading
from monitor.store.sqlite.handle import Handle
from monitor.store.store import SqlStore
from monitor.testing import NOON
from tests.contract.takes import dump, figures, record, take_in

DAYS = [NOON - timedelta(days=1), NOON, NOON + timedelta(days=1)]
ALL = EventFilter()


@pytest.fixture
def reader(handle: Handle, state: Path) -> Iterator[Handle]:
    """A second connection to a store of two dumps."""
    take_in(SqlStore(handle), dump(figures("5.1"), record("Talks held")), name="a.txt")
    take_in(SqlStore(handle), figures("5.3"), name="b.txt")
    with closing(open_for_reading(state)) as opened:
        yield opened


READS: dict[str, Callable[[Archive], object]] = {
    "events": lambda archive: archive.events(ALL),
    "event_before_last": lambda archive: archive.event_before_last(1, ALL),
    "page": lambda archive: archive.page(EventFilter(watchlist="desk", since=NOON)),
    "event": lambda archive: archive.event(1),
    "latest": lambda archive: archive.latest(),
    "facets": lambda archive: archive.facets(EventFilter(watchlist="desk")),
    "per_day": lambda archive: archive.per_day(DAYS, EventFilter(watchlist="desk")),
    "per_month": lambda archive: archive.per_month("desk", ZoneInfo("Asia/Seoul")),
    "watchlist_days": lambda archive: archive.watchlist_days(DAYS),
    "watchlist_totals": lambda archive: archive.watchlist_totals(),
    "last_matches": lambda archive: archive.last_matches(),
    "texts": lambda archive: archive.texts([(1, 2)]),
    "release_events": lambda archive: archive.release_events(1),
    "versions": lambda archive: archive.versions(1),
    "shown_by": lambda archive: archive.shown_by(1, limit=1),
    "shown_page": lambda archive: archive.shown_page(1, limit=1),
    "messages": lambda archive: archive.messages(),
    "messages_page": lambda archive: archive.messages_page("dead"),
    "last_messages": lambda archive: archive.last_messages("team", 1),
    "message": lambda archive: archive.message(1),
    "attempts": lambda archive: archive.attempts([1]),
    "deliveries": lambda archive: archive.deliveries(1),
    "delivery_times": lambda archive: archive.delivery_times(DAYS),
    "dumps": lambda archive: archive.dumps(limit=1),
    "dumps_page": lambda archive: archive.dumps_page(limit=1),
    "rejects": lambda archive: archive.rejects(),
    "rejects_page": lambda archive: archive.rejects_page(),
    "summary": lambda archive: archive.summary(),
    "changed_ids": lambda archive: archive.changed_ids(),
    "days": lambda archive: archive.days(DAYS),
    "heads": lambda archive: archive.heads(),
    "heads_before": lambda archive: archive.heads_before(None, 1),
    "head_before_last": lambda archive: archive.head_before_last(1),
    "heads_of": lambda archive: archive.heads_of([1]),
    "head": lambda archive: archive.head(99),
    "count_heads": lambda archive: archive.count_heads(),
    "search": lambda archive: archive.search(search_query(["chips"])),
    "found": lambda archive: archive.found(search_query(["chips"]), limit=1),
    "store_id": lambda archive: archive.store_id(),
    "moved_to": lambda archive: archive.moved_to(),
    "newest_events": lambda archive: archive.newest_events(),
    "contents": lambda archive: archive.contents(),
}


def test_every_read_of_an_archive_is_tried_here() -> None:
    assert set(READS) == {name for name in vars(SqlArchive) if not name.startswith("_")}


@pytest.mark.parametrize("name", READS)
def test_a_read_holds_nothing_once_it_has_returned(handle: Handle, reader: Handle, name: str) -> None:
    """A reader that held its transaction would keep the write-ahead log from being folded in."""
    try:
        READS[name](SqliteArchive(reader))
    except NotFound:
        assert name in {"head", "message"}
    assert not reader._connection.in_transaction
    take_in(SqlStore(handle), record("Visit ends"), name="c.txt")
    assert handle.pragma("wal_checkpoint(TRUNCATE)") == [(0, 0, 0)]  # all of it, and nobody was in the way


def test_what_is_committed_meanwhile_is_not_seen_inside_a_snapshot(handle: Handle, reader: Handle) -> None:
    archive = SqliteArchive(reader)
    with reader.snapshot():
        before = archive.latest()
        take_in(SqlStore(handle), record("Visit ends"), name="c.txt")
        with reader.snapshot():
            assert archive.latest() == before
        assert archive.latest() == before
    assert archive.latest() == before + 1


def test_a_snapshot_ends_with_an_error(reader: Handle) -> None:
    with pytest.raises(NotFound), reader.snapshot():
        SqliteArchive(reader).head(99)
    assert not reader._connection.in_transaction


def test_a_snapshot_inside_a_write_sees_what_was_written(handle: Handle) -> None:
    with handle.transaction():
        take_in(SqlStore(handle), record("Talks held"))
        assert SqliteArchive(handle).facets(ALL).total == 1
    assert SqliteArchive(handle).facets(ALL).total == 1


def test_two_connections_never_give_the_same_generation(handle: Handle, reader: Handle, state: Path) -> None:
    with closing(open_for_reading(state)) as other:
        assert len({handle.generation(), reader.generation(), other.generation()}) == 3
