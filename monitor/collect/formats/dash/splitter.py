"""A text in stretches of any length → the pieces between its lone "-" lines, each with its place in the file.

How the text was cut into stretches changes nothing. What is kept of it is bounded: of a piece that no record can be
as long as, only both ends stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import lru_cache
from typing import NamedTuple

MAX_SEPARATOR_LENGTH = 1_000  # characters of a "-" line, the blanks behind the "-" included
_KEPT_END = 500  # characters of either end of a piece that is too long

_DATE_AT_END = re.compile(r"(?:^|\s)date(\d{4})-(\d{2})-(\d{2})\Z", re.ASCII)
DATE_WIDTH = len(" date2024-07-01")


class Segment(NamedTuple):
    """The lines between two lone "-" lines, outer blank lines and blanks at line ends off."""

    line: int  # 1-based line of its "-"; 0: the text before the first one
    offset: int  # bytes of the file before its "-"
    lines: tuple[str, ...]
    length: int  # characters
    is_whole: bool = True  # False: too long, and only its ends were kept
    is_closed: bool = False  # it ends in a date, as every record that is not half written does
    day: date | None = None  # that date; None: there is none, or the calendar has no such day

    @property
    def filled(self) -> tuple[str, ...]:
        """The lines that are not blank."""
        return tuple(filter(None, self.lines)) if "" in self.lines else self.lines

    @property
    def text(self) -> str:
        """Its lines as one text."""
        return "\n".join(self.lines)


def split(
    chunks: Iterable[str], *, byte_count: Callable[[str], int] = len, start: int = 0, max_record: int = 1_000_000
) -> Iterator[Segment]:
    """Cut at lone "-" lines; blank pieces are left out, but a text without any other gives one of line 0.

    `width` says how many bytes a stretch of text has in its file, `start` how many stand before the text; a piece
    of more than twice `most` characters loses its middle.
    """
    cutter = _Splitter(byte_count, start, max_record)
    for stretch in chunks:
        yield from cutter.feed(stretch)
    yield from cutter.end()


class _Ending(NamedTuple):
    """What the last characters of a piece say."""

    is_date: bool
    day: date | None  # such as 2024-02-30 is a date, and nothing better is known of the day


_NO_ENDING = _Ending(is_date=False, day=None)


@lru_cache(maxsize=4096)  # a dump ends its records in the same few days again and again
def _end_date(text: str) -> _Ending:
    """A date at the very end; whoever asks hands over no more than DATE_WIDTH characters, so the cost is constant."""
    match = _DATE_AT_END.search(text)
    if match is None:
        return _NO_ENDING
    try:
        return _Ending(is_date=True, day=date(int(match[1]), int(match[2]), int(match[3])))
    except ValueError:
        return _Ending(is_date=True, day=None)


class _Splitter:
    """Where the cutting stands between two stretches."""

    def __init__(self, width: Callable[[str], int], start: int, most: int) -> None:
        self._width = width
        self._most = 2 * most + 2 * _KEPT_END
        self._rest = ""  # the last line, as long as it might still become a lone "-"
        self._is_inside = False  # what comes next goes on with the last of `lines`
        self._ended = 0  # lines
        self._bytes = start  # of the file, up to what is counted
        self._line, self._offset = 0, start  # of the "-" of the piece that is open
        self._lines: list[str] = []  # of that piece, as they are
        self._length = 0  # of it, as it is
        self._is_cut = False
        self._is_bare = True  # no piece was found yet

    def feed(self, stretch: str) -> Iterator[Segment]:
        text, at, counted = self._rest + stretch, 0, 0
        if self._is_inside:
            at = self._go_on(text)
        # Line by line: a search for both characters at once takes six times as long.
        while (end := text.find("\n", at)) >= 0:
            line = text[at:end]
            if line.startswith("-") and _is_separator(line):
                self._count(text[counted:at])
                piece = self._close()
                if piece:
                    yield piece
                self._open(text[at : end + 1])
                counted = end + 1
            else:
                self._lines.append(line)
            self._ended += 1
            at = end + 1
        self._count(text[counted:at])
        self._rest = text[at:]
        if len(self._rest) > MAX_SEPARATOR_LENGTH:
            self._lines.append(self._rest)
            self._count(self._rest)
            self._rest, self._is_inside = "", True

    def end(self) -> Iterator[Segment]:
        """The last line needs no line end."""
        pieces = list[Segment | None]()
        if _is_separator(self._rest):
            pieces.append(self._close())
            self._open(self._rest)
        else:
            self._lines.append(self._rest)
            self._count(self._rest)
        pieces.append(self._close())
        yield from filter(None, pieces)
        if self._is_bare:
            lines = ("-",) if self._line else ()
            yield Segment(0, 0, lines, len(lines))

    def _go_on(self, text: str) -> int:
        """The line that is open becomes longer; returns where the next one begins, if there is one."""
        end = text.find("\n")
        self._lines[-1] += text if end < 0 else text[:end]
        if end < 0:
            return len(text)
        self._ended += 1
        self._is_inside = False
        return end + 1

    def _count(self, text: str) -> None:
        self._bytes += self._width(text)
        self._length += len(text)
        if self._length > self._most:
            whole = "\n".join(self._lines)
            self._lines = [self._lines[0] if self._is_cut else whole[:_KEPT_END], whole[-_KEPT_END:]]
            self._is_cut = True

    def _open(self, dash: str) -> None:
        self._line, self._offset = self._ended + 1, self._bytes
        self._bytes += self._width(dash)

    def _close(self) -> Segment | None:
        """The piece that is open, unless it is blank."""
        is_cut = self._is_cut
        lines = _trimmed("\n".join(self._lines).split("\n") if is_cut else self._lines)  # a kept end may hold several
        length = self._length if is_cut else sum(map(len, lines))
        self._lines, self._length, self._is_cut = [], 0, False
        if not lines and not is_cut:
            return None
        self._is_bare = False
        ending = _end_date(lines[-1][-DATE_WIDTH:]) if lines else _NO_ENDING
        return Segment(self._line, self._offset, lines, length, not is_cut, *ending)


def _is_separator(line: str) -> bool:
    return len(line) <= MAX_SEPARATOR_LENGTH and line.rstrip() == "-"


def _trimmed(lines: Iterable[str]) -> tuple[str, ...]:
    kept = [line.rstrip() for line in lines]
    while kept and not kept[-1]:
        kept.pop()
    if kept and not kept[0]:
        del kept[: next(number for number, line in enumerate(kept) if line)]
    return tuple(kept)
