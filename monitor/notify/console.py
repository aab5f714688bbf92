"""A message → lines on a terminal or in a pipe."""

from __future__ import annotations

from typing import TextIO

from monitor.model import Kind, Message, Outcome, Verdict
from monitor.notify.render import SECTION, further_lines, plain, subject

_BOLD, _RED, _GREEN, _PLAIN = "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[0m"
_HEADLINES = (*(f"{kind.value.upper()}  " for kind in Kind), SECTION)


class ConsoleChannel:
    """Prints; a stream that is closed or broken gives a verdict like any far side that is away."""

    def __init__(self, name: str, stream: TextIO, *, color: bool = False) -> None:
        self.name = name
        self._stream = stream
        self._paint = _painted if color else _unpainted

    def send(self, message: Message, *, delivery: int) -> Verdict:
        """Accepted means: written and flushed."""
        lines = [*self._paint(subject(message), _body(message)), "", ""]
        try:
            self._stream.write(_writable("\n".join(lines), self._stream.encoding))
            self._stream.flush()
        except (OSError, ValueError) as error:  # ValueError: the stream was closed on our side
            reason = f"message {delivery} could not be printed ({type(error).__name__})"
            return Verdict(outcome=Outcome.TRANSIENT, reason=reason)
        return Verdict(outcome=Outcome.OK, reason="printed")


def _body(message: Message) -> list[str]:
    """What stands below the subject; a message of one line is told by its subject."""
    return plain(message).split("\n") if message.items else further_lines(message)


def _unpainted(headline: str, lines: list[str]) -> list[str]:
    return [headline, *lines]


def _painted(headline: str, lines: list[str]) -> list[str]:
    return [f"{_BOLD}{headline}{_PLAIN}", *map(_painted_line, lines)]


def _painted_line(line: str) -> str:
    """Told by its start: scraped words never stand at the start of a line, so they cannot choose a colour."""
    if line.startswith(_HEADLINES):
        return f"{_BOLD}{line}{_PLAIN}"
    if line.startswith("    - "):
        return f"{_RED}{line}{_PLAIN}"
    if line.startswith("    + "):
        return f"{_GREEN}{line}{_PLAIN}"
    return line


def _writable(text: str, encoding: str | None) -> str:
    """Text the stream can encode: a daemon under LANG=C has an ASCII stdout and must not stop at the first arrow."""
    name = encoding or "utf-8"
    return text.encode(name, "replace").decode(name)
