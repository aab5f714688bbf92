"""What a use of a session leaves behind does not reach the next one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial

import psycopg
import pytest

from monitor.errors import StoreError
from monitor.secret import Secret
from monitor.store.breaker import Breaker
from monitor.store.postgresql.address import Address
from monitor.store.postgresql.connection import Connection, connect
from monitor.store.postgresql.sessions import Sessions


@pytest.fixture
def sessions(postgresql_schema: str) -> Iterator[Sessions]:
    """One session, so that the next use gets the same one."""
    to_connect = partial(connect, Address(Secret(postgresql_schema)))
    with closing(Sessions(to_connect, lambda error: StoreError(str(error)), breaker=Breaker(), most=1)) as made:
        yield made


def _begin(connection: Connection) -> None:
    connection.execute("BEGIN")


def _pipe(connection: Connection) -> None:
    connection.pgconn.enter_pipeline_mode()
    connection.pgconn.send_query_params(b"SELECT 1", None)


@pytest.mark.parametrize("leave_open", [_begin, _pipe])
def test_a_connection_that_an_error_leaves_in_the_middle_of_something_is_replaced(
    sessions: Sessions, leave_open: Callable[[Connection], None]
) -> None:
    def fail() -> None:
        with sessions.use() as session:
            assert session.connection is not None
            leave_open(session.connection)
            raise psycopg.OperationalError("sending query failed: cannot exit pipeline mode while busy")

    with pytest.raises(StoreError, match="pipeline"):
        fail()
    with sessions.use() as session:
        assert session.connection is not None
        assert session.connection.execute("SELECT now() <> statement_timestamp()").fetchall() == [(False,)]
