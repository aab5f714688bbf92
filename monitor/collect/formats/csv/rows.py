"""Read rows of delimited values from lines with the parser of the standard library.

A stray quote swallows what follows it, up to the next quote or to the end. So where a row of several lines is no whole
row, and another row is seen to begin among its lines, it ends there and the rest is read again. What is read again is
bounded, so that no file takes quadratic time.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from monitor.collect.formats.csv.lines import Line

_FIELD_LIMIT = 1 << 30  # characters; the library's own limit, one for the whole process, is 131,072
_MAX_REREADS = 4  # times as many characters as the file has


class Row(NamedTuple):
    """The values of one row."""

    values: list[str]
    first: Line
    has_end: bool  # a line end follows it
    is_open: bool = False  # the text ends inside quotes
    is_too_long: bool = False
    is_broken: bool = False  # a quote in it is a stray one


class Rows:
    """The rows of a table."""

    def __init__(
        self, lines: Iterable[Line], *, delimiter: str, is_row: Callable[[list[str]], bool], max_record: int
    ) -> None:
        """is_row: returns whether values are those of a row and surely no piece of a text."""
        csv.field_size_limit(_FIELD_LIMIT)
        self._source = _Source(lines, max_record)
        self._delimiter, self._is_row = delimiter, is_row
        self.columns = 0  # values that a row must have; 0: any number of them

    def __iter__(self) -> Iterator[Row]:
        source = self._source
        strict, lax = (csv.reader(source, delimiter=self._delimiter, strict=is_strict) for is_strict in (True, False))
        while True:
            source.begin()
            try:
                values, is_valid = next(strict, None), True
            except csv.Error:  # a quote stands where none may, or the text ends inside quotes
                source.rewind()
                values, is_valid = self._lax(lax), False
            if values is None or not source.taken:
                return
            first, last = source.taken[0], source.taken[-1]
            row = Row(
                values, first, last.has_end, source.is_at_end, source.is_too_long, is_broken=not (values or is_valid)
            )
            yield row if len(source.taken) == 1 and not row.is_too_long else self._checked(row, is_valid=is_valid)

    def _lax(self, reader: Iterator[list[str]]) -> list[str] | None:
        with suppress(csv.Error):  # such as a line end inside a line
            return next(reader, None)
        return []

    def _checked(self, row: Row, *, is_valid: bool) -> Row:
        """Return a row of several lines, or a broken one that ends where another begins."""
        source = self._source
        is_sound = is_valid and not row.is_too_long
        if is_sound and len(row.values) == (self.columns or len(row.values)):
            return row
        if (place := self._next_row()) and source.give_back(place):
            return row._replace(values=[], is_open=False, is_too_long=False, is_broken=True)
        if row.is_too_long:
            source.skip_quoted()
        return row._replace(is_broken=not (is_sound or row.is_open or row.is_too_long))

    def _next_row(self) -> int:
        """Return the place among the lines of the current row where another row begins; 0: none does."""
        reader = csv.reader((line.text for line in self._source.taken[1:]), delimiter=self._delimiter)
        begin = 1
        with suppress(csv.Error):
            for values in reader:
                if self._is_row(values):
                    return begin
                begin = 1 + reader.line_num
        return 0


def parsed_rows(lines: list[Line], delimiter: str) -> list[list[str]] | None:
    """Return the rows of whole lines; None: they are not valid."""
    try:
        return list(csv.reader((line.text for line in lines), delimiter=delimiter))
    except csv.Error:
        return None


class _Source:
    """Hands out lines, and remembers those of the current row."""

    def __init__(self, lines: Iterable[Line], max_record: int) -> None:
        self._lines, self._again, self._max_record = iter(lines), deque[Line](), max_record
        self._read = self._reread = self._length = 0  # characters
        self.taken: list[Line] = []
        self.is_at_end = self.is_too_long = False  # more lines were asked for than there are, or than a row may have

    def begin(self) -> None:
        """Begin a row."""
        self.taken, self._length, self.is_at_end, self.is_too_long = [], 0, False, False

    def rewind(self) -> None:
        """Let all lines of the row come again."""
        self._again.extendleft(reversed(self.taken))
        self.begin()

    def give_back(self, first: int) -> bool:
        """Let the lines of the row from the first of these come again; return False where that would be too often."""
        if self._reread > _MAX_REREADS * self._read + self._max_record:
            return False
        self._reread += self._length
        self._again.extendleft(reversed(self.taken[first:]))
        return True

    def skip_quoted(self) -> None:
        """Pass over the lines up to the one in which a quoted value ends."""
        if len(self.taken) == 1 and not self.taken[0].is_whole:
            return
        while (line := self._again.popleft() if self._again else self._next()) is not None:
            if line.text.count('"') % 2:
                return

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.is_too_long = self.is_too_long or self._length > self._max_record
        line = None
        if not self.is_too_long:
            line = self._again.popleft() if self._again else self._next()
            self.is_at_end = line is None and bool(self.taken)
        if line is None:
            raise StopIteration
        self.taken.append(line)
        self._length += len(line.text)
        self.is_too_long = not line.is_whole
        return line.text

    def _next(self) -> Line | None:
        line = next(self._lines, None)
        self._read += len(line.text) if line else 0
        return line
