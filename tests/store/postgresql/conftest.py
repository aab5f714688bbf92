"""A handle on a real server, with statements of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from monitor.secret import Secret
from monitor.store.breaker import Breaker
from monitor.store.postgresql.address import TIMEOUTS, Address, Timeouts
from monitor.store.postgresql.connection import connect
from monitor.store.postgresql.handle import Handle
from tests.postgresql_databases import Databases
from tests.store.postgresql.nodes import OpenNode, opener

STATEMENTS = {
    "make": "CREATE TABLE IF NOT EXISTS note (id bigint PRIMARY KEY, text text, digest bytea)",
    "add": "INSERT INTO note (id, text) VALUES (:id, :text)",
    "add_digest": "INSERT INTO note (id, digest) VALUES (:id, :digest)",
    "set_text": "UPDATE note SET text = :text WHERE id = :id",
    "texts": "SELECT id, text FROM note ORDER BY id",
    "texts_of": "SELECT text FROM note WHERE id IN (SELECT value FROM json_each(:ids)) ORDER BY id",
    "ids_of": "SELECT id FROM note WHERE text IN (SELECT CAST(value AS TEXT) FROM json_each(:texts)) ORDER BY id",
    "by_digest": "SELECT id FROM note WHERE digest IN (:keys) AND id >= :least ORDER BY id",
    "page": "SELECT id FROM note WHERE id > :after ORDER BY id LIMIT :limit",
    "delete": "DELETE FROM note WHERE id = :id RETURNING id",
    "write_probe": "UPDATE note SET text = text WHERE id = 0",
    "unknown_table": "SELECT 1 FROM nothing",
    "wrong": "SELECT 1 FROM FROM",
    "lock": "SELECT id FROM note WHERE id = :id FOR UPDATE",
    "wait": "SELECT pg_sleep(:seconds)",
    "session": "SELECT pg_backend_pid() AS pid",
    "is_there": "SELECT 1 FROM pg_stat_activity WHERE pid = :pid",
    "is_busy": "SELECT 1 FROM pg_stat_activity WHERE pid = :pid AND state = 'active'",
    "end_session": "SELECT pg_terminate_backend(CAST(:pid AS integer))",
    "read_only": "SET default_transaction_read_only = on",
    "setting": "SELECT current_setting(:name)",
}

Open = Callable[..., Handle]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Open handles that are closed in the end."""
    handles: list[Handle] = []

    def open_(url: str, *, timeouts: Timeouts = TIMEOUTS, breaker: Breaker | None = None) -> Handle:
        address = Address(Secret(url))
        handle = Handle(partial(connect, address, timeouts), STATEMENTS, address=address, breaker=breaker)
        handles.append(handle)
        return handle

    yield open_
    for handle in handles:
        handle.close()


@pytest.fixture
def handle(postgresql_url: str, opened: Open) -> Handle:
    """A handle on an empty table of notes."""
    made = opened(postgresql_url)
    made.all("make")
    return made


@pytest.fixture
def open_node(databases: Databases, tmp_path: Path) -> Iterator[OpenNode]:
    """Open monitors that share one store, each by its NODE_ID."""
    with ExitStack() as stack:
        yield opener(databases.url(tmp_path / "shared"), stack)
