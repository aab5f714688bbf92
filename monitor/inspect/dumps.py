"""List the ingested files, and what could not be read, for `dumps`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

from monitor.errors import UsageError
from monitor.inspect.paging import OLDEST, ListedRow, Place, number_cursor, read_from
from monitor.inspect.rows import dump_row, reject_row
from monitor.records import FIRST_DUMP, Archive, DumpCursor, DumpRecord
from monitor.times import parse_timestamp, timestamp

OLDEST_DUMP = Place(after=FIRST_DUMP)


def dump_rows(archive: Archive, place: Place = OLDEST_DUMP) -> Iterator[ListedRow]:
    """Yield a line of `dumps` for each ingested file."""
    for record in read_from(place, forward=archive.dumps, backward=archive.dumps_page):
        yield ListedRow(dump_row(record.report), _cursor_text(record))


def reject_rows(archive: Archive, place: Place = OLDEST) -> Iterator[ListedRow]:
    """Yield a line of `dumps --rejects` for each reject."""
    for reject in read_from(place, forward=archive.rejects, backward=archive.rejects_page):
        yield ListedRow(reject_row(reject), str(reject.id))


def dump_cursor(text: str) -> DumpCursor:
    """Return the cursor of a list of dumps; 0: that before the first one. Raises UsageError."""
    if text == "0":
        return FIRST_DUMP
    try:
        at, number, copy = text.split("~")
        return parse_timestamp(at).astimezone(UTC), number_cursor(number), bytes.fromhex(copy)
    except (ValueError, OverflowError, UsageError):
        raise UsageError(f"{text[:40]!r} is no place in this list: take it from `next`, or write 0") from None


def _cursor_text(record: DumpRecord) -> str:
    at, number, copy = record.cursor
    return f"{timestamp(at)}~{number}~{copy.hex()}"
