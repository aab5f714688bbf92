"""Several real monitors on one PostgreSQL, each behind a wire of its own, and the faults that befall them."""

from __future__ import annotations

import json
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from tests.end_to_end.cluster_judge import Arrival, Event, Evidence, Unsure
from tests.end_to_end.forking import Process
from tests.end_to_end.harness import DEADLINE, Daemon, message_id, record
from tests.postgresql_server import Server
from tests.servers import Answer, HttpServer, Request
from tests.tcp_proxy import TcpProxy
from tests.waiting import wait_until

CHILD = Path(__file__).with_name("cluster_child.py")
PLENTY = 20_000  # answers; more than any run needs
MINUTES = 60  # for so long there is a digest each minute
_RESTARTED = "import os, sys; os.environ.update({environ!r}); os.execv(sys.executable, [sys.executable, *{words!r}])"
_CONFIG = """
timezone: UTC
state: state/
store: "{url}"
node: {name}
sources:
{sources}
channels:
  hook: {{url: "json://127.0.0.1:{hook}", rate: 1000/s, max_per_hour: 0}}
  {other}: {{url: "json://127.0.0.1:{other_port}", rate: 1000/s, max_per_hour: 0{digest}}}
watchlists: {{fta: {{keywords: [FTA]}}}}
operator: {{notify: [hook]}}
watch: {{settle: 50ms, rescan: 1s}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sinks:
    """The two services that everything is sent to; `other` gets digests, where there are any."""

    hook: HttpServer
    other: HttpServer
    other_name: str  # of its channel

    def by_channel(self) -> Mapping[str, HttpServer]:
        return {"hook": self.hook, self.other_name: self.other}


class Node:
    """One monitor with a state folder, a folder of dumps and a wire of its own."""

    def __init__(self, name: str, folder: Path, proxy: TcpProxy, words: Sequence[str]) -> None:
        """words: what follows `python` on its command line."""
        self.name = name
        self.folder = folder
        self.proxy = proxy
        self._words = words
        self._process: Process | None = None
        self._daemons: list[Daemon] = []  # one for each start

    def begin(self) -> None:
        """Start it; `wait_until_started` waits."""
        self._process = Process(self._words, folder=self.folder)
        self._daemons.append(Daemon(self._process))

    def wait_until_started(self) -> None:
        self._daemons[-1].wait_for_event("started")

    def send_signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def end(self, number: int) -> int:
        """End it with this signal and return the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
        self._process.send_signal(number)
        try:
            return self._process.wait(DEADLINE)
        finally:
            self._process.kill()
            self._daemons[-1].join()
            self._process.close()
            self._process = None

    def close(self) -> None:
        """Kill it, if it runs, and keep what all its starts have logged beside its folder."""
        if self._process is not None:
            self.end(signal.SIGKILL)
        lines = [json.dumps(line) for daemon in self._daemons for line in daemon.lines()]
        self.folder.with_suffix(".log").write_text("\n".join(lines), "utf-8")


@dataclass(kw_only=True)
class Cluster:
    """The monitors, their server and all that was dropped."""

    folder: Path
    server: Server
    sinks: Sinks
    nodes: Sequence[Node]
    dice: random.Random
    odd: Sequence[str] = ()  # sources, each for one dump that cannot be read
    homes: list[Path] = field(default_factory=list)  # the folder of each release, by its number
    changed: set[int] = field(default_factory=set)
    told: set[str] = field(default_factory=set)  # the names of the dumps that could not be read
    faults: list[float] = field(default_factory=list)  # when each began
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def drop(self, home: Path) -> int:
        """Drop a release that is like no other into a folder; its number."""
        with self._lock:
            number = len(self.homes)
            self.homes.append(home)
        self._drop(home, f"{number:05}.txt", _release(number, "new"))
        return number

    def change(self, number: int) -> None:
        """Drop another text of a release."""
        if number not in self.changed:
            self.changed.add(number)
            self._drop(self.homes[number], f"{number:05}-changed.txt", _release(number, "changed"))

    def drop_odd(self, source: str) -> None:
        """Drop what cannot be read into the folder of a source: the operator is told once."""
        self.told.add(f"{source}.txt")
        self._drop(self.folder / source, f"{source}.txt", "-\n date2024-07-01\n")

    def folders(self) -> Sequence[Path]:
        """Return where dumps may be dropped: each node's folder, and the one that all watch."""
        return [*(node.folder / "own" for node in self.nodes), self.folder / "shared"]

    def owner(self, channel: str) -> Node | None:
        """Return the node that delivers a channel, as the store knows it."""
        found = self.query(
            "SELECT node.facts::json ->> 'name' FROM lease JOIN node ON node.boot = lease.owner"
            f" WHERE lease.name = 'channel:{channel}' AND NOT node.is_dead"
        )
        return next((node for node in self.nodes if found and node.name == found[0][0]), None)

    def time_to_announce(self, home: Path) -> float:
        """Drop a release; return after how many seconds a service first heard of it."""
        server, start = self.sinks.hook, time.monotonic()
        seen = len(server.requests)
        number = self.drop(home)
        while True:
            posts = server.wait_for(seen + 1, DEADLINE)
            if any((number, "new") in _events(post) for post in posts[seen:]):
                return time.monotonic() - start
            assert time.monotonic() < start + DEADLINE, f"release {number} was not announced within {DEADLINE} s"
            seen = len(posts)

    def is_settled(self) -> bool:
        """Return whether everything that was dropped has been stored and sent."""
        return self._is_stored() and self.query(
            "SELECT (SELECT count(*) FROM message WHERE state <> 'sent'),"
            " (SELECT count(*) FROM message_item WHERE message IS NULL)"
        ) == [(0, 0)]

    def _is_stored(self) -> bool:
        count = len(self.homes) + len(self.changed)
        rejects = self.query("SELECT count(*) FROM message WHERE kind = 'system'")[0][0]
        return bool(sum(self.stored().values()) >= count and rejects >= len(self.told))

    def stored(self) -> Counter[Event]:
        """Count the events of the store."""
        rows = self.query(
            "SELECT version.title, event.kind FROM event"
            " JOIN version ON version.release = event.release AND version.seq = event.version"
        )
        return Counter((_number(title), kind) for title, kind in rows)

    def evidence(self) -> Evidence:
        """Return what the judge reads."""
        rows = self.query(
            "SELECT message, channel, extract(epoch FROM started_at)::float8 FROM attempt"
            " JOIN message ON message.id = message WHERE outcome IN ('unknown', 'uncertain')"
        )
        unsure = tuple(Unsure(message=number, channel=channel, started=at) for number, channel, at in rows)
        dropped = {*((number, "new") for number in range(len(self.homes))), *((one, "changed") for one in self.changed)}
        return Evidence(
            events=frozenset(dropped),
            channels=tuple(self.sinks.by_channel()),
            words=frozenset(self.told),
            operator="hook",
            faults=tuple(self.faults),
            stored=self.stored(),
            arrivals=tuple(_arrivals(self.sinks)),
            unsure=unsure,
        )

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the server itself, as soon as it answers."""
        rows: list[tuple[Any, ...]] = []
        wait_until(lambda: self._ask(sql, rows), every=0.05)
        return rows

    def _ask(self, sql: str, rows: list[tuple[Any, ...]]) -> bool:
        try:
            with psycopg.connect(self.server.url, autocommit=True) as connection:
                rows += connection.execute(sql.encode()).fetchall()
        except psycopg.OperationalError:
            return False
        return True

    def _drop(self, home: Path, name: str, text: str) -> None:
        made = self.folder / f".{name}.part"
        made.write_text(text, "utf-8")
        made.rename(home / name)


def answers(dice: random.Random, *, refused: float, slowest: float) -> tuple[Answer, ...]:
    """Return what a service answers: 503 to a share of its requests, each after up to `slowest` seconds."""
    return tuple(
        Answer(status=503 if dice.random() < refused else 200, pause=dice.random() * slowest) for _ in range(PLENTY)
    )


def write_project(node: Node, cluster: Path, *, sinks: Sinks, odd: Sequence[str], is_digest: bool) -> None:
    """Write the configuration and the folders of one node."""
    own = node.folder / "own"
    sources = {f"own_{node.name}": own, **{name: cluster / name for name in ("shared", *odd)}}
    for path in sources.values():
        path.mkdir(parents=True, exist_ok=True)
    config = _CONFIG.format(
        url=f"postgresql://postgres@127.0.0.1:{node.proxy.port}/postgres",
        name=node.name,
        sources="\n".join(f'  {name}: {{path: "{path}"}}' for name, path in sources.items()),
        hook=sinks.hook.port,
        other=sinks.other_name,
        other_port=sinks.other.port,
        digest=f', digest: "{_each_minute(datetime.now(UTC))}"' if is_digest else "",
    )
    (node.folder / "config.yaml").write_text(config, "utf-8")


def command(*words: str, environ: Mapping[str, str]) -> Sequence[str]:
    """Return what follows `python` to run a node; with variables it is a new interpreter that has them."""
    program = [str(CHILD), *words]
    return ["-c", _RESTARTED.format(environ=dict(environ), words=program)] if environ else program


@contextmanager
def feeding(cluster: Cluster, *, per_second: float) -> Iterator[None]:
    """Drop releases, and now and then another text of one, all the time until the end of the block."""
    ending = threading.Event()
    dice = random.Random(cluster.dice.random())  # noqa: S311 - reproducible, not secret

    def feed() -> None:
        while not ending.wait(dice.expovariate(per_second)):
            number = cluster.drop(dice.choice(cluster.folders()))
            earlier = number - 50  # it was announced long ago, or its folder has waited: then both texts are in it
            if number % 10 == 0 and earlier >= 0 and (earlier, "new") in cluster.stored():
                cluster.change(earlier)

    thread = threading.Thread(target=feed, name="feeder")
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


def _each_minute(now: datetime) -> str:
    return ", ".join(f"{now + timedelta(minutes=later):%H:%M}" for later in range(1, MINUTES))


def _release(number: int, what: str) -> str:
    words = " ".join(f"item{number}w{place}" for place in range(30))
    share = 41 if what == "new" else 57
    return record(f"FTA round {number}:", f"{words} reached {share} percent.", str(_day(number)))


def _day(number: int) -> date:
    return date(1990, 1, 1) + timedelta(days=number)


def _number(title: str) -> int:
    return int(title.removeprefix("FTA round ").removesuffix(":"))


def _events(post: Request) -> tuple[Event, ...]:
    return tuple((_number(one["title"]), one["kind"]) for one in post.json()["releases"])


def _arrivals(sinks: Sinks) -> Iterator[Arrival]:
    for channel, server in sinks.by_channel().items():
        for post, answer in zip(server.requests, server.answers, strict=False):
            if answer.status == 200:
                number = message_id(post.headers["X-Monitor-Delivery"])
                yield Arrival(channel=channel, message=number, events=_events(post), text=post.json()["message"])


def stop_all(nodes: Sequence[Node]) -> list[int]:
    """End all of them in order and return their exit codes."""
    return [node.end(signal.SIGTERM) for node in nodes]


def close_all(nodes: Sequence[Node]) -> None:
    """Kill what is left."""
    for node in nodes:
        with suppress(ProcessLookupError):
            node.close()
