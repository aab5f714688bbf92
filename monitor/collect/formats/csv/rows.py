"""Read rows of delimited values from lines with the parser of the standard library.

A stray quote swallows what follows it, up to the next quote or to the end. So a row of several lines that is no whole
row costs its first line alone where other rows are seen among its lines: these are read again. What is read again is
bounded, so that no file takes quadratic time.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterable, Iterator
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
        reader = csv.reader(source, delimiter=self._delimiter)
        while True:
            source.begin()
            try:
                values, is_broken = next(reader, None), False
            except csv.Error:  # such as a line end inside a line
                values, is_broken = [], True
            if values is None or not source.taken:
                return
            first, last = source.taken[0], source.taken[-1]
            row = Row(values, first, last.has_end, source.is_at_end, source.is_too_long, is_broken)
            yield row if len(source.taken) == 1 and not row.is_too_long else self._checked(row)

    def _checked(self, row: Row) -> Row:
        """Return a row of several lines, or a broken one of its first line after which the others come again."""
        source = self._source
        if self._is_sound(row):
            return row
        if self._has_rows(source.taken[1:]) and source.give_back():
            return row._replace(values=[], is_open=False, is_too_long=False, is_broken=True)
        if row.is_too_long:
            source.skip_quoted()
        return row._replace(is_broken=row.is_broken or not (row.is_open or row.is_too_long))

    def _is_sound(self, row: Row) -> bool:
        """Return whether all quotes of a whole row stand where they may."""
        if row.is_open or row.is_too_long or row.is_broken or len(row.values) != (self.columns or len(row.values)):
            return False
        return parsed_rows(self._source.taken, self._delimiter, is_strict=True) is not None

    def _has_rows(self, lines: list[Line]) -> bool:
        return any(map(self._is_row, parsed_rows(lines, self._delimiter) or ()))


def parsed_rows(lines: list[Line], delimiter: str, *, is_strict: bool = False) -> list[list[str]] | None:
    """Return the rows of whole lines; None: they are not valid."""
    try:
        return list(csv.reader((line.text for line in lines), delimiter=delimiter, strict=is_strict))
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

    def give_back(self) -> bool:
        """Keep the first line of the row alone; the others come again. Return False where that would be too often."""
        if self._reread > _MAX_REREADS * self._read + self._max_record:
            return False
        self._reread += self._length
        self._again.extendleft(reversed(self.taken[1:]))
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
