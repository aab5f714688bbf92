"""Signals, threads that fail and files that change → one place where the main thread waits for them."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

THREAD_FAILED = 0  # a thread of ours ended in an error
HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class SignalQueue:
    """Rung by signals and threads, from anywhere, without a lock: a handler that took one could stop inside another."""

    def __init__(self) -> None:
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._write_end, False)

    def install_handlers(self) -> None:
        """Have the signals ring it; in the main thread."""
        signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        for number in HANDLED:
            signal.signal(number, lambda *_: None)

    def put(self, number: int) -> None:
        """As a signal of this number would; where it rings already, once more means nothing."""
        with suppress(BlockingIOError):
            os.write(self._write_end, bytes([number]))

    def wait(self) -> int:
        """The number of the first ring that nobody has waited for."""
        return os.read(self._read_end, 1)[0]
