"""Signals, threads that fail and files that change → one place where the main thread waits for them."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

FAILED = 0  # a thread of ours ended in an error
HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class SignalQueue:
    """Rung by signals and threads, from anywhere, without a lock: a handler that took one could stop inside another."""

    def __init__(self) -> None:
        self._waiter, self._ringer = os.pipe()
        os.set_blocking(self._ringer, False)

    def install_handlers(self) -> None:
        """Have the signals ring it; in the main thread."""
        signal.set_wakeup_fd(self._ringer, warn_on_full_buffer=False)
        for number in HEARD:
            signal.signal(number, lambda *_: None)

    def put(self, number: int) -> None:
        """As a signal of this number would; where it rings already, once more means nothing."""
        with suppress(BlockingIOError):
            os.write(self._ringer, bytes([number]))

    def wait(self) -> int:
        """The number of the first ring that nobody has waited for."""
        return os.read(self._waiter, 1)[0]
