"""Open the database of a state folder: it is created once and never replaced silently.

The sidecar STORE_ID stands beside the database. SQLite opens a 0-byte file as a valid empty database, so without it a
lost store would look like a first run, and every release ever seen would alert again.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from monitor.errors import NotFound, StoreDamaged, StoreError, StoreLost
from monitor.files import create_private, owner_of, sync
from monitor.store.sqlite.connection import BUSY, closed_on_error, connect, read_only
from monitor.store.sqlite.diagnose import is_cut_short, recovery_advice, store_error
from monitor.store.sqlite.driver import sqlite3
from monitor.store.sqlite.handle import Handle
from monitor.store.sqlite.migrations import APPLICATION_ID, migrate, next_migration, refuse_newer
from monitor.store.sqlite.open_files import SIDECAR, OpenFiles
from monitor.store.sqlite.statements import queries
from monitor.store.sqlite.store_id import check_store_id
from monitor.store.stored_values import StoredValueError

FILE = "monitor.db"

# Index keys are hashes: in a store of a million releases each one that is added changes three pages of its own. Small
# pages halve what is read and written for that, and cost a young store nothing (bench store-growth).
_PAGE_BYTES = 4096  # bytes
_WAL_BYTES = 32 * 1024 * 1024  # bytes of the write-ahead log that are folded into the database at once


def open_for_writing(
    state: Path, *, busy: float = BUSY, first_busy: float | None = None, lock_lost: Callable[[], str] = lambda: ""
) -> Handle:
    """Open the store of a state folder, creating it on a first run; the caller holds the folder's lock.

    A store of an older version is brought up to date; what it was stays beside it as `monitor.db.before-N.bak`, N the
    number of the first migration. lock_lost: why the lock protects the folder no longer; "": it does.
    Raises StoreLost, SchemaTooNew, StoreError with what to do.
    """
    try:
        state.mkdir(parents=True, exist_ok=True)
        if _is_first_run(state):
            _create(state)
        if is_cut_short(state / FILE):  # SQLite would fail days later, at the first missing page
            what = f"monitor.db is malformed: its end is missing; {recovery_advice(state)}"
            raise StoreDamaged(what, where=str(state / FILE))
        with ExitStack() as undo:
            files = OpenFiles(state / FILE, lock_lost=lock_lost)
            undo.callback(files.close)
            connection = connect(str(state / FILE), busy=busy if first_busy is None else first_busy)
            undo.callback(connection.close)
            refuse_foreign(connection, state / FILE)
            _tune(connection)
            _probe(connection)
            _migrate(connection, state)
            files.note_opened(check_store_id(state, _identity(connection)))
            connection.execute(f"PRAGMA busy_timeout={busy * 1000:.0f}")
            undo.pop_all()
    except (sqlite3.Error, OSError, StoredValueError) as error:
        raise store_error(error, "the state store cannot be opened", state) from error
    return Handle(connection, state, files, busy=busy)


def open_for_reading(state: Path) -> Handle:
    """Open an existing store read-only; never makes or changes one. Raises NotFound, StoreError.

    Where no monitor runs, SQLite leaves an empty write-ahead log beside the database.
    """
    path = state / FILE
    if (state / SIDECAR).exists() and not (path.is_file() and path.stat().st_size):
        what = f"the store of this folder is gone (monitor.db is missing or empty); {recovery_advice(state)}"
        raise StoreLost(what, where=str(path))
    if not path.is_file():
        raise NotFound("there is no store yet: `monitor run` or `monitor ingest FILE` makes it", where=str(path))
    try:
        connection = read_only(path)
        with closed_on_error(connection):
            refuse_foreign(connection, state / FILE)
            refuse_newer(connection)
    except sqlite3.Error as error:
        raise store_error(error, "the state store cannot be read", state) from error
    return Handle(connection, state)


def open_immutable(state: Path) -> Handle:
    """Open a store without its log, as if nobody could write to it: where no file can be created."""
    try:
        connection = read_only(state / FILE, mode="immutable=1")
        with closed_on_error(connection):
            refuse_foreign(connection, state / FILE)
    except sqlite3.Error as error:
        raise store_error(error, "the state store cannot be read", state) from error
    return Handle(connection, state)


def _probe(connection: sqlite3.Connection) -> None:
    """Write once without a change, so that a folder that cannot be written is reported at the start."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("UPDATE meta SET v = v WHERE k = 'store_id'")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _tune(connection: sqlite3.Connection) -> None:
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "cache_size=-16384",
        f"wal_autocheckpoint={_WAL_BYTES // _pragma(connection, 'page_size')}",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _is_first_run(state: Path) -> bool:
    """Return whether there was never a store; an empty file or a sidecar alone is a lost store."""
    path, sidecar = state / FILE, state / SIDECAR
    if path.exists() and path.stat().st_size:
        return False
    if sidecar.exists() or path.exists():
        raise StoreLost(
            f"the store of this folder is gone (monitor.db is missing or empty); {recovery_advice(state)}, or remove"
            f" {sidecar.name} and {path.name} to start with an empty store, which alerts on every release again",
            where=str(path),
        )
    return True


def _create(state: Path) -> None:
    """Create the database under another name and rename it: a crash leaves no incomplete store."""
    made = state / f".{FILE}.new"
    made.unlink(missing_ok=True)
    make_database(made, like=owner_of(state / FILE))  # its log and its index get the same mode
    made.rename(state / FILE)
    sync(state)


def make_database(path: Path, *, like: os.stat_result) -> None:
    """Make an empty store in a new file; like: as `create_private`.

    Nobody reads the file before it is synced as a whole and renamed, so no single step of it needs to be durable.
    """
    create_private(path, like=like)
    with closing(connect(str(path))) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA journal_mode=MEMORY")
        connection.execute(f"PRAGMA page_size={_PAGE_BYTES}")
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        migrate(connection)
        connection.execute(queries()["set_meta"], {"k": "store_id", "v": uuid.uuid4().hex})
    sync(path)


def _migrate(connection: sqlite3.Connection, state: Path) -> None:
    if (number := next_migration(connection)) is not None:
        _copy_before_migration(connection, state / f"{FILE}.before-{number}.bak")
        migrate(connection)


def _copy_before_migration(connection: sqlite3.Connection, target: Path) -> None:
    """Write a complete copy or none: it gets its name once it is on the disk."""
    made = target.with_name(f".{target.name}.new")
    made.unlink(missing_ok=True)
    with ExitStack() as stack:
        stack.callback(made.unlink, missing_ok=True)
        create_private(made, like=owner_of(target.with_name(FILE)))
        connection.execute("VACUUM INTO ?", (str(made),))
        sync(made)
        made.rename(target)
    sync(target.parent)


def refuse_foreign(connection: sqlite3.Connection, path: Path) -> None:
    """Raise StoreError for a database of another program, StoreLost for one that has lost its tables."""
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise StoreError("this SQLite file is not a monitor store", where=str(path))
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'release'").fetchone():
        raise StoreLost(f"the store's tables are gone; {recovery_advice(path.parent)}", where=str(path))


def _identity(connection: sqlite3.Connection) -> str:
    row = connection.execute(queries()["meta"], {"k": "store_id"}).fetchone()
    if row is None:
        raise StoredValueError("monitor.db names no identity of its own")
    return str(row[0])


def _pragma(connection: sqlite3.Connection, name: str) -> Any:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]
