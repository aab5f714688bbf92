"""Measure the way from the close of a dropped file to the webhook, and what ingestion costs."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

import requests

from bench.report import Figure, quantile
from monitor.collect.source import SourceOptions
from monitor.ingest_values import Mode
from monitor.match.matcher import Matcher, Watchlist
from monitor.model import Dump, FileSignature
from monitor.pipeline import Routing, ingest
from monitor.store.store import SqlStore
from tests.end_to_end.harness import Project, record
from tests.servers import HttpServer, http_server

DROPS = 200


def drop_to_webhook() -> Sequence[Figure]:
    """Close a file in `seeds/` of a running daemon; stop the clock when the webhook has the alert."""
    with http_server() as server, tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder) / "p", url=f"json://127.0.0.1:{server.port}")
        with project.daemon() as daemon:
            drop(project, server, 0)  # loads the delivery library
            times = [drop(project, server, number) for number in range(1, DROPS + 1)]
            daemon.stop()
        floor = [_post(server) for _ in range(DROPS)]
    return [
        Figure(
            what=f"close of a dropped file → alert at a 127.0.0.1 webhook, {name} of {DROPS}",
            value=quantile(times, share) * 1000,
            unit="ms",
            floor="one plain POST",
            floor_value=quantile(floor, share) * 1000,
        )
        for name, share in (("p50", 0.5), ("p99", 0.99))
    ]


def drop(project: Project, server: HttpServer, number: int) -> float:
    """Seconds from the close of one dropped file to its alert."""
    day = date(2024, 1, 1) + timedelta(days=number // 20)  # a busy publisher: 20 releases a day
    body = f"Round {number} of the talks ended, item {number * 7} is settled."
    text = record(f"FTA talks, round {number}", body, str(day))
    before = len(server.requests)
    with (project.seeds / f"{number}.txt").open("w", encoding="utf-8") as file:
        file.write(text)
    start = time.perf_counter()
    server.wait_for(before + 1)
    return time.perf_counter() - start


def _post(server: HttpServer) -> float:
    start = time.perf_counter()
    requests.post(server.url, json={"message": "x" * 500}, timeout=10)
    return time.perf_counter() - start


def take_in(store: SqlStore, name: str, text: str) -> float:
    """Seconds that a dump's whole way takes, from its text to the durable commit."""
    dump = dump_of(text, name=name)
    routing = Routing(matcher=Matcher([Watchlist(name="fta", keywords=("FTA",))]), routes={"fta": ["hook"]})
    options = SourceOptions(timezone=ZoneInfo("Asia/Seoul"))
    now = datetime.now(UTC)
    return _timed(lambda: ingest(dump, options=options, routing=routing, store=store, now=now, mode=Mode.ONCE))


def dump_of(text: str, *, name: str) -> Dump:
    """A text as if it had been read from a file."""
    content = text.encode()
    return Dump(
        source="bench",
        name=name,
        path=name.encode(),
        signature=FileSignature(device=0, inode=0, size=len(content), mtime_ns=0, ctime_ns=0),
        sha256=sha256(content).digest(),
        text_chunks=lambda: iter((text,)),
        encoding="utf-8",
    )


def insert_raw(path: Path, text: str) -> None:
    """The least that storing a dump can cost: hash, split, one bare table, one durable commit."""
    sha256(text.encode()).digest()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE record (id INTEGER PRIMARY KEY, text TEXT)")
        connection.executemany("INSERT INTO record (text) VALUES (?)", [(part,) for part in text.split("\n-\n")])
        connection.commit()


def _timed(work: object) -> float:
    assert callable(work)
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
