"""Run named statements on PostgreSQL, as the adapters of the store ports ask for them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from psycopg.pq import TransactionStatus

from monitor.errors import Stale, StoreError
from monitor.store.breaker import Breaker
from monitor.store.faults import FaultMemory
from monitor.store.postgresql.address import Address
from monitor.store.postgresql.connection import Connection, ForeignStoreError
from monitor.store.postgresql.diagnose import store_error
from monitor.store.postgresql.pipelined import UNDONE, PipelinedTransaction
from monitor.store.postgresql.row import Row
from monitor.store.postgresql.sessions import MOST, Session, Sessions
from monitor.store.postgresql.translation import translated
from monitor.store.stored_values import readable

Value = TypeVar("Value")
_COLUMNS = """
SELECT coalesce(sum(hashint8(attrelid::bigint * 2048 + attnum)), 0) FROM pg_attribute
WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace)
"""


class Handle:
    """A few connections, safe to share between threads; every error of the server is raised as StoreError.

    No statement is sent twice: after an error the caller decides anew. A value that the database refuses is a fault of
    this program, and its error is raised as it is.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        statements: Mapping[str, str],
        *,
        address: Address,
        store: str | None = None,
        breaker: Breaker | None = None,
        most: int = MOST,
    ) -> None:
        """statements: by name, in the spelling of queries.sql. connect: raises psycopg.Error. most: connections.

        store: the identity of the store that was opened; None: every store will do.
        """
        self.store = store
        self.faults = FaultMemory()
        self.breaker = breaker or Breaker()
        self._statements = statements
        self._address = address
        self._sessions = Sessions(connect, self._failure, breaker=self.breaker, most=most)

    def failure(self, error: Exception) -> StoreError:
        """Note an error of the server, or a stored value that cannot be read, and return it as one of the store."""
        failure = self._failure(error)
        return failure if isinstance(failure, StoreError) else StoreError(f"the state store failed: {failure}")

    def _failure(self, error: Exception) -> Exception:
        failure = store_error(error, "the state store failed", self._address)
        if failure is not None and not isinstance(failure, Stale):
            self.faults.note(failure)
        return failure or error

    def readable(self, rows: Sequence[Row], read: Callable[[Row], Value]) -> list[Value]:
        """Return the values of rows; one that cannot be read is noted and left out, so that it stops no other."""
        return list(readable(rows, read, on_fault=self.failure))

    def all(self, query: str, **values: object) -> list[Row]:
        """Run a named query and return every row."""
        return self._run(self._statement(query), values)

    def one(self, query: str, **values: object) -> Row | None:
        """Run a named query and return its first row; None: it gave none."""
        rows = self.all(query, **values)
        return rows[0] if rows else None

    def each(self, *queries: tuple[str, Mapping[str, object]]) -> list[list[Row]]:
        """Run several named queries, and return the rows of each; all are sent before an answer is read.

        In a transaction that is not `pipelined` they go one by one: after a pipeline the server would let a process
        that stands still keep its locks.
        """
        with self._sessions.use() as session:
            connection = self._connection(session)
            asked = [(self._statement(query), values) for query, values in queries]
            if session.pipelined is not None:
                return session.pipelined.ask(asked)
            if connection.info.transaction_status != TransactionStatus.IDLE:
                return [self._run(statement, values) for statement, values in asked]
            with connection.pipeline():
                cursors = [connection.execute(statement, values) for statement, values in asked]
            return [cursor.fetchall() for cursor in cursors]

    def many(self, query: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Run a named query once for each row of values; all but the last are sent before an answer is read.

        The last one goes by itself. A pipeline of psycopg ends with a Flush, and after that the server starts no
        idle_in_transaction_session_timeout: it would let a process that stands still keep its locks.
        """
        if not rows:
            return
        statement = self._statement(query)
        with self._sessions.use() as session:
            if session.pipelined is not None:
                session.pipelined.write(statement, rows)
                return
            with self._connection(session).cursor() as cursor:
                if len(rows) > 1:
                    cursor.executemany(statement, rows[:-1])
                cursor.execute(statement, rows[-1])

    def pages(self, query: str, *, by: str = "id", after: int = 0, limit: int, **values: object) -> Iterator[list[Any]]:
        """Yield all rows of a named query, a page at a time; `by`: the column in whose order they come."""
        while rows := self.all(query, after=after, limit=limit, **values):
            yield rows
            after = rows[-1][by]

    def keyed(self, query: str, keys: Collection[bytes], **values: object) -> list[Row]:
        """Run a named query with an array of bytes in place of `(:keys)`."""
        return self.all(query, keys=list(keys), **values) if keys else []

    def transaction(self) -> AbstractContextManager[None]:
        """Run a block as one transaction; all that this thread asks meanwhile belongs to it.

        Inside another one of this thread it is a SAVEPOINT: undone by itself, durable when the outer one ends.
        """
        return self._transaction(self._plain)

    def pipelined(self) -> AbstractContextManager[None]:
        """Run a block as a transaction that waits for the server only where rows are asked for, and at its end.

        What `many` writes is sent with the next question, or with the end. No other transaction is made within it.
        """
        return self._transaction(self._pipelined)

    @contextmanager
    def _transaction(self, begin: Callable[[Session], AbstractContextManager[None]]) -> Iterator[None]:
        with self._sessions.use() as session:
            with _calls_of(session), begin(session), _deeper(session):
                yield
            is_outer = not session.depth
            calls = session.take_calls() if is_outer else []
        for call in calls:
            call()
        if is_outer:
            self.faults.note_commit()

    @contextmanager
    def _plain(self, session: Session) -> Iterator[None]:
        assert session.pipelined is None  # noqa: S101 - see `pipelined`
        connection = self._connection(session)
        with connection.transaction():
            yield
            if session.fault:
                raise session.fault
            if connection.info.transaction_status != TransactionStatus.INTRANS:
                raise StoreError(UNDONE)  # a COMMIT would seem to store it

    @contextmanager
    def _pipelined(self, session: Session) -> Iterator[None]:
        with PipelinedTransaction(self._connection(session), is_inner=session.depth > 0) as transaction:
            session.pipelined = transaction
            try:
                yield
            finally:
                session.pipelined = None
            if session.fault:
                raise session.fault

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let the reads of a block see the same state of the store; it ends with the block."""
        with self._sessions.use() as session:
            connection = self._connection(session)
            if connection.info.transaction_status != TransactionStatus.IDLE:
                yield
                return
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            try:
                with _deeper(session):
                    yield
            finally:
                if not connection.closed:
                    connection.execute("ROLLBACK")

    def schema(self) -> int:
        """Return another number after the tables were changed: each column and index of the schema counts."""
        return int(self._run(_COLUMNS, {})[0][0])

    def check_writable(self) -> None:
        """Commit a write of a few bytes that changes nothing. Raises StoreError, as on a full disk."""
        with self.transaction():
            self.all("write_probe")

    def require_own(self, store: str | None) -> None:
        """Raise StoreUnavailable where the identity in an answer is another store's: a database took the place of this.

        What is connected is connected anew, which fails until the own store answers.
        """
        if self.store not in (None, store):
            with self._sessions.use():
                raise ForeignStoreError

    def reconnect(self) -> None:
        """Connect anew before the next call; a transaction that is open goes on."""
        self._sessions.losses += 1

    def losses(self) -> int:
        """Return how often a connection was lost: what the server had confirmed before, another one may not know."""
        return self._sessions.losses

    def is_in_transaction(self) -> bool:
        """Return whether this thread is in one."""
        session = self._sessions.held()
        return session is not None and session.depth > 0

    def after_commit(self, call: Callable[[], object]) -> None:
        """Call once what this thread has done is durable: after its transaction, never where that is undone; or now."""
        session = self._sessions.held()
        if session is not None and session.depth:
            session.calls.append(call)
        else:
            call()

    def close(self) -> None:
        """Close the connections, each once no thread uses it."""
        self._sessions.close()

    def _statement(self, query: str) -> str:
        return translated(self._statements[query])

    def _run(self, statement: str, values: Mapping[str, object]) -> list[Row]:
        with self._sessions.use() as session:
            if session.pipelined is not None:
                return session.pipelined.ask([(statement, values)])[0]
            cursor = self._connection(session).execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def _connection(self, session: Session) -> Connection:
        connection = session.connection
        assert connection is not None  # noqa: S101 - a session in use is connected
        return connection


@contextmanager
def _calls_of(session: Session) -> Iterator[None]:
    """Forget the calls of a transaction that is undone."""
    before = len(session.calls)
    try:
        yield
    except BaseException:
        del session.calls[before:]
        raise


@contextmanager
def _deeper(session: Session) -> Iterator[None]:
    session.depth += 1
    try:
        yield
    finally:
        session.depth -= 1
