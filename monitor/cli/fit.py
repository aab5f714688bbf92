"""Fit lines and tables to the width of a terminal, counted in its cells: a Hangul syllable takes two."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate

import click

from monitor.text import columns

MARK = "…"
_STYLE = re.compile(r"(\x1b\[[0-9;]*m)")
_RESET = "\x1b[0m"
_NARROW = 20  # cells; a column no wider than this is never cut: numbers, states, times
_LEAST = 8  # cells that a cut column keeps


def terminal_width() -> int | None:
    """Return how many cells a line may take: COLUMNS, else the terminal's; None: stdout is no terminal."""
    asked = os.environ.get("COLUMNS", "")
    if asked.isdecimal() and int(asked):
        return int(asked)
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def cut(text: str, width: int | None) -> str:
    """Return a text that takes no more cells; a mark ends one that was cut. Styles take none. None: no limit."""
    if width is None or (text.isascii() and len(text) <= width):  # most are: a table may have many thousands
        return text
    plain = click.unstyle(text) if "\x1b" in text else text
    end = _fitting(plain, width)
    if end == len(plain):
        return text
    end = _fitting(plain[:end], width - 1)
    return (plain[:end] if plain is text else next(_slices(text, [(0, end)]))) + MARK[:width]


def line_of(before: str, text: str, after: str, width: int | None) -> str:
    """Return one line of three parts; the text in the middle gives way first, and then what stands after it."""
    if width is None:
        return f"{before}{text}{after}"
    room = width - columns(click.unstyle(f"{before}{after}"))
    return cut(f"{before}{cut(text, room) if room >= _NARROW else text}{after}", width)


def fold(text: str, *, first: int, rest: int, lines: int) -> Iterator[str]:
    """Yield a text as a few lines, broken between words; first, rest: cells of the first line and of each other one."""
    plain = click.unstyle(text)
    places, start, room = list[tuple[int, int]](), 0, first
    while len(places) < lines - 1 and columns(plain[start:]) > room:
        full = start + max(_fitting(plain[start:], room), 1)
        words = plain[start : full + 1].rpartition(" ")[0].rstrip()
        end = start + len(words) if words else full
        places.append((start, end))
        start, room = len(plain) - len(plain[end:].lstrip(" ")), rest
    *whole, last = _slices(text, [*places, (start, len(plain))])
    yield from whole
    yield cut(last, room)


def column_widths(widths: Sequence[int], headers: Sequence[int], width: int) -> list[int]:
    """Return widths with which a row fits as far as it can: the widest columns of text give way, all to one width."""
    limit = max(widths, default=0)
    floors = [max(_LEAST, header) if each > _NARROW else each for each, header in zip(widths, headers, strict=True)]
    gaps = 2 * (len(widths) - 1)

    def at(limit: int) -> list[int]:
        return [min(each, max(floor, limit)) for each, floor in zip(widths, floors, strict=True)]

    while limit > _LEAST and sum(at(limit)) + gaps > width:
        limit -= 1
    return at(limit)


def _fitting(plain: str, width: int) -> int:
    """Return how many characters of a text fit into so many cells."""
    if plain.isascii():
        return min(len(plain), max(width, 0))
    ends = accumulate(map(_cells, plain))
    return next((number for number, end in enumerate(ends) if end > width), len(plain))


@cache
def _cells(char: str) -> int:
    return columns(char)


def _slices(text: str, places: Sequence[tuple[int, int]]) -> Iterator[str]:
    """Yield parts of a styled text by their places in the plain text; each part is styled by itself."""
    pieces = list(_styled(text))
    for start, end in places:
        shown, style = "", ""
        for begin, piece, its_style in pieces:
            part = piece[max(start - begin, 0) : max(end - begin, 0)]
            if part and its_style != style:
                shown += (_RESET if style else "") + its_style
                style = its_style
            shown += part
        yield shown + (_RESET if style else "")


def _styled(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the pieces of a text: where each begins in the plain text, the piece, and the codes of its style."""
    begin, style = 0, ""
    for piece in _STYLE.split(text):
        if _STYLE.fullmatch(piece):
            style = "" if piece == _RESET else style + piece
        elif piece:
            yield begin, piece, style
            begin += len(piece)
