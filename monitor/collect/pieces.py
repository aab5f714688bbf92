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

LONGEST_DASH = 1_000  # characters of a "-" line, the blanks behind the "-" included
_KEPT_END = 500  # characters of either end of a piece that is too long

_DATE_AT_END = re.compile(r"(?:^|\s)date(\d{4})-(\d{2})-(\d{2})\Z", re.ASCII)
DATE_WIDTH = len(" date2024-07-01")


class Piece(NamedTuple):
    """The lines between two lone "-" lines, outer blank lines and blanks at line ends off."""

    line: int  # 1-based line of its "-"; 0: the text before the first one
    offset: int  # bytes of the file before its "-"
    lines: tuple[str, ...]
    length: int  # characters
    is_whole: bool = True  # False: too long, and only its ends were kept

    @property
    def is_closed(self) -> bool:
        """Whether it ends in a date, as every record that is not half written does."""
        return bool(self.lines) and _ending(self.lines[-1][-DATE_WIDTH:]).is_date

    @property
    def day(self) -> date | None:
        """That date; None: there is none, or the calendar has no such day."""
        return _ending(self.lines[-1][-DATE_WIDTH:]).day if self.lines else None

    @property
    def filled(self) -> tuple[str, ...]:
        """The lines that are not blank."""
        return tuple(filter(None, self.lines)) if "" in self.lines else self.lines

    @property
    def text(self) -> str:
        """Its lines as one text."""
        return "\n".join(self.lines)


def split(
    stretches: Iterable[str], *, width: Callable[[str], int] = len, start: int = 0, most: int = 1_000_000
) -> Iterator[Piece]:
    """Cut at lone "-" lines; blank pieces are left out, but a text without any other gives one of line 0.

    `width` says how many bytes a stretch of text has in its file, `start` how many stand before the text; a piece
    of more than twice `most` characters loses its middle.
    """
    cutter = _Cutter(width, start, most)
    for stretch in stretches:
        yield from cutter.feed(stretch)
    yield from cutter.end()


class _Ending(NamedTuple):
    """What the last characters of a piece say."""

    is_date: bool
    day: date | None  # such as 2024-02-30 is a date, and nothing better is known of the day


@lru_cache(maxsize=4096)  # a dump ends its records in the same few days again and again
def _ending(text: str) -> _Ending:
    """A date at the very end; whoever asks hands over no more than DATE_WIDTH characters, so the cost is constant."""
    match = _DATE_AT_END.search(text)
    if match is None:
        return _Ending(is_date=False, day=None)
    try:
        return _Ending(is_date=True, day=date(int(match[1]), int(match[2]), int(match[3])))
    except ValueError:
        return _Ending(is_date=True, day=None)


class _Cutter:
    """Where the cutting stands between two stretches."""

    def __init__(self, width: Callable[[str], int], start: int, most: int) -> None:
        self._width = width
        self._most = 2 * most + 2 * _KEPT_END
        self._rest = ""  # the last line, as long as it might still become a lone "-"
        self._is_inside = False  # what comes next goes on a line whose beginning is in the piece already
        self._ended = 0  # lines
        self._bytes = start
        self._line, self._offset = 0, start  # of the "-" of the piece that is open
        self._parts: list[str] = []
        self._length = 0
        self._is_cut = False
        self._is_bare = True  # no piece was found yet

    def feed(self, stretch: str) -> Iterator[Piece]:
        text = self._rest + stretch
        end, at = text.rfind("\n") + 1, 0
        for dash, behind in _lone_dashes(text, end, is_inside=self._is_inside):
            self._keep(text[at:dash])
            piece = self._close()
            if piece:
                yield piece
            self._open(text[dash:behind])
            at = behind
        self._keep(text[at:end])
        self._rest = text[end:]
        self._is_inside = self._is_inside and not end
        if self._is_inside or len(self._rest) > LONGEST_DASH:
            self._keep(self._rest)
            self._rest, self._is_inside = "", True

    def end(self) -> Iterator[Piece]:
        """The last line needs no line end."""
        pieces = list[Piece | None]()
        if self._rest.rstrip() == "-":
            pieces.append(self._close())
            self._open(self._rest)
        else:
            self._keep(self._rest)
        pieces.append(self._close())
        yield from filter(None, pieces)
        if self._is_bare:
            lines = ("-",) if self._line else ()
            yield Piece(0, 0, lines, len(lines))

    def _keep(self, text: str) -> None:
        self._ended += text.count("\n")
        self._bytes += self._width(text)
        self._length += len(text)
        self._parts.append(text)
        if self._length > self._most:
            whole = "".join(self._parts)
            head = self._parts[0] if self._is_cut else whole[:_KEPT_END] + "\n"
            self._parts = [head, whole[-_KEPT_END:]]
            self._is_cut = True

    def _open(self, dash: str) -> None:
        self._line, self._offset = self._ended + 1, self._bytes
        self._ended += dash.count("\n")
        self._bytes += self._width(dash)

    def _close(self) -> Piece | None:
        """The piece that is open, unless it is blank."""
        lines, is_cut = _trimmed("".join(self._parts)), self._is_cut
        length = self._length if is_cut else sum(map(len, lines))
        self._parts, self._length, self._is_cut = [], 0, False
        if not lines and not is_cut:
            return None
        self._is_bare = False
        return Piece(self._line, self._offset, lines, length, not is_cut)


def _lone_dashes(text: str, end: int, *, is_inside: bool) -> Iterator[tuple[int, int]]:
    """Where each lone "-" line begins and where the next line does; all before `end` are whole lines."""
    at = 0 if text.startswith("-", 0, end) and not is_inside else _next_dash(text, 0, end)
    while at >= 0:
        stop = text.find("\n", at, end)
        if stop - at <= LONGEST_DASH and text[at:stop].rstrip() == "-":
            yield at, stop + 1
        at = _next_dash(text, stop, end)


def _next_dash(text: str, start: int, end: int) -> int:
    """The first line from `start` on that begins with a dash; -1: none."""
    found = text.find("\n", start, end)  # line by line: a search for both characters at once takes six times as long
    while found >= 0 and not text.startswith("-", found + 1, end):
        found = text.find("\n", found + 1, end)
    return found + 1 if found >= 0 else -1


def _trimmed(text: str) -> tuple[str, ...]:
    # str.splitlines would also cut at U+2028 and the like, which stand inside bodies.
    lines = [line.rstrip() for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    if lines and not lines[0]:
        del lines[: next(number for number, line in enumerate(lines) if line)]
    return tuple(lines)
