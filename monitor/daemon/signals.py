"""Queue signals, failed threads and changed files for the main thread."""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress

THREAD_FAILED = 0  # a thread has ended in an error
HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class SignalQueue:
    """A queue that signal handlers and threads may use. It has no lock: a handler could interrupt the holder."""

    def __init__(self) -> None:
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._write_end, False)

    def install_handlers(self) -> None:
        """Queue the signals that the process gets; call it in the main thread."""
        signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        for number in HANDLED:
            signal.signal(number, lambda *_: None)

    def put(self, number: int) -> None:
        """Queue this number as its signal would; a full queue changes nothing."""
        with suppress(BlockingIOError):
            os.write(self._write_end, bytes([number]))

    def wait(self) -> int:
        """Wait for the next number and return it."""
        return os.read(self._read_end, 1)[0]

    def wait_for(self, seconds: float) -> int | None:
        """Return the next number; None: none came in so many seconds."""
        return self.wait() if select.select([self._read_end], [], [], seconds)[0] else None
