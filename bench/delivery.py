"""What delivery costs: from the commit to the webhook, messages per second, memory, and hung neighbours."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import requests

from bench.pipeline import take_in
from bench.report import Figure, quantile, resident
from monitor.clock import SteadyClock
from monitor.model import Message
from monitor.notify.apprise_channel import AppriseChannel, build
from monitor.notify.send_time import Policy
from monitor.notify.worker import DeliveryContext, DeliveryWorker
from monitor.secret import Secret
from monitor.store.channel_states import SqlChannelStates
from monitor.store.outbox import SqlOutbox
from monitor.store.sqlite.database import open_for_writing
from monitor.store.store import SqlStore
from tests.end_to_end.harness import Project, record
from tests.servers import Answer, http_server

COMMITS, SENDS = 200, 2_000
TEXT = "A note of five hundred characters. " * 14


def commit_to_webhook() -> Sequence[Figure]:
    """Commit a dump's releases; stop the clock when the webhook has the message."""
    with http_server() as server, _store() as (store, post):
        worker = DeliveryWorker(_channel(server.port), Policy(), post)
        with _running(worker):
            times = []
            for number in range(COMMITS + 1):
                take_in(store, f"{number}.txt", record(f"FTA round {number}", f"Item {number * 7} is settled."))
                start = time.perf_counter()
                worker.wake()
                server.wait_for(number + 1)
                times.append(time.perf_counter() - start)
        floor = [_timed_post(server.url) for _ in range(COMMITS)]
    return [
        Figure(
            what=f"commit → accepted by a 127.0.0.1 webhook, {name} of {COMMITS}",
            value=quantile(times[1:], share) * 1000,  # the first one loads the plugins
            unit="ms",
            floor="one plain POST",
            floor_value=quantile(floor, share) * 1000,
        )
        for name, share in (("p50", 0.5), ("p99", 0.99))
    ]


def throughput() -> Sequence[Figure]:
    """Drain one channel of many messages, each with its attempt written first; and how memory fares."""
    with _sink() as port, _store() as (_, post):
        worker = DeliveryWorker(_channel(port), Policy(), post)
        _queue(post, SENDS // 10)
        worker.deliver_due()
        before = resident()
        _queue(post, SENDS)
        seconds = _timed(worker)
        grown = resident() - before
        start = time.perf_counter()
        with requests.Session() as session:
            for _ in range(SENDS // 4):
                session.post(f"http://127.0.0.1:{port}", json={"message": TEXT}, timeout=10)
        floor = SENDS // 4 / (time.perf_counter() - start)
    return [
        Figure(
            what=f"messages a second on one channel, of {SENDS:,}",
            value=SENDS / seconds,
            unit="/s",
            floor="requests.post with a session",
            floor_value=floor,
        ),
        Figure(what=f"memory grown over {SENDS:,} sends", value=grown, unit="MB"),
    ]


def hung_neighbours() -> Sequence[Figure]:
    """A healthy channel beside six that never answer, and how long the stop takes then."""
    with ExitStack() as stack:
        hung = [stack.enter_context(http_server(Answer(is_hanging=True))) for _ in range(6)]
        well = stack.enter_context(http_server())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "p"
        channels = {f"hung{n}": server.port for n, server in enumerate(hung)} | {"well": well.port}
        project = Project(folder, config=_config(channels))
        with project.daemon() as daemon:
            project.drop("first.txt", record("FTA talks held", "Delegations met in Seoul on Monday."))
            for server in (*hung, well):
                server.wait_for(1)
            start = time.perf_counter()
            project.drop("second.txt", record("FTA visit ends", "The visit ended with a dinner in Busan."))
            well.wait_for(2)
            beside = time.perf_counter() - start
            start = time.perf_counter()
            daemon.stop()
            stopped = time.perf_counter() - start
    return [
        Figure(what="drop → alert on a channel beside six hung ones", value=beside * 1000, unit="ms"),
        Figure(what="SIGTERM → exit with six hung endpoints", value=stopped, unit="s"),
    ]


def _config(channels: dict[str, int]) -> str:
    lines = "\n".join(f'  {name}: {{url: "json://127.0.0.1:{port}"}}' for name, port in channels.items())
    return (
        "state: state/\nsources: {motie: {path: seeds/}}\nwatchlists: {fta: {keywords: [FTA]}}\n"
        f"watch: {{settle: 50ms}}\nchannels:\n{lines}\n"
    )


def _channel(port: int) -> AppriseChannel:
    return AppriseChannel("hook", build(Secret(f"json://127.0.0.1:{port}")))


@contextmanager
def _store() -> Iterator[tuple[SqlStore, DeliveryContext]]:
    with tempfile.TemporaryDirectory() as folder:
        handle = open_for_writing(Path(folder))
        outbox, channel_states = SqlOutbox(handle), SqlChannelStates(handle)
        try:
            yield (
                SqlStore(handle),
                DeliveryContext(
                    outbox=outbox, channel_states=channel_states, clock=SteadyClock(None), jitter=random.random
                ),
            )
        finally:
            handle.close()


@contextmanager
def _running(worker: DeliveryWorker) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        worker.wake()
        thread.join()


@contextmanager
def _sink() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-m", "bench.sink"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def _queue(post: DeliveryContext, count: int) -> None:
    now = datetime.now(UTC)
    for number in range(count):
        message = Message(channel="hook", kind="system", source="", text=f"Note {number}\n{TEXT}")
        post.outbox.enqueue(message, key=f"{count}:{number}", now=now)


def _timed(worker: DeliveryWorker) -> float:
    start = time.perf_counter()
    worker.deliver_due()
    return time.perf_counter() - start


def _timed_post(url: str) -> float:
    start = time.perf_counter()
    requests.post(url, json={"message": TEXT}, timeout=10)
    return time.perf_counter() - start
