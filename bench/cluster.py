"""Measure what a shared store costs beside SQLite: take-in, claims and idle nodes, on a PostgreSQL started here.

The server writes durably, as SQLite does, and shares the processors with its clients. It needs the programs of
PostgreSQL, and no database of anybody.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import psycopg

from bench.cluster_drain import CHANNEL, drain, fill, opened
from bench.report import Figure, quantile
from bench.taking import open_intake, take
from bench.texts import dump, release
from monitor.daemon.ingester import Ingester
from monitor.secret import Secret
from monitor.store.open import migrate_shared_store
from monitor.store_location import StoreLocation
from tests.end_to_end.harness import CONFIG, Project
from tests.postgresql_server import INSTALL, Server, binaries
from tests.servers import http_server
from tests.tcp_proxy import tcp_proxy
from tests.waiting import wait_until

SENT = int(os.environ.get("MONITOR_BENCH_SENT", "1000000"))  # messages beside which a claim is measured
APART = 0.1  # seconds between two drops: a node announces what is new at most each 50 ms
STORED = int(os.environ.get("MONITOR_BENCH_STORED", "20000"))  # releases beside which a take-in is measured
DUMP, SMALL, SAMPLES = 500, 10, 7  # releases of a dump; dumps of each kind, of which the best counts
CLAIMS, DRAINED, DROPS = 500, 1_000, 100
IDLE = 20.0  # seconds
_SETTINGS = ("fsync=on", "full_page_writes=on", "autovacuum=on")
_SENT = """
INSERT INTO message (idem_key, channel, kind, state, payload_json, created_at, due, expires_at, attempts, sent_at)
SELECT 'sent:' || n, 'hook', 'instant', 'sent', '{}', now(), now(), now() + interval '1 day', 1, now()
FROM generate_series(1, %s) AS n
"""


def cluster() -> Sequence[Figure]:
    """Return all figures of a shared store."""
    parts = (take_in, small_dump, growth, claims, outbox, drops, idle)
    figures: list[Figure] = []
    with _server() as server:
        for part in parts:
            print(f"bench: cluster, {part.__name__.replace('_', ' ')} …", file=sys.stderr, flush=True)
            figures += part(server)
    return figures


def take_in(server: Server) -> Sequence[Figure]:
    """Take in dumps, by turns into SQLite and PostgreSQL; the best of each kind counts."""
    return [figure for size in (DUMP, SMALL) for figure in _take_in(server, size)]


def _take_in(server: Server, size: int) -> Sequence[Figure]:
    with _folder() as folder, ExitStack() as stack:
        url = _database(server, f"take_in_{size}")
        ingesters = {
            "SQLite": stack.enter_context(open_intake(folder / "sqlite")),
            "PostgreSQL": stack.enter_context(open_intake(folder / "postgresql", url)),
        }
        times: dict[tuple[str, str], float] = {}
        for run in range(SAMPLES):
            for engine, ingester in ingesters.items():
                for what, seconds in _both(ingester, folder, first=run * size, size=size).items():
                    times[engine, what] = min(seconds, times.get((engine, what), seconds))
    return [
        Figure(
            what=f"PostgreSQL, {what} release in a dump of {size}",
            value=times["PostgreSQL", what] / size * 1e6,
            unit="µs",
            floor="SQLite",
            floor_value=times["SQLite", what] / size * 1e6,
        )
        for what in ("new", "unchanged")
    ]


def small_dump(server: Server) -> Sequence[Figure]:
    """Count the round trips of a dump of one new release that is announced, and of the same in another file."""
    with _folder() as folder, tcp_proxy(server.port) as proxy:
        url = _database(server, "small_dump", port=proxy.port)
        with open_intake(folder, url) as ingester:
            new, again = [], []
            for number in range(SAMPLES):
                text = dump([("FTA " + title, body, day) for title, body, day in [release(number)]])
                new.append(_round_trips(lambda: proxy.round_trips, ingester, folder / "a.txt", text))
                again.append(_round_trips(lambda: proxy.round_trips, ingester, folder / "b.txt", f"{text}\n"))
    return [
        Figure(what=f"round trips of a dump of one {what} release", value=median(counts), unit="")
        for what, counts in (("new", new), ("unchanged", again))
    ]


def _round_trips(count: Callable[[], int], ingester: Ingester, path: Path, text: str) -> int:
    path.write_text(text, "utf-8")
    before = count()
    take(ingester, path)
    return count() - before


def growth(server: Server) -> Sequence[Figure]:
    """Measure a take-in beside few releases and beside MONITOR_BENCH_STORED."""
    with _folder() as folder, open_intake(folder, _database(server, "growth")) as ingester:
        young, stored = _sample(ingester, folder, DUMP)
        while stored < STORED:
            _take(ingester, folder, range(stored, stored + DUMP))
            stored += DUMP
        old, _ = _sample(ingester, folder, stored)
    return [
        Figure(
            what=f"PostgreSQL, {what} release beside {STORED:,}",
            value=old[what] / DUMP * 1e6,
            unit="µs",
            floor=f"beside {DUMP * SAMPLES:,}",
            floor_value=young[what] / DUMP * 1e6,
        )
        for what in ("new", "unchanged")
    ]


def _sample(ingester: Ingester, folder: Path, first: int) -> tuple[dict[str, float], int]:
    """Return the best of some dumps of each kind, and which release comes next."""
    runs = [_both(ingester, folder, first=first + run * DUMP, size=DUMP) for run in range(SAMPLES)]
    return {what: min(run[what] for run in runs) for what in ("new", "unchanged")}, first + SAMPLES * DUMP


def _both(ingester: Ingester, folder: Path, *, first: int, size: int) -> dict[str, float]:
    """Return the seconds of a dump of new releases, and of the same in another order."""
    numbers = range(first, first + size)
    return {"new": _take(ingester, folder, numbers), "unchanged": _take(ingester, folder, numbers[::-1])}


def _take(ingester: Ingester, folder: Path, numbers: range) -> float:
    path = folder / "dump.txt"
    path.write_text(dump([release(number) for number in numbers]), "utf-8")
    start = time.perf_counter()
    take(ingester, path)
    return time.perf_counter() - start


def claims(server: Server) -> Sequence[Figure]:
    """Measure claim and verdict in processor time of the server, in an empty store and beside what was sent."""
    url = _database(server, "claims")
    with _folder() as folder, opened(folder, url, CHANNEL) as stores:
        costs = []
        for sent in (0, SENT):
            if sent:
                _execute(url, _SENT, sent)
                _execute(url, "ANALYZE message")
            fill(stores.outbox, CHANNEL, CLAIMS, first=sent)
            before = _processor_time(server)
            drain(stores.outbox, CHANNEL, CLAIMS)
            costs.append((_processor_time(server) - before) / CLAIMS * 1e6)
    return [
        Figure(
            what=f"claim and verdict beside {SENT:,} sent messages, processor time of the server",
            value=costs[1],
            unit="µs",
            floor="beside none",
            floor_value=costs[0],
        )
    ]


def outbox(server: Server) -> Sequence[Figure]:
    """Claim and settle messages in 1, 2 and 4 processes, a channel each, without a send."""
    rates = {count: _drained(server, count) for count in (1, 2, 4)}
    return [
        Figure(
            what=f"messages claimed and settled a second, {count} process{'es' * (count > 1)}, a channel each",
            value=rate,
            unit="/s",
            floor="1 process",
            floor_value=rates[1],
        )
        for count, rate in rates.items()
    ]


def _drained(server: Server, count: int) -> float:
    url = _database(server, f"outbox_{count}")
    with _folder() as folder, ExitStack() as stack:
        processes = []
        for number in range(count):
            words = ["-m", "bench.cluster_drain", str(folder / f"n{number}"), url.reveal(), f"c{number}", str(DRAINED)]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            processes.append(stack.enter_context(subprocess.Popen([sys.executable, *words], **pipes, text=True)))  # type: ignore[call-overload]
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        seconds = max(float(process.stdout.readline()) for process in processes)
    return count * DRAINED / seconds


def drops(server: Server) -> Sequence[Figure]:
    """Time a dropped file until its alert: SQLite, the node that delivers, and another node."""
    with _folder() as folder:
        floor = _drop_times(folder / "sqlite", None)
        own = _drop_times(folder / "alone", _database(server, "alone"))
        other = _drop_times(folder / "two", _database(server, "two"), is_other=True)
    return [
        Figure(
            what=f"close of a dropped file → alert, {where}, {name} of {DROPS}",
            value=quantile(times, share) * 1000,
            unit="ms",
            floor="SQLite",
            floor_value=quantile(floor, share) * 1000,
        )
        for where, times in (("on the node that delivers", own), ("on another node", other))
        for name, share in (("p50", 0.5), ("p99", 0.99))
    ]


def _drop_times(folder: Path, url: Secret | None, *, is_other: bool = False) -> Sequence[float]:
    from bench.pipeline import drop

    with http_server() as server, ExitStack() as stack:
        projects = [_project(folder / name, server.port, url) for name in ("a", "b")[: 1 + is_other]]
        for project in projects:
            stack.enter_context(project.daemon())
        project = projects[0]
        if url is not None and is_other:
            wait_until(lambda: _owner(url) is not None)
            project = next(each for each in projects if each.folder.name != _owner(url))
        drop(project, server, 0)  # loads the delivery library
        times = []
        for number in range(1, DROPS + 1):
            time.sleep(APART)
            times.append(drop(project, server, number))
        return times


def idle(server: Server) -> Sequence[Figure]:
    """Count the statements of two nodes that have nothing to do."""
    url = _database(server, "idle")
    with _folder() as folder, http_server() as sink, ExitStack() as stack:
        nodes = [stack.enter_context(_project(folder / name, sink.port, url).daemon()) for name in ("a", "b")]
        wait_until(lambda: _owner(url) is not None)
        time.sleep(5)  # what begins with a node is over
        _log_statements(url, "all")
        before = _statements(server)
        time.sleep(IDLE)
        count = _statements(server) - before
        _log_statements(url, "none")
    return [Figure(what="statements a second of an idle node", value=count / IDLE / len(nodes), unit="/s")]


def _project(folder: Path, port: int, url: Secret | None) -> Project:
    shared = f'store: "{url.reveal()}"\nnode: {folder.name}\n' if url else ""
    return Project(folder, config=CONFIG % f"json://127.0.0.1:{port}" + shared)


def _owner(url: Secret) -> str | None:
    """Return the name of the node that delivers the channel `hook`."""
    with psycopg.connect(url.reveal(), autocommit=True) as connection:
        found = connection.execute(
            "SELECT facts::json ->> 'name' FROM lease JOIN node ON boot = owner WHERE name = 'channel:hook'"
        ).fetchone()
    return found[0] if found else None


def _statements(server: Server) -> int:
    log = (server.folder / "log").read_text("utf-8", "replace")
    return log.count("LOG:  statement:") + log.count("LOG:  execute ")


def _log_statements(url: Secret, which: str) -> None:
    _execute(url, f"ALTER SYSTEM SET log_statement = '{which}'")
    _execute(url, "SELECT pg_reload_conf()")
    time.sleep(0.5)  # each session reads it at its next statement


@contextmanager
def _server() -> Iterator[Server]:
    found = binaries()
    if found is None:
        raise SystemExit(INSTALL)
    server = Server(found, settings=_SETTINGS)
    try:
        yield server
    finally:
        server.remove()


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def _database(server: Server, name: str, *, port: int | None = None) -> Secret:
    """Make a database with the tables of a store and return its URL. port: a wire that leads to the server."""
    _execute(Secret(server.url), f"CREATE DATABASE {name}")
    url = Secret(f"postgresql://postgres@127.0.0.1:{port or server.port}/{name}")
    with _folder() as folder:
        migrate_shared_store(StoreLocation(folder=folder, url=url))
    return url


def _execute(url: Secret, statement: str, *values: object) -> None:
    with psycopg.connect(url.reveal(), autocommit=True) as connection:
        connection.execute(statement.encode(), values or None)


def _processor_time(server: Server) -> float:
    """Return the seconds that the server has used, all its processes together."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if server.pid in (int(fields[1]), int(stat.parent.name)):
            total += sum(map(int, fields[11:15]))
    return total / os.sysconf("SC_CLK_TCK")
