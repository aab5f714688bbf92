"""How often a small dump waits for the server: on a slow wire that is what it costs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg.pq import PipelineStatus

from monitor.clock import SteadyClock
from monitor.collect.source import Source
from monitor.collect.watching.folder import Folder
from monitor.daemon.ingester import Ingester
from monitor.daemon.operator_alerts import OperatorAlerts
from monitor.health.counters import Counters
from monitor.ingest_values import Mode
from monitor.secret import Secret
from monitor.store.channel_states import SqlChannelStates
from monitor.store.outbox import SqlOutbox
from monitor.store.postgresql.address import Address
from monitor.store.postgresql.connection import Connection, connect
from monitor.store.postgresql.handle import Handle
from monitor.store.postgresql.membership import Membership
from monitor.store.postgresql.source_states import PostgresqlSourceStates
from monitor.store.postgresql.store import PostgresqlStore
from monitor.store.statements import load
from tests.contract.takes import AUDIENCE, HABITS, SOURCE, dump, figures, record, take_in
from tests.postgresql_databases import Databases

MOST = {"new": 8, "changed": 9, "unchanged": 7, "copy": 4}  # round trips


@pytest.fixture
def trips() -> list[str]:
    """What was waited for."""
    return []


@pytest.fixture
def handle(databases: Databases, tmp_path: Path, trips: list[str]) -> Iterator[Handle]:
    address = Address(Secret(databases.url(tmp_path / "state")))
    handle = Handle(lambda: counting(connect(address), trips), load("postgresql"), address=address)
    yield handle
    handle.close()


@pytest.fixture
def store(handle: Handle) -> PostgresqlStore:
    return PostgresqlStore(handle, Membership("here"))


@pytest.fixture
def ingester(handle: Handle, store: PostgresqlStore, tmp_path: Path) -> Ingester:
    """Of the files of a folder; its watchlist matches all."""
    (tmp_path / "seeds").mkdir()
    return Ingester(
        [Source(folder=Folder(source=SOURCE, path=os.fsencode(tmp_path / "seeds")), options=HABITS)],
        routing=AUDIENCE,
        store=store,
        channel_states=SqlChannelStates(handle),
        source_states=PostgresqlSourceStates(handle, place="here"),
        operator=OperatorAlerts(channels=(), outbox=SqlOutbox(handle), clock=SteadyClock(None)),
        counters=Counters(),
    )


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


def test_the_whole_way_of_a_small_file_makes_few_round_trips_whatever_it_leads_to(
    ingester: Ingester, trips: list[str], tmp_path: Path
) -> None:
    [source], counts = ingester.sources, dict[str, int]()
    talks, visit = record("Talks held"), record("A visit begins", "They went there.", day="2024-03-01")
    for what, name, text in (
        ("first", "a.txt", dump(talks, figures("5.1"))),
        ("new", "a.txt", visit),
        ("changed", "a.txt", dump(talks, figures("5.3"))),
        ("unchanged", "b.txt", dump(figures("5.3"), talks)),
        ("copy", "c.txt", dump(figures("5.3"), talks)),
    ):
        path = os.fsencode(tmp_path / "seeds" / name)
        Path(os.fsdecode(path)).write_text(text, "utf-8")
        trips.clear()
        assert not ingester.is_ingested(path, source=source)  # as for each event of a file
        assert ingester.ingest_file(path, source, mode=Mode.WATCH).report
        counts[what] = len(trips)
    assert {what: count for what, count in counts.items() if count > MOST.get(what, 99)} == {}, counts


def test_more_records_make_no_more_round_trips(store: PostgresqlStore, trips: list[str]) -> None:
    counts = list[int]()
    take_in(store, record("Talks held"), name="first.txt")
    for number, size in enumerate((2, 12)):
        texts = [record(f"Visit {number} {n}", f"They went to {number} {n}.", day="2024-03-01") for n in range(size)]
        trips.clear()
        take_in(store, dump(*texts), name=f"{number}.txt")
        counts.append(len(trips))
    assert counts[1] <= counts[0] + 3  # look-alikes are read, where there are some
