"""List what happened to releases, for `events`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from monitor.inspect.paging import OLDEST, ListedRow, Place, read_from
from monitor.inspect.places import Places, events_behind
from monitor.inspect.rows import event_row
from monitor.model import Kind
from monitor.records import Archive, EventFilter

KINDS = tuple(str(kind) for kind in Kind if kind is not Kind.UNCHANGED)


def event_rows(archive: Archive, wanted: EventFilter, place: Place = OLDEST) -> Iterator[ListedRow]:
    """Yield a line of `events` for each one that passes the filter.

    place: `after` may be Places; who goes on behind a row then misses nothing that is stored later.
    """
    if isinstance(place.after, Places):
        for event, places in events_behind(archive, wanted, place.after, limit=place.limit):
            yield ListedRow(event_row(event), str(places))
        return
    forward, backward = partial(archive.events, wanted), partial(archive.page, wanted)
    for event in read_from(place, forward=forward, backward=backward):
        yield ListedRow(event_row(event), str(event.id))
