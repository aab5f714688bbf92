"""List what happened to releases, for `events`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from monitor.inspect.rows import event_row
from monitor.model import Kind
from monitor.ports import Row
from monitor.records import Archive, EventFilter, read_all

KINDS = tuple(str(kind) for kind in Kind if kind is not Kind.UNCHANGED)


def event_rows(archive: Archive, wanted: EventFilter, *, after: int = 0) -> Iterator[Row]:
    """Yield a line of `events` for each one that passes the filter, oldest first; after: an id."""
    return map(event_row, read_all(partial(archive.events, wanted), after=after))
