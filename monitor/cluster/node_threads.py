"""Run the threads of a node: one beats, one hears what others announce, one announces."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from monitor.cluster.node_worker import NodeWorker
from monitor.errors import StoreError
from monitor.logs import fail

NEWS_PAUSE = 0.05  # seconds between two announcements of a process
_LISTEN = 1.0  # seconds for which a thread waits at most, so that it ends in time
_POLL = 1.0  # seconds between two looks, where nothing can be heard
_END = 2.0  # seconds for the threads to end


class NodeThreads:
    """The threads of one node, from its first `start` until `close`, whatever daemon runs meanwhile."""

    def __init__(self, node: NodeWorker) -> None:
        self.node = node
        self._stop = threading.Event()
        self._on_failure: Callable[[BaseException], None] = lambda _error: None
        self._threads: list[threading.Thread] = []

    def start(self, on_failure: Callable[[BaseException], None]) -> None:
        """Join, and keep the node alive; where it has joined, only note whom to tell of a failure.

        on_failure: called when an error in this program has ended a thread, from that thread.
        """
        self._on_failure = on_failure
        if not self._threads:
            self.node.beat()
            work = {"beat": self._beat, "hear": self._hear, "announce": self._announce}
            self._threads = [self._thread(name, run) for name, run in work.items()]

    def close(self) -> None:
        """End the threads, and leave in order."""
        self._stop.set()
        self.node.announce()
        for thread in self._threads:
            thread.join(_END)
        with suppress(StoreError):  # the others look by themselves, later
            self.node.announce_now()
        self.node.leave()

    def _beat(self) -> None:
        while not self._stop.wait(self.node.beat()):
            pass

    def _hear(self) -> None:
        while not self._stop.is_set():
            try:
                can_hear = self.node.hear(_LISTEN)
            except StoreError:  # the thread that beats has logged it
                can_hear = False
            if not can_hear:
                self._stop.wait(_POLL)

    def _announce(self) -> None:
        while not self._stop.is_set():
            try:
                self.node.send_news(_LISTEN)
            except StoreError:  # the thread that beats has logged it
                self._stop.wait(_POLL)
                self.node.announce()
            self._stop.wait(NEWS_PAUSE)

    def _thread(self, name: str, run: Callable[[], None]) -> threading.Thread:
        def guarded() -> None:
            try:
                run()
            except BaseException as error:  # noqa: BLE001 - whoever runs the node ends the process
                fail("thread_failed", error)
                self._on_failure(error)

        thread = threading.Thread(target=guarded, name=f"node-{name}", daemon=True)
        thread.start()
        return thread
