"""Connect to a server with the settings of every connection, and never wait for an answer without end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.conninfo import make_conninfo

from monitor.store.postgresql.address import ANSWER, DATE_STYLE, NO_TIMEOUTS, TIMEOUTS, Address, Timeouts
from monitor.store.postgresql.row import Row, row_factory, set_adapters

Value = TypeVar("Value")


class NoAnswerError(psycopg.OperationalError):
    """The server keeps the connection, and sends nothing: it is stopped, or so is its machine."""


class ForeignStoreError(psycopg.OperationalError):
    """The address leads to another store than before: a wrong name, or a server that took another one's place."""

    def __init__(self) -> None:
        super().__init__("the database is another store than before")


class SettingsLostError(psycopg.OperationalError):
    """The session has other settings than those that were asked for: a pooler has dropped them."""


class Connection(psycopg.Connection[Row]):
    """A connection that is closed when an answer does not come in time; nobody knows what became of the statement."""

    patience: float | None = None  # seconds; None: without end

    def wait(self, gen: PQGen[Value], *args: Any, **named: Any) -> Value:
        """Wait for the end of a dialogue with the server. Raises NoAnswerError."""
        try:
            return super().wait(gen if self.patience is None else _within(self.patience, gen), *args, **named)
        except NoAnswerError:
            self.close()
            raise


def _within(seconds: float, gen: PQGen[Value]) -> PQGen[Value]:
    """Run a dialogue of psycopg, which looks ten times a second here while the server says nothing."""
    until = time.monotonic() + seconds
    try:
        wanted = next(gen)
        while True:
            if ready := (yield wanted):
                until = time.monotonic() + seconds
            elif time.monotonic() >= until:
                raise NoAnswerError(f"the server did not answer within {seconds:.0f} seconds")
            wanted = gen.send(ready)
    except StopIteration as end:
        value: Value = end.value
        return value


def connect(address: Address, timeouts: Timeouts = TIMEOUTS, *, is_pooled: bool = False) -> Connection:
    """Connect in autocommit mode. Raises psycopg.Error; AddressInvalid for a URL that cannot be read.

    is_pooled: the address is a pooler that gives each transaction another session of the server: nothing is prepared.
    """
    logging.getLogger("psycopg").setLevel(logging.CRITICAL)  # what it would log, the caller is told by an error
    connection = Connection.connect(
        make_conninfo(**address.parameters(timeouts, is_pooled=is_pooled)),
        autocommit=True,
        row_factory=row_factory,
        prepare_threshold=None if is_pooled else 5,
    )
    set_adapters(connection.adapters)
    if timeouts != NO_TIMEOUTS:
        connection.patience = max(timeouts.statement, timeouts.lock) + timeouts.grace
    with ExitStack() as undo:
        undo.callback(connection.close)
        _set_up(connection, is_pooled=is_pooled)
        undo.pop_all()
    return connection


def _set_up(connection: Connection, *, is_pooled: bool) -> None:
    """Let the session give times in UTC. Raises psycopg.Error; SettingsLostError where no setting arrives."""
    if is_pooled:
        patience = connection.patience
        connection.patience = ANSWER if patience is None else min(patience, ANSWER)
        connection.execute("SET timezone TO 'UTC'")  # a pooler keeps this one for each of its clients
        connection.patience = patience
    elif connection.info.parameter_status("DateStyle") != DATE_STYLE:  # the server tells it by itself
        raise SettingsLostError("the session has not taken its settings, such as its timeouts")


def connect_again(to_connect: Callable[[], Connection], store: str) -> Connection:
    """Connect to a store that was open before. Raises psycopg.Error; ForeignStoreError where it is another one now.

    What a monitor knows of one store, written to another, would alert on everything again.
    """
    with ExitStack() as undo:
        connection = to_connect()
        undo.callback(connection.close)
        _require_store(connection, store)
        undo.pop_all()
    return connection


def _require_store(connection: Connection, store: str) -> None:
    if connection.execute("SELECT v FROM meta WHERE k = 'store_id'").fetchall() != [(store,)]:
        raise ForeignStoreError
