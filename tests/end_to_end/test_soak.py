"""A long day of one daemon: dumps, reloads and a service that fails; nothing is lost and nothing piles up."""

from __future__ import annotations

import re
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median, median_low
from typing import Any

import pytest

from tests.end_to_end.harness import DEADLINE, Daemon, Project, message_id, record
from tests.servers import Answer, HttpServer, Request, http_server

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what a process holds is read from /proc")

CHILD = Path(__file__).with_name(
    "fast_retry_child.py"
)  # the daemon, but what failed is tried again within milliseconds
CONFIG = """
timezone: Asia/Seoul
state: state/
sources: {motie: {path: seeds/}}
channels:
  well: {url: "json://127.0.0.1:WELL", rate: 10000/s, max_per_hour: 0}
  shaky: {url: "json://127.0.0.1:SHAKY", rate: 10000/s, max_per_hour: 0}
watchlists: {fta: {keywords: [FTA]}}
operator: {notify: []}
watch: {settle: 50ms, rescan: 1s}
"""
EACH = 20  # releases of a dump
FILLING = 10_000  # releases that fill the store's page cache of 16 MB, which is not to be taken for a leak
PLENTY = 20_000  # answers; more than any run needs
GROWTH = 10.0  # MB of memory that a day may add


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What a process holds at one moment."""

    memory: float  # MB
    threads: int
    descriptors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Soak:
    """A project, and the two services that it tells everything."""

    project: Project
    well: HttpServer
    shaky: HttpServer
    config: str

    def edit(self, daemon: Daemon, number: int) -> None:
        """Change the configuration, every second time for the worse, and wait until that is noticed."""
        fault = "" if number % 2 else "nonsense: 1\n"
        self.project.write_config(f"{self.config}{fault}# edit {number}\n")
        daemon.wait_for_event("started" if number % 2 else "config_refused", number // 2 + 1 + number % 2)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.project.folder / "state" / "monitor.db")) as connection:
            return connection.execute(sql).fetchall()


def moody(place: int) -> Answer:
    """Of its requests a service refuses every tenth, loses an answer now and then, and is down for a while at times."""
    is_down = place % 24 >= 18
    return Answer(status=503 if is_down or place % 10 == 9 else 200, is_reset=place % 13 == 4)


def batch(number: int) -> str:
    """A dump of releases that are like no others."""
    return dump("FTA round", range(number * EACH, (number + 1) * EACH))


def dump(topic: str, scan_schedule: range) -> str:
    return "\n".join(
        record(
            f"{topic} {each}:",
            " ".join(f"item{each}w{place}" for place in range(30)),
            f"{date(1990, 1, 1) + timedelta(days=each)}",
        )
        for each in scan_schedule
    )


def resources(soak: Soak, daemon: Daemon) -> Resources:
    """What is held, but for connections that are kept a while for the next message, each with a thread to close it."""
    place = Path(f"/proc/{daemon.process.pid}")
    kept = kept_connections(place, {soak.well.port, soak.shaky.port})
    memory = re.search(r"VmRSS:\s+(\d+) kB", (place / "status").read_text("ascii"))
    assert memory is not None
    return Resources(
        memory=int(memory[1]) / 1024,
        threads=len(list((place / "task").iterdir())) - kept,
        descriptors=len(list((place / "fd").iterdir())) - kept,
    )


def kept_connections(place: Path, ports: Collection[int]) -> int:
    """How many connections lead to these ports of 127.0.0.1: open ones, and those that the other side has closed."""
    rows = [line.split() for line in (place / "net" / "tcp").read_text("ascii").splitlines()[1:]]
    return sum(int(row[2].partition(":")[2], 16) in ports and row[3] in ("01", "08") for row in rows)


def resources_at_rest(soak: Soak, daemon: Daemon) -> Resources:
    """The resources while no message is being sent: each send holds a socket for a few milliseconds."""
    until = time.monotonic() + DEADLINE
    while True:
        found = resources(soak, daemon)
        is_sending = soak.query("SELECT 1 FROM message WHERE state = 'leased'")
        if not is_sending and resources(soak, daemon).descriptors == found.descriptors:
            return found
        assert time.monotonic() < until, "messages are on their way without a pause"


def run_soak(soak: Soak, daemon: Daemon, *, dumps: int, edit_every: int, filling: int) -> list[Resources]:
    """Fill the store, then drop dump after dump and edit in between; what was held after each."""
    soak.project.drop("filling.txt", dump("round", range(dumps * EACH, dumps * EACH + filling)))
    daemon.wait_for_event("dump_stored")
    samples = list[Resources]()
    for number in range(dumps):
        soak.project.drop(f"{number:04}.txt", batch(number))
        if number % edit_every == edit_every - 1:
            soak.edit(daemon, number // edit_every)
        daemon.wait_for_event("dump_stored", number + 2)
        soak.well.wait_for(number + 1)
        samples.append(resources_at_rest(soak, daemon))
    return samples


def settle(soak: Soak, daemon: Daemon) -> None:
    """Until both services were told of everything."""
    tried = 0
    while soak.query("SELECT 1 FROM message WHERE state <> 'sent'") or soak.query(
        "SELECT 1 FROM message_item WHERE message IS NULL"
    ):
        tried = len(daemon.wait_for_event("message_*", tried + 1))


def accepted_requests(server: HttpServer) -> list[Request]:
    """What arrived and was not refused, whether or not the answer came back."""
    last = len(server.answers) - 1
    return [post for place, post in enumerate(server.requests) if server.answers[min(place, last)].status == 200]


def notified_counts(server: HttpServer) -> Counter[int]:
    """How often each round was told to a service that did not refuse it."""
    messages = [post.json()["message"] for post in accepted_requests(server)]
    return Counter(int(each) for message in messages for each in set(re.findall(r"FTA round (\d+):", message)))


def unexplained(soak: Soak, server: HttpServer, channel: str) -> dict[int, int]:
    """Messages that came more often than once and once for each attempt of unknown outcome."""
    came = Counter(message_id(post.headers["X-Monitor-Delivery"]) for post in accepted_requests(server))
    unsure: dict[int, int] = dict(
        soak.query(
            "SELECT message, sum(outcome IN ('unknown', 'uncertain')) FROM attempt JOIN message ON message.id = message"
            f" WHERE channel = '{channel}' GROUP BY message"
        )
    )
    return {number: count for number, count in came.items() if count > 1 + unsure.get(number, 0)}


def growth(samples: Sequence[Resources]) -> Resources:
    """What the last fifth holds more than the fifth after the warm-up, which is the first fifth.

    Each by the median: for a moment a send has some threads and descriptors more, and a reload some less, while the
    control socket is closed.
    """
    fifth = len(samples) // 5
    early, late = samples[fifth : 2 * fifth], samples[-fifth:]
    return Resources(
        memory=median(each.memory for each in late) - median(each.memory for each in early),
        threads=median_low(each.threads for each in late) - median_low(each.threads for each in early),
        descriptors=median_low(each.descriptors for each in late) - median_low(each.descriptors for each in early),
    )


def test_dumps_reloads_and_a_failing_service_lose_nothing_and_leave_nothing_behind(tmp_path: Path, full: bool) -> None:
    dumps, edit_every, filling = (500, 2, FILLING) if full else (20, 6, EACH)
    with http_server() as well, http_server(*map(moody, range(PLENTY))) as shaky:
        config = CONFIG.replace("WELL", str(well.port)).replace("SHAKY", str(shaky.port))
        project = Project(tmp_path / "p", config=config)
        soak = Soak(project=project, well=well, shaky=shaky, config=config)
        with project.daemon(str(CHILD)) as daemon:
            samples = run_soak(soak, daemon, dumps=dumps, edit_every=edit_every, filling=filling)
            settle(soak, daemon)
            assert daemon.stop() == 0
        everything = dict.fromkeys(range(dumps * EACH), 1)
        more = growth(samples)
        print(
            f"{dumps * EACH} releases, {dumps // edit_every} edits, {len(shaky.requests)} requests to the shaky one,"
            f" {sum(notified_counts(shaky).values()) - len(everything)} releases twice;"
            f" {samples[0]} … {samples[-1]}, grown {more}"
        )
        assert notified_counts(well) == everything
        assert notified_counts(shaky).keys() == everything.keys()
        assert unexplained(soak, well, "well") == unexplained(soak, shaky, "shaky") == {}
        assert soak.query("SELECT count(*) FROM release") == [(len(everything) + filling,)]
        assert soak.query("PRAGMA integrity_check") == [("ok",)]
        assert more.threads <= 0
        assert more.descriptors <= 0
        assert more.memory < GROWTH or not full
