"""Find the delimiter of a table, and the names of its columns.

csv.Sniffer takes commas in sentences or blanks for delimiters in tables of semicolons, so it is not used. What counts
is under which delimiter the header has the most known names, and then under which most rows have as many values.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Sequence

from monitor.collect.formats.csv.lines import Line
from monitor.collect.formats.fields import USUAL_NAMES, plain_name

DELIMITERS = (",", ";", "\t", "|")
_NAMED = "sep="  # a first line that says the delimiter, as spreadsheets write and read it
_USUAL = frozenset(plain_name(name) for names in USUAL_NAMES.values() for name in names)


def named_delimiter(line: str) -> str:
    """Return the delimiter that a first line names, else ""."""
    text = line.lstrip("\ufeff").rstrip("\r\n").strip('"')
    return text[len(_NAMED) :] if text.lower().startswith(_NAMED) and len(text) == len(_NAMED) + 1 else ""


def find_delimiter(sample: Sequence[Line], *, names: Collection[str] = (), columns: int = 0) -> str:
    """Return the delimiter of the first lines of a table.

    names: those that a mapping reads. columns: how many there are where no header names them.
    """
    return max(DELIMITERS, key=lambda one: _score(sample, one, names, columns))  # of equals the first


def known_names(header: Sequence[str], names: Collection[str] = ()) -> list[str]:
    """Return those names of a header that are usual ones, or of the given ones."""
    return [name for name in header if name in names or plain_name(name) in _USUAL]


def clean_header(values: Sequence[str]) -> tuple[str, ...]:
    """Return the names of columns as they are compared."""
    return tuple(value.strip("\ufeff \t\r\n\xa0") for value in values)


def _score(sample: Sequence[Line], delimiter: str, names: Collection[str], columns: int) -> tuple[int, int, int]:
    csv.field_size_limit(1 << 30)
    try:
        rows = [row for row in csv.reader((line.text for line in sample), delimiter=delimiter) if any(row)]
    except csv.Error:
        return 0, 0, 0
    if not rows:
        return 0, 0, 0
    width = columns or len(rows[0])
    equal = sum(len(row) == width for row in rows) if width > 1 else 0
    return 0 if columns else len(known_names(clean_header(rows[0]), names)), equal, width
