"""The table of faults of the store's design, row by row: none loses a release, each says what to do."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing, suppress
from pathlib import Path

import pytest

from monitor.errors import StoreError, StoreLost, StoreUnavailable
from monitor.model import Outcome, Verdict
from monitor.store.outbox import SqlOutbox
from monitor.store.sqlite.archive import SqliteArchive
from monitor.store.sqlite.backup import backup
from monitor.store.sqlite.database import open_for_reading, open_for_writing, open_immutable
from monitor.store.sqlite.diagnose import newest_backup
from monitor.store.sqlite.handle import Handle
from monitor.store.store import SqlStore
from monitor.testing import NOON, note
from tests.contract.takes import dump, heads, record, take_in

LONG = "The ministry spoke of it at length. " * 3000
MANY = dump(*(record(f"Notice {n}", f"Text {n}. " * 99) for n in range(100)))
OK = Verdict(outcome=Outcome.OK, reason="accepted")


# --- what start-up refuses -----------------------------------------------------------------------------------------


def _garbage(path: Path) -> None:
    path.write_bytes(b"no database at all " * 9999)


def _cut_early(path: Path) -> None:
    os.truncate(path, 5000)


def _cut_late(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 20_000)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _gone(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("damage", [_garbage, _cut_early, _cut_late, _empty, _gone])
def test_a_damaged_store_stops_the_start_and_names_the_newest_backup(state: Path, damage: object) -> None:
    with closing(open_for_writing(state)) as handle:
        take_in(SqlStore(handle), MANY)
    backup(state, state / "older.bak")
    backup(state, state / "newer.bak")
    os.utime(state / "older.bak", (1, 1))
    assert callable(damage)
    damage(state / "monitor.db")
    with pytest.raises(StoreError) as caught:
        open_for_writing(state)
    assert f"`monitor db restore {state / 'newer.bak'}`" in caught.value.message


def test_without_a_backup_beside_it_the_way_to_restore_one_is_told(state: Path) -> None:
    open_for_writing(state).close()
    _empty(state / "monitor.db")
    with pytest.raises(StoreLost, match="monitor db restore FILE"):
        open_for_writing(state)


def test_only_copies_of_a_store_count_as_backups(state: Path) -> None:
    open_for_writing(state).close()
    (state / "notes.bak").write_text("not a database")
    shutil.copy(state / "monitor.db", state / "monitor.db.replaced-20261122T030405Z")
    with closing(sqlite3.connect(state / "recipes.db")) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    assert newest_backup(state) is None


def test_a_file_that_is_shorter_than_its_log_will_make_it_is_no_damage(state: Path) -> None:
    handle = open_for_writing(state)
    handle._connection.execute("PRAGMA wal_autocheckpoint = 0")
    take_in(SqlStore(handle), MANY)
    with closing(open_for_writing(state)) as other:
        assert SqliteArchive(other).count_heads() == 100
    handle.close()


# --- a folder that cannot be written -------------------------------------------------------------------------------


def test_a_file_system_that_is_read_only_is_told_at_the_start(small_disk: Path) -> None:
    state = small_disk / "state"
    with closing(open_for_writing(state)) as handle:
        take_in(SqlStore(handle), record("Talks held"))
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(StoreError, match="cannot be opened") as caught:
        open_for_writing(state)
    assert "writable" in caught.value.message or "cannot create or open files" in caught.value.message
    with closing(open_immutable(state)) as handle:
        assert SqliteArchive(handle).count_heads() == 1


def test_a_database_that_cannot_be_written_is_told_at_the_start(state: Path) -> None:
    with closing(open_for_writing(state)) as handle:
        handle._connection.execute("PRAGMA query_only = ON")
        with pytest.raises(StoreError, match=r"make the state folder and monitor\.db writable"):
            take_in(SqlStore(handle), record("Talks held"))


def test_to_prove_that_it_can_be_written_a_store_writes_each_time(handle: Handle, state: Path) -> None:
    log = state / "monitor.db-wal"
    sizes = [log.stat().st_size]
    for _ in range(3):
        handle.check_writable()
        sizes.append(log.stat().st_size)
    assert sizes == sorted(set(sizes))
    handle._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreError, match="writable"):
        handle.check_writable()


# --- a full disk ---------------------------------------------------------------------------------------------------


def test_when_the_disk_is_full_take_in_waits_delivery_goes_on_and_room_heals_it(handle: Handle) -> None:
    store, outbox = SqlStore(handle), SqlOutbox(handle)
    outbox.enqueue(note("hello", channel="team"), key="hello", now=NOON)
    pages = handle._connection.execute("PRAGMA page_count").fetchone()[0]
    handle._connection.execute(f"PRAGMA max_page_count = {pages}")
    for _ in range(3):
        with pytest.raises(StoreError, match="make room"):
            take_in(store, record("Talks held", LONG))
    assert heads(store) == {}
    delivery = outbox.claim("team", now=NOON)
    assert delivery is not None
    outbox.done(delivery, OK, now=NOON)
    handle._connection.execute("PRAGMA max_page_count = 1000000")
    assert take_in(store, record("Talks held", LONG)).status == "stored"


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"\0" * 4096):
            pass


def test_a_real_full_disk_heals_without_a_restart(small_disk: Path) -> None:
    with closing(open_for_writing(small_disk / "state")) as handle:
        store = SqlStore(handle)
        take_in(store, record("Talks held"))
        ballast = small_disk / "ballast"
        _fill(ballast)
        with pytest.raises(StoreError):
            take_in(store, record("Visit ends", LONG), name="b.txt")
        ballast.unlink()
        assert take_in(store, record("Visit ends", LONG), name="b.txt").status == "stored"
        assert len(heads(store)) == 2
        assert handle.pragma("integrity_check") == [("ok",)]


# --- a damaged log, a lock held elsewhere --------------------------------------------------------------------------


def test_commits_that_vanished_with_a_damaged_log_are_missing_from_the_ledger_too(state: Path, tmp_path: Path) -> None:
    handle = open_for_writing(state)
    take_in(SqlStore(handle), record("Talks held"))
    handle._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    take_in(SqlStore(handle), record("Visit ends", "The minister flew home."), name="b.txt")
    crashed = tmp_path / "crashed"
    shutil.copytree(state, crashed)
    handle.close()
    with (crashed / "monitor.db-wal").open("r+b") as log:
        log.seek(5000)
        log.write(b"\xff" * 4000)
    (crashed / "monitor.db-shm").unlink()
    with closing(open_for_writing(crashed)) as again:
        store = SqlStore(again)
        assert set(store.ledger("motie")) == {b"/seeds/a.txt"}  # so the scan at the start takes b.txt in again
        assert take_in(store, record("Visit ends", "The minister flew home."), name="b.txt").status == "stored"
        assert len(heads(store)) == 2


def test_a_write_lock_held_elsewhere_is_told_with_its_cause(state: Path) -> None:
    with (
        closing(open_for_writing(state, busy=0.1)) as handle,
        closing(sqlite3.connect(state / "monitor.db", isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another program holds its write lock"):
            take_in(SqlStore(handle), record("Talks held"))


def test_a_store_waits_for_a_lock_as_long_as_its_design_says(handle: Handle) -> None:
    assert handle.pragma("busy_timeout") == [(10_000,)]


def test_a_store_of_an_older_version_is_told_to_a_reader_as_that(state: Path) -> None:
    with closing(open_for_writing(state)) as handle:
        handle._connection.execute("DROP TABLE indexed")
    with closing(open_for_reading(state)) as reader, pytest.raises(StoreError, match="start the monitor once"):
        reader.all("to_index", after=0, most=1)


# --- no memory -----------------------------------------------------------------------------------------------------


def test_without_memory_the_store_waits_and_says_so_until_there_is_some(state: Path) -> None:
    def grow() -> None:
        raise MemoryError  # SQLite reports it as its own SQLITE_NOMEM

    with closing(open_for_writing(state)) as handle:
        handle._connection.create_function("grow", 0, grow)
        handle._connection.execute("CREATE TEMP TRIGGER hungry BEFORE INSERT ON main.dump BEGIN SELECT grow(); END")
        with pytest.raises(StoreUnavailable, match="there is no memory left"):
            take_in(SqlStore(handle), record("Talks held"))
        assert "no memory left" in str(handle.faults.current())
        handle._connection.execute("DROP TRIGGER hungry")
        take_in(SqlStore(handle), record("Talks held"))
        assert (SqliteArchive(handle).count_heads(), handle.faults.current()) == (1, None)
