"""Run the threads of a node: one beats, one hears what others announce, one announces."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from monitor.cluster.node_worker import NodeWorker
from monitor.errors import StoreError
from monitor.logs import fail

NEWS_PAUSE = 0.05  # seconds between two announcements of a process
_LISTEN = 1.0  # seconds for which a thread waits at most, so that it ends in time
_POLL = 1.0  # seconds between two looks, where nothing can be heard
_END = 2.0  # seconds for the threads to end
_TURN = 1.0  # seconds that a turn of a thread takes, beside its pause, while all is well


class NodeThreads:
    """The threads of one node, from its first `start` until `close`, whatever daemon runs meanwhile."""

    def __init__(self, node: NodeWorker, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self.node = node
        self._seconds = seconds
        self._stop = threading.Event()
        self._on_failure: Callable[[BaseException], None] = lambda _error: None
        self._threads: list[threading.Thread] = []
        self._due: dict[str, float] = {}  # by thread, when its next turn should have ended

    def start(self, on_failure: Callable[[BaseException], None]) -> None:
        """Join, and keep the node alive; where it has joined, only note whom to tell of a failure.

        on_failure: called when an error in this program has ended a thread, from that thread.
        """
        self._on_failure = on_failure
        if not self._threads:
            self.node.beat()
            turns = {"beat": self.node.beat, "hear": self._hear, "announce": self._announce}
            self._due = dict.fromkeys(turns, self._seconds() + _TURN)
            self._threads = [self._thread(name, turn) for name, turn in turns.items()]

    def close(self) -> None:
        """End the threads, and leave in order."""
        self._stop.set()
        self.node.announce()
        for thread in self._threads:
            thread.join(_END)
        with suppress(StoreError):  # the others look by themselves, later
            self.node.announce_now()
        self.node.leave()

    def silence(self) -> float:
        """Return for how many seconds the thread that hangs longest is overdue; 0.0: none is. It never waits."""
        now = self._seconds()
        return max((0.0, *(now - due for due in self._due.values())))

    def _hear(self) -> float:
        try:
            return 0.0 if self.node.hear(_LISTEN) else _POLL
        except StoreError:  # the thread that beats has logged it
            return _POLL

    def _announce(self) -> float:
        try:
            self.node.send_news(_LISTEN)
        except StoreError:  # the thread that beats has logged it
            self.node.announce()
            return _POLL
        return NEWS_PAUSE

    def _thread(self, name: str, turn: Callable[[], float]) -> threading.Thread:
        """Start a thread that takes one turn after the other; each returns the seconds until the next one."""

        def guarded() -> None:
            try:
                while not self._stop.is_set():
                    pause = turn()
                    self._due[name] = self._seconds() + pause + _TURN
                    self._stop.wait(pause)
            except BaseException as error:  # noqa: BLE001 - whoever runs the node ends the process
                fail("thread_failed", error)
                self._on_failure(error)

        thread = threading.Thread(target=guarded, name=f"node-{name}", daemon=True)
        thread.start()
        return thread
