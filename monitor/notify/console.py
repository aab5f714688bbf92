"""Print messages as lines on a terminal or into a pipe."""

from __future__ import annotations

import os
import select
import time
from typing import TextIO

from monitor.model import Message, Outcome, Verdict
from monitor.notify.plain_text import plain
from monitor.notify.redline import PLAIN, Marks
from monitor.notify.render import further_lines, subject

PRINT_TIMEOUT = 55.0  # seconds for one message; shorter than a GuardedChannel waits for the send
_CHUNK = 512  # bytes; so much fits without waiting into any pipe that is ready (POSIX, PIPE_BUF)
_BOLD, _RED, _GREEN, _RESET = "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[0m"
_COLORED = Marks(
    deleted=f"{_RED}[-{{}}-]{_RESET}".format,
    inserted=f"{_GREEN}{{{{+{{}}+}}}}{_RESET}".format,
    hit=f"{_BOLD}“{{}}”{_RESET}".format,
    heading=f"{_BOLD}{{}}{_RESET}".format,
)


class ConsoleChannel:
    """A channel that prints to a stream; one that is closed, broken or not read is a service that is down."""

    def __init__(self, name: str, stream: TextIO, *, color: bool = False, timeout: float = PRINT_TIMEOUT) -> None:
        self.name = name
        self._stream = stream
        self._color = color
        self._timeout = timeout

    def send(self, message: Message, *, delivery: str) -> Verdict:
        """Write and flush; only then is the message accepted."""
        marks = _COLORED if self._color else PLAIN
        body = [plain(message, marks=marks)] if message.items else further_lines(message)
        lines = [marks.heading(subject(message)), *body]
        try:
            # A daemon under LANG=C has an ASCII stdout and must not stop at the first arrow.
            encoding = self._stream.encoding or "utf-8"
            unwritten = self._write("\n".join([*lines, "", ""]).encode(encoding, "replace"), encoding)
        except (OSError, ValueError) as error:  # ValueError: the stream was closed on our side
            reason = f"message {delivery} could not be printed ({type(error).__name__})"
            return Verdict(outcome=Outcome.TRANSIENT, reason=reason)
        if unwritten:
            reason = f"nobody reads the console: message {delivery} could not be printed within {self._timeout:g} s"
            return Verdict(outcome=Outcome.TRANSIENT, reason=reason)
        return Verdict(outcome=Outcome.OK, reason="printed")

    def fits(self, message: Message) -> bool:
        return True

    def _write(self, text: bytes, encoding: str) -> bytes:
        """Write and return what nobody took in time.

        A stream would wait forever for a pipe that is not read, and then keep the process from ending.
        """
        try:
            descriptor = self._stream.fileno()
        except OSError:  # a stream in memory
            self._stream.write(text.decode(encoding))
            self._stream.flush()
            return b""
        poll, until = select.poll(), time.monotonic() + self._timeout
        poll.register(descriptor, select.POLLOUT)
        while text and poll.poll(max(0.0, until - time.monotonic()) * 1000):
            end = text.rfind(b"\n", 0, _CHUNK) + 1 or _CHUNK  # a log on the same terminal breaks in between lines only
            text = text[os.write(descriptor, text[:end]) :]
        return text
