"""Print messages as lines on a terminal or into a pipe."""

from __future__ import annotations

from typing import TextIO

from monitor.model import Kind, Message, Outcome, Verdict
from monitor.notify.render import SECTION, further_lines, plain, subject

_BOLD, _RED, _GREEN, _RESET = "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[0m"
_HEADLINES = (*(f"{kind.value.upper()}  " for kind in Kind), SECTION)


class ConsoleChannel:
    """A channel that prints to a stream; a closed or broken one gives a verdict, as a service that is down."""

    def __init__(self, name: str, stream: TextIO, *, color: bool = False) -> None:
        self.name = name
        self._stream = stream
        self._color = color

    def send(self, message: Message, *, delivery: str) -> Verdict:
        """Write and flush; only then is the message accepted."""
        body = plain(message).split("\n") if message.items else further_lines(message)
        headline = subject(message)
        lines = [f"{_BOLD}{headline}{_RESET}", *map(_colored, body)] if self._color else [headline, *body]
        try:
            # A daemon under LANG=C has an ASCII stdout and must not stop at the first arrow.
            encoding = self._stream.encoding or "utf-8"
            self._stream.write("\n".join([*lines, "", ""]).encode(encoding, "replace").decode(encoding))
            self._stream.flush()
        except (OSError, ValueError) as error:  # ValueError: the stream was closed on our side
            reason = f"message {delivery} could not be printed ({type(error).__name__})"
            return Verdict(outcome=Outcome.TRANSIENT, reason=reason)
        return Verdict(outcome=Outcome.OK, reason="printed")


def _colored(line: str) -> str:
    """Color a line by its start: scraped words never stand there, so they cannot choose a color."""
    starts = ((_HEADLINES, _BOLD), ("    - ", _RED), ("    + ", _GREEN))
    color = next((color for start, color in starts if line.startswith(start)), "")
    return f"{color}{line}{_RESET}" if color else line
