"""List the ingested files, and what could not be read, for `dumps`."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.inspect.rows import dump_row, reject_row
from monitor.ports import Row
from monitor.records import Archive, read_all


def dump_rows(archive: Archive) -> Iterator[Row]:
    """Yield a line of `dumps` for each ingested file, oldest first."""
    return (dump_row(record.report) for record in read_all(archive.dumps))


def reject_rows(archive: Archive) -> Iterator[Row]:
    """Yield a line of `dumps --rejects` for each reject, oldest first."""
    return map(reject_row, read_all(archive.rejects))
