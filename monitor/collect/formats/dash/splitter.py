"""Split a text at its lone "-" lines into segments, each with its place in the file.

The text comes in chunks of any length, which do not change the result. Memory is bounded: of a segment longer than any
record can be, only both ends are kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import lru_cache
from typing import NamedTuple

MAX_SEPARATOR_LENGTH = 1_000  # characters of a "-" line, including the spaces after the "-"
_KEPT_END = 500  # characters kept of either end of a segment that is too long

_DATE_AT_END = re.compile(r"(?:^|\s)date(\d{4})-(\d{2})-(\d{2})\Z", re.ASCII)
DATE_WIDTH = len(" date2024-07-01")


class Segment(NamedTuple):
    """The lines between two lone "-" lines, without outer empty lines and without spaces at line ends."""

    line: int  # 1-based line of its "-"; 0: the text before the first one
    offset: int  # bytes of the file before its "-"
    lines: tuple[str, ...]
    length: int  # characters
    is_whole: bool = True  # False: too long, and only its ends were kept
    has_date: bool = False  # it ends in a date, as every complete record does
    day: date | None = None  # that date; None: it has no date, or the calendar has no such day

    @property
    def filled(self) -> tuple[str, ...]:
        """Return the lines that are not empty."""
        return tuple(filter(None, self.lines)) if "" in self.lines else self.lines

    @property
    def text(self) -> str:
        """Return the lines as one text."""
        return "\n".join(self.lines)


def split(
    chunks: Iterable[str], *, byte_count: Callable[[str], int] = len, start: int = 0, max_record: int = 1_000_000
) -> Iterator[Segment]:
    """Yield the segments that are not empty; a text without any gives one of line 0.

    `byte_count` returns how many bytes of the file a text was, `start` is how many precede the text. A segment of more
    than twice `max_record` characters loses its middle.
    """
    splitter = _Splitter(byte_count, start, max_record)
    for chunk in chunks:
        yield from splitter.feed(chunk)
    yield from splitter.end()


@lru_cache(maxsize=4096)  # many records of a dump end in the same few days
def _end_date(text: str) -> tuple[bool, date | None]:
    """Return whether the last DATE_WIDTH characters of a segment are a date, and its day if the calendar has it."""
    match = _DATE_AT_END.search(text)
    if match is None:
        return False, None
    try:
        return True, date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return True, None


class _Splitter:
    """The state of the splitting between two chunks."""

    def __init__(self, byte_count: Callable[[str], int], start: int, max_record: int) -> None:
        self._byte_count = byte_count
        self._max_length = 2 * max_record + 2 * _KEPT_END
        self._rest = ""  # the last line, while it may still become a lone "-"
        self._is_mid_line = False  # the next chunk continues the last of `lines`
        self._ended = 0  # lines
        self._bytes = start  # of the file, as far as counted
        self._line, self._offset = 0, start  # of the "-" of the current segment
        self._lines: list[str] = []  # of that segment, as read
        self._length = 0  # of it, as read
        self._is_cut = False
        self._is_empty = True  # no segment was found yet

    def feed(self, chunk: str) -> Iterator[Segment]:
        text, at, counted = self._rest + chunk, 0, 0
        if self._is_mid_line:
            line, newline, _ = text.partition("\n")
            self._lines[-1] += line
            self._ended += len(newline)
            self._is_mid_line = not newline
            at = len(line) + len(newline)
        # Line by line: a search for both characters at once takes six times as long.
        while (end := text.find("\n", at)) >= 0:
            line = text[at:end]
            if line.startswith("-") and len(line) <= MAX_SEPARATOR_LENGTH and line.rstrip() == "-":
                self._count(text[counted:at])
                if segment := self._close():
                    yield segment
                self._line, self._offset = self._ended + 1, self._bytes
                counted = end + 1
                self._bytes += self._byte_count(text[at:counted])
            else:
                self._lines.append(line)
            self._ended += 1
            at = end + 1
        self._count(text[counted:at])
        self._rest = text[at:]
        if len(self._rest) > MAX_SEPARATOR_LENGTH:
            self._lines.append(self._rest)
            self._count(self._rest)
            self._rest, self._is_mid_line = "", True

    def end(self) -> Iterator[Segment]:
        yield from self.feed("\n")  # the last line needs no line end
        if segment := self._close():
            yield segment
        if self._is_empty:
            lines = ("-",) if self._line else ()
            yield Segment(0, 0, lines, len(lines))

    def _count(self, text: str) -> None:
        self._bytes += self._byte_count(text)
        self._length += len(text)
        if self._length > self._max_length:
            whole = "\n".join(self._lines)
            self._lines = [self._lines[0] if self._is_cut else whole[:_KEPT_END], whole[-_KEPT_END:]]
            self._is_cut = True

    def _close(self) -> Segment | None:
        """Return the current segment, unless it is empty."""
        is_cut = self._is_cut
        kept = "\n".join(self._lines).split("\n") if is_cut else self._lines  # a kept end may hold several lines
        text = "\n".join(map(str.rstrip, kept)).strip("\n")
        lines = tuple(text.split("\n")) if text else ()
        length = self._length if is_cut else sum(map(len, lines))
        self._lines, self._length, self._is_cut = [], 0, False
        if not lines and not is_cut:
            return None
        self._is_empty = False
        has_date, day = _end_date(lines[-1][-DATE_WIDTH:] if lines else "")
        return Segment(self._line, self._offset, lines, length, not is_cut, has_date, day)
