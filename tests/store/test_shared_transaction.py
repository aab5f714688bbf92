"""Dumps that share one transaction, as a disk and other connections see them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from monitor.errors import StoreError
from monitor.store.sqlite.archive import SqliteArchive
from monitor.store.sqlite.database import open_for_reading
from monitor.store.sqlite.handle import Handle
from monitor.store.store import SqlStore
from tests.contract.takes import heads, record, take_in

LONG = "The ministry spoke of it at length. " * 2000


def test_readers_see_nothing_of_a_block_before_its_end(handle: Handle, state: Path) -> None:
    store = SqlStore(handle)
    with closing(open_for_reading(state)) as reader:
        with store.shared_transaction():
            for number in range(3):
                take_in(store, record(f"Notice {number}", f"Text {number}."), name=f"{number}.txt")
                assert SqliteArchive(reader).dumps() == []
        assert len(SqliteArchive(reader).dumps()) == 3


def fill_up(handle: Handle) -> None:
    """A dump is stored, the next one finds no room, and somebody tries a third."""
    store = SqlStore(handle)
    pages = handle._connection.execute("PRAGMA page_count").fetchone()[0]
    with store.shared_transaction():
        take_in(store, record("Talks held"), name="a.txt")
        handle._connection.execute(f"PRAGMA max_page_count = {pages + 4}")
        with pytest.raises(StoreError, match="full"):
            take_in(store, record("Visit ends", LONG), name="b.txt")
        take_in(store, record("Forum opens"), name="c.txt")


def test_a_disk_that_fills_up_in_a_block_lets_nothing_seem_stored_that_is_not(handle: Handle) -> None:
    store = SqlStore(handle)
    try:
        fill_up(handle)
    except StoreError:
        assert heads(store) == {}
    else:
        assert [release.title for release in heads(store).values()] == ["Talks held", "Forum opens"]
    handle._connection.execute("PRAGMA max_page_count = 1000000")
    take_in(store, record("Visit ends", LONG), name="b.txt")
    assert "Visit ends" in [release.title for release in heads(store).values()]


def lose(handle: Handle, *, is_late: bool) -> None:
    """SQLite undoes the transaction by itself, as after an error of the disk, before or after a dump."""
    store = SqlStore(handle)
    with store.shared_transaction():
        if not is_late:
            take_in(store, record("Talks held"), name="a.txt")
        handle._connection.execute("ROLLBACK")
        if is_late:
            take_in(store, record("Talks held"), name="a.txt")


@pytest.mark.parametrize("is_late", [False, True])
def test_what_sqlite_undid_by_itself_is_told_and_nothing_more_is_written(handle: Handle, is_late: bool) -> None:
    with pytest.raises(StoreError, match="undone"):
        lose(handle, is_late=is_late)
    assert heads(SqlStore(handle)) == {}
    assert take_in(SqlStore(handle), record("Talks held")).status == "stored"
