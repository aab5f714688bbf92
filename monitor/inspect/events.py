"""List what happened to releases, for `events`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from monitor.inspect.paging import OLDEST, ListedRow, Place, read_from
from monitor.inspect.rows import event_row
from monitor.model import Kind
from monitor.records import Archive, EventFilter

KINDS = tuple(str(kind) for kind in Kind if kind is not Kind.UNCHANGED)


def event_rows(archive: Archive, wanted: EventFilter, place: Place = OLDEST) -> Iterator[ListedRow]:
    """Yield a line of `events` for each one that passes the filter."""
    forward, backward = partial(archive.events, wanted), partial(archive.page, wanted)
    for event in read_from(place, forward=forward, backward=backward):
        yield ListedRow(event_row(event), str(event.id))
