"""Split a text that comes in chunks into lines, each with its place; of a line that is too long only the beginning."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

_KEPT = 400  # characters of a line that is too long


class Line(NamedTuple):
    """One line of a text."""

    text: str  # with its line end; the beginning of one that is too long
    number: int  # from 1
    offset: int  # bytes of the file before it
    is_whole: bool = True  # False: it is too long

    @property
    def has_end(self) -> bool:
        """Return whether a line end follows it."""
        return self.text.endswith("\n") or not self.is_whole


def lines(
    chunks: Iterable[str], *, byte_count: Callable[[str], int] = len, start: int = 0, max_length: int = 1_000_000
) -> Iterator[Line]:
    """Yield the lines; byte_count: returns how many bytes of the file a text was; start: how many precede the text."""
    number, offset, held, lost = 1, start, "", 0  # lost: characters of the line that are held no more
    for chunk in chunks:
        text, at, end = held + chunk, 0, chunk.find("\n") + 1
        end += len(held) if end else 0
        while end:
            line = text[at:end]
            size = byte_count(line)
            if lost or len(line) > max_length:
                yield Line(line[:_KEPT], number, offset, is_whole=False)
                size += lost
            else:
                yield Line(line, number, offset)
            number, offset, lost = number + 1, offset + size, 0
            at, end = end, text.find("\n", end) + 1
        held = text[at:]
        if len(held) > max_length:
            lost += byte_count(held[_KEPT:])
            held = held[:_KEPT]
    if held:
        yield Line(held, number, offset, is_whole=not lost)
