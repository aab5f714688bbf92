"""Run the named statements of a store on one connection of SQLite."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from monitor.errors import StoreError, StoreReplaced
from monitor.store.breaker import Breaker
from monitor.store.faults import FaultMemory
from monitor.store.sqlite.connection import BUSY
from monitor.store.sqlite.diagnose import is_busy, store_error
from monitor.store.sqlite.driver import sqlite3
from monitor.store.sqlite.open_files import OpenFiles
from monitor.store.sqlite.statements import by_place, queries
from monitor.store.stored_values import readable

Value = TypeVar("Value")
_TRY_EVERY = 0.05  # seconds between two attempts to write while another program does

_numbers = count()

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

    def each(self, *queries: tuple[str, Mapping[str, object]]) -> list[list[sqlite3.Row]]:
        """Run several named queries one after the other, and return the rows of each."""
        return [self.all(query, **values) for query, values in queries]

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
