"""Run the threads of a node: one beats, one hears what others announce, one announces."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from monitor.cluster.node_worker import NodeWorker
from monitor.errors import StoreError
from monitor.logs import fail

NEWS_PAUSE = 0.05  # seconds between two announcements of a process
_LISTEN = 1.0  # seconds for which a thread waits at most, so that it ends in time
_POLL = 1.0  # seconds between two looks, where nothing can be heard
_END = 2.0  # seconds for the threads to end


@contextmanager
def running(node: NodeWorker, *, on_failure: Callable[[BaseException], None]) -> Iterator[None]:
    """Keep a node alive for the length of a block, in which it has joined; then it leaves.

    on_failure: called when an error in this program has ended a thread, from that thread.
    """
    stop = threading.Event()
    work = {"beat": _beat, "hear": _hear, "announce": _announce}
    node.beat()
    threads = [_thread(name, node, run, stop, on_failure) for name, run in work.items()]
    try:
        yield
    finally:
        stop.set()
        node.announce()
        for thread in threads:
            thread.join(_END)
        node.leave()


def _beat(node: NodeWorker, stop: threading.Event) -> None:
    while not stop.wait(node.beat()):
        pass


def _hear(node: NodeWorker, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            can_hear = node.hear(_LISTEN)
        except StoreError:  # the thread that beats has logged it
            can_hear = False
        if not can_hear:
            stop.wait(_POLL)


def _announce(node: NodeWorker, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            node.send_news(_LISTEN)
        except StoreError:  # the others look by themselves, later
            stop.wait(_POLL)
        stop.wait(NEWS_PAUSE)


def _thread(
    name: str,
    node: NodeWorker,
    run: Callable[[NodeWorker, threading.Event], None],
    stop: threading.Event,
    on_failure: Callable[[BaseException], None],
) -> threading.Thread:
    def guarded() -> None:
        try:
            run(node, stop)
        except BaseException as error:  # noqa: BLE001 - whoever runs the node ends the process
            fail("thread_failed", error)
            on_failure(error)

    thread = threading.Thread(target=guarded, name=f"node-{name}", daemon=True)
    thread.start()
    return thread
