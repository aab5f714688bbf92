"""Open the database of a state folder: it is created once and never replaced silently.

The sidecar STORE_ID stands beside the database. SQLite opens a 0-byte file as a valid empty database, so without it a
lost store would look like a first run, and every release ever seen would alert again.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from monitor.errors import NotFound, StoreDamaged, StoreError, StoreLost, StoreReplaced
from monitor.files import create_private, owner_of, sync
from monitor.store.breaker import Breaker
from monitor.store.faults import FaultMemory
from monitor.store.sqlite.connection import BUSY, closed_on_error, connect, read_only
from monitor.store.sqlite.diagnose import is_busy, is_cut_short, recovery_advice, store_error
from monitor.store.sqlite.driver import sqlite3
from monitor.store.sqlite.migrations import APPLICATION_ID, migrate, next_migration, refuse_newer
from monitor.store.sqlite.open_files import SIDECAR, OpenFiles
from monitor.store.sqlite.statements import by_place, queries
from monitor.store.sqlite.store_id import check_store_id
from monitor.store.stored_values import StoredValueError, readable

Value = TypeVar("Value")
FILE = "monitor.db"
_TRY_EVERY = 0.05  # seconds between two attempts to write while another program does

_numbers = count()

# Index keys are hashes: in a store of a million releases each one that is added changes three pages of its own. Small
# pages halve what is read and written for that, and cost a young store nothing (bench store-growth).
_PAGE_BYTES = 4096  # bytes
_WAL_BYTES = 32 * 1024 * 1024  # bytes of the write-ahead log that are folded into the database at once

_OUTER = ("COMMIT", ("ROLLBACK",))  # how a transaction ends, and is undone
_INNER = ("RELEASE inner_one", ("ROLLBACK TO inner_one", "RELEASE inner_one"))


class _Lock:
    """A lock that raises SQLite's errors as StoreError; a class, because a generator costs twice as much."""

    def __init__(self, failure: Callable[[Exception], StoreError]) -> None:
        self._lock = threading.RLock()
        self._failure = failure

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._lock.release()
        if isinstance(error, sqlite3.Error | MemoryError):  # the latter for SQLITE_NOMEM
            raise self._failure(error) from error

    def give_way(self, seconds: float) -> None:
        """Let other threads have the lock for a while; the caller has entered it once."""
        self._lock.release()
        try:
            time.sleep(seconds)
        finally:
            self._lock.acquire()


class Handle:
    """One connection, safe to share between threads; every error of SQLite is raised as StoreError."""

    def __init__(
        self, connection: sqlite3.Connection, state: Path, files: OpenFiles | None = None, *, busy: float = BUSY
    ) -> None:
        """busy: seconds that a transaction waits for another program that writes."""
        self.faults = FaultMemory()
        self.breaker = Breaker()
        self._connection = connection
        self._busy = busy
        self._files = files  # None: it is open for reading
        self._state = state
        self._lock = _Lock(self.failure)
        self._number = next(_numbers)  # of the connection: two count the commits of others apart
        self._commits = 0
        self._depth = 0  # of transactions; read and changed only by the thread that holds the lock

    def failure(self, error: Exception) -> StoreError:
        """Note an error of SQLite, or a stored value that cannot be read, and return it as one of the store."""
        failure = store_error(error, "the state store failed", self._state)
        self.faults.note(failure)
        return failure

    def readable(self, rows: Sequence[sqlite3.Row], read: Callable[[sqlite3.Row], Value]) -> list[Value]:
        """Return the values of rows; one that cannot be read is noted and left out, so that it stops no other."""
        return list(readable(rows, read, on_fault=self.failure))

    def all(self, query: str, **values: object) -> list[sqlite3.Row]:
        """Run a named query and return every row."""
        statement, in_order = by_place(query)
        with self._lock:
            return list(self._connection.execute(statement, in_order(values)))

    def one(self, query: str, **values: object) -> sqlite3.Row | None:
        """Run a named query and return its first row; None: it gave none."""
        return next(iter(self.all(query, **values)), None)

    def many(self, query: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Run a named query once for each row of values."""
        if rows:
            statement, in_order = by_place(query)
            with self._lock:
                self._connection.executemany(statement, map(in_order, rows))

    def pages(self, query: str, *, by: str = "id", after: int = 0, limit: int, **values: object) -> Iterator[list[Any]]:
        """Yield all rows of a named query, a page at a time; `by`: the column in whose order they come."""
        while rows := self.all(query, after=after, limit=limit, **values):
            yield rows
            after = rows[-1][by]

    def pragma(self, call: str) -> list[tuple[object, ...]]:
        """Return the rows of a pragma that changes nothing."""
        with self._lock:
            return [tuple(row) for row in self._connection.execute(f"PRAGMA {call}")]

    def schema(self) -> int:
        """Return how often the tables of the database were changed."""
        return int(str(self.pragma("schema_version")[0][0]))

    def keyed(self, query: str, keys: Collection[bytes], **values: object) -> list[sqlite3.Row]:
        """Run a named query with BLOBs in place of `:keys`, 100 at a time: `json_each` cannot carry them."""
        statement, wanted, found = queries()[query], list(keys), list[sqlite3.Row]()
        with self._lock:
            for start in range(0, len(wanted), 100):
                named = {f"key{number}": key for number, key in enumerate(wanted[start : start + 100])}
                marks = ",".join(f":{name}" for name in named)
                found += self._connection.execute(statement.replace(":keys", marks), {**values, **named})
        return found

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run a block as one transaction; BEGIN IMMEDIATE, because a deferred one fails at a write after a read.

        Inside another one of this thread it is a SAVEPOINT: undone by itself, durable when the outer one ends.
        """
        with self._lock:
            end, undo = _INNER if self._depth else _OUTER
            if self._depth:
                self._refuse_undone()
                self._connection.execute("SAVEPOINT inner_one")
            else:
                self._begin()
            self._depth += 1
            try:
                yield
                self._refuse_undone()
                self._connection.execute(end)
            except BaseException:
                if self._connection.in_transaction:  # not after a full disk: that has rolled back already
                    for statement in undo:
                        self._connection.execute(statement)
                raise
            finally:
                self._depth -= 1
            if not self._depth:
                self._commits += 1
                self.faults.note_commit()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let the reads of a block see the same state of the store; it ends with the block."""
        with self._lock:
            is_outer = not self._connection.in_transaction
            if is_outer:
                self._connection.execute("BEGIN")
            try:
                yield
            finally:
                if is_outer and self._connection.in_transaction:
                    self._connection.execute("COMMIT")

    def generation(self) -> tuple[int, ...]:
        """Return a value that differs from the last one when anything was committed meanwhile, by whomever."""
        [(others,)] = self.pragma("data_version")
        return (self._number, self._commits, int(str(others)))

    def _begin(self) -> None:
        """Begin a transaction once no other program writes.

        Other threads read meanwhile, or wait beside this one; while the breaker is open they fail at once instead.
        """
        until = time.monotonic() + (self._busy if self.breaker.admits() else 0.0)
        try:
            self._refuse_replaced()
            while busy := self._begin_or_busy():
                if time.monotonic() >= until:
                    raise self.breaker.lost(self.failure(busy)) from busy
                self._lock.give_way(_TRY_EVERY)
                self._refuse_replaced()
        finally:
            self.breaker.release()
        self.breaker.back()

    def _begin_or_busy(self) -> sqlite3.Error | None:
        """Begin a transaction at once, or return the error that another program writes."""
        self._connection.execute("PRAGMA busy_timeout=0")
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if is_busy(error):
                return error
            raise
        finally:
            self._connection.execute(f"PRAGMA busy_timeout={self._busy * 1000:.0f}")
        return None

    def _refuse_undone(self) -> None:
        """Raise StoreError when SQLite has undone the transaction, as on a full disk: nothing may seem stored."""
        if self._depth and not self._connection.in_transaction:
            raise StoreError("the state store failed: the transaction was undone, and all that shared it")

    def _refuse_replaced(self) -> None:
        """Raise StoreReplaced when a transaction would be written to files that nobody finds any more."""
        if self._files:
            try:
                self._files.refuse_replaced()
            except StoreReplaced as error:
                self.faults.note(error)
                raise

    def check_writable(self) -> None:
        """Commit a write of a few bytes that changes nothing. Raises StoreError, as on a full disk."""
        with self.transaction():
            self.all("write_probe")

    def close(self) -> None:
        """Close the connection; a write-ahead log is folded into the database file."""
        with self._lock:
            self._connection.close()
            if self._files:
                self._files.close()
                self._files = None


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
    """Create the database under another name and rename it: a crash leaves no incomplete store.

    Nobody reads the file before it is synced as a whole and renamed, so no single step of it needs to be durable.
    """
    made = state / f".{FILE}.new"
    made.unlink(missing_ok=True)
    create_private(made, like=owner_of(state / FILE))  # its log and its index get the same mode
    with closing(connect(str(made))) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA journal_mode=MEMORY")
        connection.execute(f"PRAGMA page_size={_PAGE_BYTES}")
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        migrate(connection)
        connection.execute(queries()["set_meta"], {"k": "store_id", "v": uuid.uuid4().hex})
    sync(made)
    made.rename(state / FILE)
    sync(state)


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
