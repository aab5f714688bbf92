"""Run a transaction in few round trips: it begins with its first question, and ends with all that it writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from types import TracebackType

import psycopg
from psycopg.errors import PipelineAborted
from psycopg.pq import TransactionStatus

from monitor.errors import StoreError
from monitor.store.postgresql.connection import Connection
from monitor.store.postgresql.row import Row

UNDONE = "the state store failed: the transaction was undone, and all that shared it"
_FEW = 20  # rows of one statement: more of them are sent faster by themselves
_Values = Mapping[str, object]


class PipelinedTransaction:
    """One transaction, or a SAVEPOINT within one; undone when its block is left with an error.

    BEGIN goes with the first statements whose rows are asked for, and what is written is kept until the end: a whole
    transaction waits twice for the server. While it is open, what is sent always ends with a Sync that nothing follows:
    only then the server starts idle_in_transaction_session_timeout, which ends the transaction of a process that stands
    still. psycopg leaves a pipeline with a Flush; so it is left with the transaction, or before a plain statement.
    """

    def __init__(self, connection: Connection, *, is_inner: bool) -> None:
        """is_inner: the connection is in a transaction already."""
        self._connection = connection
        self._is_inner = is_inner
        self._has_begun = self._is_stored = False
        self._writes: list[tuple[str, Sequence[_Values]]] = []
        self._stack = ExitStack()

    def __enter__(self) -> PipelinedTransaction:
        self._pipeline = self._stack.enter_context(self._connection.pipeline())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._end()
                self._is_stored = True
        except PipelineAborted as aborted:
            raise _first(aborted) from None
        finally:
            if not self._is_stored:
                self._undo()

    def ask(self, queries: Sequence[tuple[str, _Values]]) -> list[list[Row]]:
        """Send what was written so far, and these statements; return the rows of each."""
        try:
            self._send_writes()
            cursors = [self._connection.execute(statement, values) for statement, values in queries]
            self._pipeline.sync()
            return [cursor.fetchall() if cursor.description else [] for cursor in cursors]
        except PipelineAborted as aborted:
            raise _first(aborted) from None

    def write(self, statement: str, rows: Sequence[_Values]) -> None:
        """Keep rows that a statement is to be run with; an error of theirs is raised when they are sent."""
        self._writes.append((statement, rows))

    def _send_writes(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._run("SAVEPOINT pipelined" if self._is_inner else "BEGIN")
        writes, self._writes = self._writes, []
        for statement, rows in writes:
            if len(rows) > _FEW:
                self._connection.cursor().executemany(statement, rows)
            else:
                for row in rows:
                    self._connection.execute(statement, row)

    def _end(self) -> None:
        if not self._has_begun and not self._writes:
            self._stack.close()
            return
        self._send_writes()
        if self._is_inner:
            self._stack.close()
            self._run("RELEASE SAVEPOINT pipelined")
            return
        commit = self._run("COMMIT")
        self._stack.close()
        if commit.statusmessage != "COMMIT":  # an error was passed over, and the server has undone everything
            raise StoreError(UNDONE)

    def _undo(self) -> None:
        """Undo what was sent, unless the connection is lost, and the server has done so."""
        connection = self._connection
        with suppress(psycopg.Error):
            self._stack.close()
        with suppress(psycopg.Error):
            if connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
                if not self._is_inner:
                    self._run("ROLLBACK")
                elif self._has_begun:
                    self._run("ROLLBACK TO SAVEPOINT pipelined")
                    self._run("RELEASE SAVEPOINT pipelined")

    def _run(self, command: str) -> psycopg.Cursor[Row]:
        return self._connection.execute(command, prepare=False)


def _first(error: BaseException) -> BaseException:
    """Return the error of which others are the consequence: after it a pipeline runs no further statement."""
    while isinstance(error, PipelineAborted) and error.__context__ is not None:
        error = error.__context__
    return error
