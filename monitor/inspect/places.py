"""Say up to where a reader knows the events of a store, also where several monitors store theirs in any order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from functools import partial
from heapq import merge
from operator import attrgetter
from urllib.parse import quote, unquote

from monitor.frozen import dataclass
from monitor.inspect.paging import number_cursor
from monitor.records import PAGE, Archive, EventFilter, EventRecord, read_all

_EVERYTHING = ""  # the name of all events, in a store in which ids rise with the commits


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The last events that a reader knows: one place for each name under which ids rise with the commits.

    As a text it is what `after` takes: `104`, or with the places of some sources `98,motie:104,other:99`.
    """

    others: int = 0  # the place under every other name
    own: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        named = (f"{quote(name, safe='')}:{place}" for name, place in sorted(self.own.items()))
        return ",".join([str(self.others), *named])

    @property
    def last(self) -> int:
        """The highest id of them."""
        return max([self.others, *self.own.values()])

    def of(self, name: str) -> int:
        """Return the place under a name."""
        return self.last if name == _EVERYTHING else self.own.get(name, self.others)

    def moved(self, newest: Places) -> int:
        """Return under how many names of the newest places an event is not known."""
        named = newest.own or {_EVERYTHING: newest.others}
        return sum(place > self.of(name) for name, place in named.items())

    def behind(self, event: EventRecord) -> Places:
        """Return the places behind one more event, in a store with places of its sources."""
        return replace(self, own={**self.own, event.source: max(self.of(event.source), event.id)})


def newest_places(archive: Archive) -> Places:
    """Return the places of the newest events; cheap."""
    newest = archive.newest_events()
    return Places(others=newest[_EVERYTHING]) if _EVERYTHING in newest else Places(own=newest)


def parse_places(text: str) -> Places:
    """Return the places of a text. Raises UsageError."""
    others, *named = text.split(",")
    pairs = [pair.rpartition(":") for pair in named]
    return Places(others=number_cursor(others), own={unquote(name): number_cursor(place) for name, _, place in pairs})


def events_behind(
    archive: Archive, wanted: EventFilter, places: Places, *, limit: int = PAGE
) -> Iterator[tuple[EventRecord, Places]]:
    """Yield the events behind some places that pass the filter, by their ids, each with the places behind it.

    limit: events of each source that are read at once.
    """
    newest = archive.newest_events()
    if _EVERYTHING in newest:
        for event in read_all(partial(archive.events, wanted), after=places.last, limit=limit):
            yield event, Places(others=event.id)
        return
    sources = [
        read_all(partial(archive.events, replace(wanted, source=name)), after=places.of(name), limit=limit)
        for name, last in newest.items()
        if last > places.of(name) and wanted.source in ("", name)
    ]
    for event in merge(*sources, key=attrgetter("id")):
        places = places.behind(event)
        yield event, places
