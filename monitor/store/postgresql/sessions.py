"""Share a few connections between the threads of a process: each thread has one to itself while it uses it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from types import TracebackType

import psycopg
from psycopg.pq import PipelineStatus, TransactionStatus

from monitor.errors import StoreDown, StoreError
from monitor.store.breaker import Breaker
from monitor.store.postgresql.connection import Connection
from monitor.store.postgresql.diagnose import is_lost
from monitor.store.postgresql.pipelined import PipelinedTransaction

MOST = 2  # connections: a take-in may wait for its turn on one of them, and everything else goes on


class Session:
    """A place for one connection, which is made when it is first used, and anew after it was lost."""

    def __init__(self) -> None:
        self.depth = 0  # of transactions
        self.pipelined: PipelinedTransaction | None = None  # the innermost of them, where it is one
        self.fault: StoreDown | None = None  # why its connection was lost within a transaction
        self.connection: Connection | None = None
        self.losses = 0  # of all sessions, when it was connected
        self.calls: list[Callable[[], object]] = []  # for when its transaction is durable

    def take_calls(self) -> list[Callable[[], object]]:
        """Return these calls, each once."""
        calls, self.calls = self.calls, []
        return calls

    def drop(self) -> None:
        """Close the connection, if there is one."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Sessions:
    """Gives each thread the session that it holds, or a free one; calls fail at once while the store is down.

    A thread that is in a transaction does everything on its own session. After one connection was lost, those that
    were made before are replaced, too: a server that was started again has ended them all.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        failure: Callable[[Exception], Exception],
        *,
        breaker: Breaker,
        most: int = MOST,
    ) -> None:
        """failure: returns an error of psycopg as one of the store, or as it is. most: connections."""
        self.breaker = breaker
        self._connect = connect
        self._failure = failure
        self._free: queue.LifoQueue[Session] = queue.LifoQueue()  # the one that was used last is given first
        self._held = threading.local()
        self.losses = 0
        self._is_closed = False
        self._most = most
        for _ in range(most):
            self._free.put(Session())

    def use(self) -> _Use:
        """Hold a session, connected, during a block; an error of psycopg leaves it as one of the store."""
        return _Use(self)

    def enter(self) -> Session:
        """Return the session of this thread, which is not connected yet. Raises StoreDown."""
        session: Session | None = getattr(self._held, "session", None)
        if session is None:
            self.breaker.admit()
            try:
                session = self._held.session = self._free.get()
            finally:
                if session is None:  # interrupted while it waited
                    self.breaker.release()
            self._held.uses = 0
        self._held.uses += 1
        return session

    def connect(self, session: Session) -> Connection:
        """Return the connection of a session. Raises what psycopg raises, StoreError within a lost transaction."""
        if self._is_closed:
            raise StoreError("the state store is closed")
        connection = session.connection
        if session.depth:
            if session.fault or connection is None:
                raise session.fault or StoreError("the state store failed: the transaction was undone")
            return connection
        if connection is None or connection.closed or session.losses != self.losses:
            session.drop()
            session.losses, session.fault = self.losses, None
            connection = session.connection = self._connect()
            self.breaker.back()
        return connection

    def held(self) -> Session | None:
        """Return the session that this thread uses; None: it uses none."""
        session: Session | None = getattr(self._held, "session", None)
        return session

    def leave(self, session: Session, error: BaseException | None) -> None:
        """End a use of the session; an error of psycopg is raised as one of the store."""
        self._held.uses -= 1
        is_last = not self._held.uses
        try:
            if isinstance(error, psycopg.Error | MemoryError):
                self._raise(session, error)
        finally:
            if is_last:
                if error is not None:
                    _drop_unfinished(session)
                self._held.session = None
                self.breaker.release()
                self._free.put(session)

    def close(self) -> None:
        """Close every connection, each once it is free."""
        self._is_closed = True
        sessions = [self._free.get() for _ in range(self._most)]
        for session in sessions:
            session.drop()
            self._free.put(session)

    def _raise(self, session: Session, error: Exception) -> None:
        """Raise an error as one of the store; not one that is a fault of this program."""
        failure = self._failure(error)
        if not isinstance(failure, StoreError):
            return
        if not is_lost(error, session.connection):
            raise failure from error
        if session.losses == self.losses:
            self.losses += 1
        session.drop()
        session.fault = self.breaker.lost(failure)
        raise session.fault from error


def _drop_unfinished(session: Session) -> None:
    """Close a connection that could not end its pipeline or its transaction: nothing can be asked through it.

    A pooler whose server crashes in a pipeline leaves one such.
    """
    connection = session.connection
    if connection is None or connection.closed:
        return
    is_piped = connection.pgconn.pipeline_status != PipelineStatus.OFF
    if is_piped or connection.info.transaction_status != TransactionStatus.IDLE:
        session.drop()


class _Use:
    """A use of a session; a class, because a generator costs twice as much."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def __enter__(self) -> Session:
        self._session = self._sessions.enter()
        try:
            self._sessions.connect(self._session)
        except BaseException as error:
            self._sessions.leave(self._session, error)
            raise
        return self._session

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sessions.leave(self._session, error)
