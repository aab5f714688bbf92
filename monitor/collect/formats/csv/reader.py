"""Read the rows of a table by the mapping of their source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

from monitor.collect.charset import byte_counter, printable
from monitor.collect.formats.base import (
    EXCERPT_LENGTH,
    Entry,
    few_in_a_row,
    told_names,
    too_long,
    unreadable,
    without_repeats,
)
from monitor.collect.formats.csv.delimiter import clean_header, find_delimiter, named_delimiter
from monitor.collect.formats.csv.lines import Line, lines
from monitor.collect.formats.csv.rows import Row, Rows
from monitor.collect.formats.mapped import RecordMapper
from monitor.collect.source import SourceOptions
from monitor.model import Dump, Reject
from monitor.text import plural

PARSER_VERSION = 1  # increased when the same bytes may give other records

_DELIMITERS = {"tab": "\t"}  # names of those that are hard to write
_SAMPLE = 100  # lines that show the delimiter
_MAX_NAMES = 20  # columns that a reject names
_OPEN = "the file ends inside a row: it is half written or was cut off"
_TAIL = "the last row has no line end, so it may be half written or cut off"


class CsvReading:
    """A dump of delimited values."""

    def __init__(self, dump: Dump, options: SourceOptions) -> None:
        self._dump, self._options = dump, options
        self._mapper = RecordMapper(dump, options, version=PARSER_VERSION)
        self.kept: tuple[Entry, ...] | None = None
        if dump.fault:
            self.kept = (unreadable(dump),)
        elif dump.is_held:
            self.kept = without_repeats(self._entries())

    def entries(self) -> Iterator[Entry]:
        """Yield the records and rejects in their order."""
        return self._entries() if self.kept is None else iter(self.kept)

    def _entries(self) -> Iterator[Entry]:
        options, dump = self._options, self._dump
        found = lines(
            dump.text_chunks(),
            byte_count=byte_counter(dump.encoding),
            start=dump.bom,
            max_length=options.max_record,
        )
        sample = list(islice(found, _SAMPLE))
        named = named_delimiter(sample[0].text) if sample else ""
        sample = sample[1:] if named else sample
        columns = clean_header(options.format.columns)
        names = self._mapper.mapped_names
        delimiter = _DELIMITERS.get(options.format.delimiter, options.format.delimiter)
        if delimiter == "auto":
            delimiter = named or find_delimiter(sample, names=names, columns=len(columns))
        yield from few_in_a_row(self._records(chain(sample, found), delimiter, columns))

    def _records(self, found: Iterable[Line], delimiter: str, columns: tuple[str, ...]) -> Iterator[Entry]:
        is_empty, read = True, self._mapper.names_in(columns)

        def is_row(values: list[str]) -> bool:
            missing = len(columns) - len(values)  # of a row that goes on behind the lines that are looked at
            # A line of a text may have as many commas as a row, but hardly a day where rows have theirs.
            if not read["date"]:
                return not missing and len(values) > 1
            return missing >= 0 and self._mapper.has_day(RowNode(columns, [*values, *[""] * missing]))

        rows = Rows(found, delimiter=delimiter, is_row=is_row, max_record=self._options.max_record)
        rows.columns = len(columns)
        for row in rows:
            if not (row.is_broken or row.is_too_long or row.is_open or any(map(str.strip, row.values))):
                continue
            is_empty = False
            if not columns:
                if not row.first.has_end or row.is_open:
                    yield _reject(row, _OPEN, is_tail=True)
                    return
                columns = clean_header(row.values)
                rows.columns, read = len(columns), self._mapper.names_in(columns)
                if not read["title"] and not read["body"]:
                    yield _reject(row, _no_text(columns))
                    return
            elif tuple(row.values[:1]) != columns[:1] or clean_header(row.values) != columns:
                yield self._entry(row, columns, read)
        if is_empty:
            yield Reject(reason="the file holds no record", line=0, offset=0, text="", is_tail=True)

    def _entry(self, row: Row, columns: tuple[str, ...], read: Mapping[str, tuple[str, ...]]) -> Entry:
        if row.is_too_long:
            return _reject(row, too_long(self._options.max_record))
        if row.is_open and not row.is_broken:
            return _reject(row, _OPEN, is_tail=True)
        if row.is_broken or len(row.values) != len(columns):
            is_tail = not row.is_broken and not row.has_end and len(row.values) < len(columns)
            return _reject(row, _TAIL if is_tail else _wrong_count(row, columns), is_tail=is_tail)
        # A text that was cut is a view of it, as listings show it; a title, a day or a link that was cut is wrong.
        is_cut = not row.has_end and any(columns[-1] in names for field, names in read.items() if field != "body")
        if is_cut:
            return _reject(row, _TAIL, is_tail=True)
        first = row.first
        node = RowNode(columns, row.values)
        return self._mapper.entry(node, line=first.number, offset=first.offset, excerpt=lambda: first.text)


def reading(dump: Dump, options: SourceOptions) -> CsvReading:
    """Return a dump of delimited values as it is read."""
    return CsvReading(dump, options)


class RowNode:
    """A row as expressions see it: a path is the whole name of a column."""

    __slots__ = ("_values", "names")

    def __init__(self, names: tuple[str, ...], values: Sequence[str]) -> None:
        self.names, self._values = names, values

    def text(self, name: str) -> str:
        """Return the value of the first column with a name, else ""."""
        return self._values[self.names.index(name)] if name in self.names else ""

    def texts(self, path: tuple[str, ...], attribute: str = "") -> list[str]:
        """Return the value of a column; a column has no attributes."""
        text = "" if attribute else self.text(".".join(path))
        return [text] if text else []


def _wrong_count(row: Row, columns: Sequence[str]) -> str:
    if not row.values:
        return "a quote in the row is not closed, or is where none is allowed"
    return f"the row has {plural(len(row.values), 'value')}, and there are {plural(len(columns), 'column')}"


def _no_text(columns: Sequence[str]) -> str:
    there = told_names(columns, most=_MAX_NAMES)
    return f"no column is a title or a text: write map:, or columns: if the first row has no names; here it has {there}"


def _reject(row: Row, reason: str, *, is_tail: bool = False) -> Reject:
    first = row.first
    text = printable(first.text[:EXCERPT_LENGTH].rstrip("\r\n"))
    return Reject(reason=reason, line=first.number, offset=first.offset, text=text, is_tail=is_tail)
