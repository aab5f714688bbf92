"""Fixtures for tests on a real PostgreSQL server: the server of the run, a schema for each worker, one of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, NoReturn

import pytest

from tests.pgbouncer import INSTALL as NO_POOLER
from tests.pgbouncer import Pgbouncer, database, pgbouncer, program
from tests.postgresql_databases import Databases
from tests.postgresql_server import (
    INSTALL,
    NAMED,
    NoServerError,
    Server,
    binaries,
    connection_to,
    empty,
    schema,
    server_url,
)

if TYPE_CHECKING:
    from monitor.store.postgresql.connection import Connection


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of the server that all workers of a run share; where there is none, tests skip, and in CI they fail."""
    if find_spec("psycopg") is None:
        _unavailable("install the extra `postgres`: pip install 'psycopg[binary]>=3.2,<4'")
    folder = tmp_path_factory.getbasetemp()
    try:
        return server_url(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder, binaries())
    except NoServerError as error:
        _unavailable(str(error))


@pytest.fixture(scope="session")
def postgresql_schema(postgresql_server: str) -> Iterator[str]:
    """The URL of a schema that belongs to this worker; what is made in it stays until the worker ends."""
    with schema(postgresql_server, own_name("t")) as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_connection(postgresql_schema: str) -> Iterator[Connection]:
    """The connection that empties the schema of this worker."""
    with connection_to(postgresql_schema) as connection:
        yield connection


@pytest.fixture
def postgresql_url(postgresql_schema: str, postgresql_connection: Connection) -> str:
    """The URL of this worker's schema, in which every table is empty."""
    empty(postgresql_connection)
    return postgresql_schema


@pytest.fixture(scope="session")
def all_databases(postgresql_server: str) -> Iterator[Databases]:
    with ExitStack() as stack:
        yield Databases(partial(schema, postgresql_server), own_name("c"), stack)


@pytest.fixture
def databases(all_databases: Databases) -> Iterator[Databases]:
    """The databases of the folders of a test."""
    with all_databases.lent():
        yield all_databases


@pytest.fixture(scope="session")
def pooler(postgresql_server: str) -> Iterator[Pgbouncer]:
    """A pooler in transaction mode before that server; where there is none, tests skip, and in CI they fail."""
    require_pooler()
    with pgbouncer(postgresql_server) as found:
        yield found


@pytest.fixture(scope="session")
def all_pooled_databases(postgresql_server: str, pooler: Pgbouncer) -> Iterator[Databases]:
    @contextmanager
    def make(name: str) -> Iterator[str]:
        with database(postgresql_server, name):
            yield pooler.url(name)

    with ExitStack() as stack:
        yield Databases(make, own_name("p"), stack, is_pooled=True)


@pytest.fixture
def pooled_databases(all_pooled_databases: Databases) -> Iterator[Databases]:
    """The databases of the folders of a test, each by its URL at the pooler."""
    with all_pooled_databases.lent():
        yield all_pooled_databases


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server of this test alone, which it may stop and crash."""
    with new_server() as server:
        yield server


@contextmanager
def new_server() -> Iterator[Server]:
    """Run a server of its own during a block."""
    if (found := binaries()) is None:
        (pytest.fail if os.environ.get("CI") and NAMED not in os.environ else pytest.skip)(INSTALL)
    server = Server(found)
    try:
        yield server
    finally:
        server.remove()


def require_pooler() -> None:
    """Skip the test where there is no pgbouncer, and in CI fail."""
    if program() is None:
        _unavailable(NO_POOLER)


def own_name(kind: str) -> str:
    """Return a name for what is made in the server by this worker of this run."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", "") or str(os.getpid())
    return f"{kind}{run[:8]}_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"


def _unavailable(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
