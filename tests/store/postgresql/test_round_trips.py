"""How often a small dump waits for the server: on a slow wire that is what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg.pq import PipelineStatus

from monitor.secret import Secret
from monitor.store.postgresql.address import Address
from monitor.store.postgresql.connection import Connection, connect
from monitor.store.postgresql.handle import Handle
from monitor.store.postgresql.membership import Membership
from monitor.store.postgresql.store import PostgresqlStore
from monitor.store.statements import load
from tests.contract.takes import dump, figures, record, take_in
from tests.postgresql_databases import Databases

NEW, CHANGED, COPY = 6, 7, 3  # round trips


@pytest.fixture
def trips() -> list[str]:
    """What was waited for."""
    return []


@pytest.fixture
def store(databases: Databases, tmp_path: Path, trips: list[str]) -> Iterator[PostgresqlStore]:
    address = Address(Secret(databases.url(tmp_path / "state")))
    handle = Handle(lambda: counting(connect(address), trips), load("postgresql"), address=address)
    yield PostgresqlStore(handle, Membership("here"))
    handle.close()


def counting(connection: Connection, trips: list[str]) -> Connection:
    """Note each dialogue with the server at whose end its answer is there; in a pipeline each Sync is one."""
    plain = connection.wait

    def wait(gen: Any, *args: Any, **named: Any) -> Any:
        is_piped = connection.pgconn.pipeline_status != PipelineStatus.OFF
        if gen.__qualname__ != "BasePipeline._enter_gen" and (
            not is_piped or gen.__qualname__.endswith(("_sync_gen", "_exit_gen"))
        ):
            trips.append(gen.__qualname__)
        return plain(gen, *args, **named)

    connection.wait = wait  # type: ignore[method-assign]
    return connection


def test_a_small_dump_makes_few_round_trips_whatever_it_leads_to(store: PostgresqlStore, trips: list[str]) -> None:
    counts = list[int]()
    take_in(store, dump(record("Talks held"), figures("5.1")), name="first.txt")
    for name, text in (
        ("new.txt", record("A visit begins", "They went there.", day="2024-03-01")),
        ("changed.txt", dump(record("Talks held"), figures("5.3"))),
        ("copy.txt", dump(record("Talks held"), figures("5.3"))),
    ):
        trips.clear()
        take_in(store, text, name=name)
        counts.append(len(trips))
    assert all(count <= most for count, most in zip(counts, (NEW, CHANGED, COPY), strict=True)), counts


def test_more_records_make_no_more_round_trips(store: PostgresqlStore, trips: list[str]) -> None:
    counts = list[int]()
    take_in(store, record("Talks held"), name="first.txt")
    for number, size in enumerate((2, 12)):
        texts = [record(f"Visit {number} {n}", f"They went to {number} {n}.", day="2024-03-01") for n in range(size)]
        trips.clear()
        take_in(store, dump(*texts), name=f"{number}.txt")
        counts.append(len(trips))
    assert counts[1] <= counts[0] + 3  # look-alikes are read, where there are some
