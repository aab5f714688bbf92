"""Split a text at its lone "-" lines into segments, each with its place in the file.

A date label at the end of a line ends a segment, too: in files put together without a final line end the "-" stands
behind it, and other programs write another dash, signs that nobody sees, or nothing between two records.

The text comes in chunks of any length, which do not change the result. Memory is bounded: of a segment longer than any
record can be, only both ends are kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator
from datetime import date
from typing import NamedTuple

from monitor.collect.charset import byte_counter
from monitor.collect.formats.dash.end_label import DASHES, INVISIBLE, LETTERS, EndLabel, end_label, exact_label

MAX_SEPARATOR_LENGTH = 1_000  # characters of a "-" line, including the spaces after the "-"
_KEPT_END = 500  # characters kept of either end of a segment that is too long
_LAST_OF_CP1252 = "™"
_OTHER_SPACES = "".join(char for char in map(chr, range(0x3001)) if char.isspace() and char not in "\x85\xa0")

_BOM = "\ufeff"
_BOM_AND_DASH = re.compile(rf"{_BOM}[\s{INVISIBLE}]*-[\s{INVISIBLE}]*\Z")
_DASH_LINE = re.compile(rf"[\s{INVISIBLE}]*[{DASHES}][\s{INVISIBLE}{DASHES}]*")
_SIGN_LINE = re.compile(r"(?:<\w{1,9}\s?/?>|&\w{1,8};|[\W\d_])++")  # also `- 2 -`, `<hr>` and `&ndash;`


class Segment(NamedTuple):
    """The lines between two lone "-" lines, without outer empty lines and without spaces at line ends.

    Behind a letter that CP1252 has beyond ASCII a no-break space or U+0085 stays: where UTF-8 was misread, both make
    one letter.
    """

    line: int  # 1-based line of its "-"; 0: the text before the first one
    offset: int  # bytes of the file before its "-"
    lines: tuple[str, ...]
    length: int  # characters
    is_whole: bool = True  # False: too long, and only its ends were kept
    label: EndLabel | None = None  # its last line ends in it, as that of every complete record does
    is_welded: bool = False  # the segment before it ended in a label, and no "-" followed

    @property
    def has_date(self) -> bool:
        """Return whether it ends in a date that can be read."""
        return self.label is not None and self.label.is_read

    @property
    def ends_record(self) -> bool:
        """Return whether nothing behind it can belong to the same record."""
        return self.label is not None and self.label.ends_record

    @property
    def day(self) -> date | None:
        """Return the day at its end; None: it has no date, or the calendar has no such day."""
        return self.label.day if self.label else None

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


def _trimmed(lines: list[str]) -> tuple[str, ...]:
    """Return the lines without spaces at their ends and without outer empty lines."""
    bare = list(map(str.rstrip, lines))
    if bare != lines:
        text = "".join(lines)
        if "\x85" in text or "\xa0" in text:
            bare = list(map(_without_end_spaces, lines))
    first, end = 0, len(bare)
    while first < end and not bare[first]:
        first += 1
    while first < end and not bare[end - 1]:
        end -= 1
    return tuple(bare[first:end])


def _without_end_spaces(line: str) -> str:
    bare = line.rstrip()
    is_plain = bare == line or not "\x80" <= bare[-1:] <= _LAST_OF_CP1252
    return bare if is_plain else line.rstrip(_OTHER_SPACES)


class _Splitter:
    """The state of the splitting between two chunks."""

    def __init__(self, byte_count: Callable[[str], int], start: int, max_record: int) -> None:
        self._usual_count = self._byte_count = byte_count
        self._max_length = 2 * max_record + 2 * _KEPT_END
        self._rest = ""  # the end of the last line, which may still become a lone "-" or a label
        self._is_mid_line = False  # the rest continues the last of `lines`
        self._ended = 0  # lines
        self._bytes = start  # of the file, as far as counted
        self._line, self._offset = 0, start  # of the "-" of the current segment
        self._lines: list[str] = []  # of that segment, as read
        self._has_text = False  # one that is not empty is among them; of the segment before the first "-"
        self._label: EndLabel | None = None  # at the end of the last of them that is not empty
        self._is_welded = False
        self._length = 0  # of it, as read
        self._is_cut = False
        self._is_empty = True  # no segment was found yet

    def feed(self, chunk: str) -> Iterator[Segment]:
        codec = getattr(chunk, "codec", "")
        self._byte_count = byte_counter(codec) if codec else self._usual_count
        text, at = self._rest + chunk, 0
        self._counted, has_bom = 0, _BOM in text
        self._is_ascii = text.isascii() and self._byte_count("-") == 1
        near_end = slice(-3, -2) if "\r" in text else slice(-2, -1)  # the character before the last one
        # Line by line: a search for both characters at once takes six times as long.
        while (end := text.find("\n", at)) >= 0:
            line, dash = text[at:end], -1  # the place of a "-" that ends the segment
            if not line:
                self._take_empty()
            elif line[:1] == "-" and self._is_separator(line):
                dash = at
            elif self._label or self._is_mid_line or not self._line:
                dash = yield from self._take_unusual(text, at, line)
            else:
                self._lines.append(line)
            if dash < 0:
                before = line[near_end]  # in nearly all lines a letter, and then they end in no label
                if not before.isalpha() or before in LETTERS or has_bom:
                    if label := exact_label(line):
                        self._label = label
                    else:
                        dash = self._read_end(at, line)
            if dash >= 0 and (segment := self._next_segment(text, dash, end + 1)):
                yield segment
            self._ended += 1
            at = end + 1
        rest = text[at:]
        if len(rest) > MAX_SEPARATOR_LENGTH:  # enough is held back to see a label, though the line is not
            yield from self._take_unusual(text, at, rest)
            self._lines[-1] = self._lines[-1][:-MAX_SEPARATOR_LENGTH]
            self._is_mid_line = True
            at, rest = len(text) - MAX_SEPARATOR_LENGTH, rest[-MAX_SEPARATOR_LENGTH:]
        self._count(text, at)
        self._rest = rest

    def end(self) -> Iterator[Segment]:
        yield from self.feed("\n")  # the last line needs no line end
        if segment := self._close():
            yield segment
        if self._is_empty:
            lines = ("-",) if self._line else ()
            yield Segment(0, 0, lines, len(lines))

    def _is_separator(self, line: str) -> bool:
        return not self._is_mid_line and (line == "-" or (len(line) <= MAX_SEPARATOR_LENGTH and line.rstrip() == "-"))

    def _take_empty(self) -> None:
        """Take an empty line, or the end of a line that went on; neither is a "-" or has a label."""
        if self._is_mid_line:
            self._is_mid_line = False
        else:
            self._lines.append("")

    def _take_unusual(self, text: str, at: int, line: str) -> Generator[Segment, None, int]:
        """Take a line that goes on, or that follows a label or nothing; return its place if it stands for a "-"."""
        if self._is_mid_line:
            self._lines[-1] += line
            self._is_mid_line = False
            if line.strip():
                self._label = None
            return -1
        if self._is_other_separator(line):
            return at
        if self._label and not line.isspace():
            if self._label.ends_record:
                if segment := self._next_segment(text, at, at):
                    yield segment
                self._is_welded = True
            self._label = None
        self._lines.append(line)
        self._has_text = True
        return -1

    def _is_other_separator(self, line: str) -> bool:
        """Return whether a line behind a label, or before the first record, stands where a lone "-" should."""
        if len(line) > MAX_SEPARATOR_LENGTH or (self._has_text and not self._label):
            return False
        pattern = _SIGN_LINE if self._label and self._label.ends_record else _DASH_LINE
        return pattern.fullmatch(line) is not None and not line.isspace()

    def _read_end(self, at: int, line: str) -> int:
        """Read the label at the end of a line; return the place of a "-" that is glued to it, or -1."""
        end = line[-MAX_SEPARATOR_LENGTH:].rstrip()
        if label := end_label(end):
            self._label = label
        length = label.dash if label else 0
        if not length and _BOM in end and (match := _BOM_AND_DASH.search(end)):
            length = len(match.group())
        if not length:
            return -1
        kept = len(line.rstrip()) - length
        self._lines[-1] = self._lines[-1][: len(self._lines[-1]) - len(line) + kept]
        return at + kept

    def _next_segment(self, text: str, end: int, begin: int) -> Segment | None:
        """End the current segment at one place in the text and begin another; return it unless it is empty."""
        self._count(text, end)
        segment = self._close()
        self._line, self._offset = self._ended + 1, self._bytes
        self._count(text, begin)
        self._length = 0
        return segment

    def _count(self, text: str, end: int) -> None:
        """Count what stands between the last place counted and another."""
        begin, self._counted = self._counted, end
        # To take a part of the text costs more than all else here.
        self._bytes += end - begin if self._is_ascii else self._byte_count(text[begin:end])
        self._length += end - begin
        if self._length > self._max_length:
            whole = "\n".join(self._lines)
            self._lines = [self._lines[0] if self._is_cut else whole[:_KEPT_END], whole[-_KEPT_END:]]
            self._is_cut = True

    def _close(self) -> Segment | None:
        """Return the current segment, unless it is empty."""
        is_cut, label, is_welded = self._is_cut, self._label, self._is_welded
        kept = "\n".join(self._lines).split("\n") if is_cut else self._lines  # a kept end may hold several lines
        lines = _trimmed(kept)
        length = self._length if is_cut else sum(map(len, lines))
        self._lines, self._has_text, self._length, self._is_cut = [], False, 0, False
        self._label, self._is_welded = None, False
        if not lines and not is_cut:
            return None
        self._is_empty = False
        return Segment(self._line, self._offset, lines, length, not is_cut, label, is_welded)
