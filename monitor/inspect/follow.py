"""Follow what is stored: yield each event once, whatever order several monitors store theirs in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from monitor.records import Archive, EventFilter, EventRecord, read_all


class EventFollower:
    """A reader's places in the store: one for each name under which ids rise with the commits.

    Ids are given out before commits, so an event of another source may come later with a lower one.
    """

    def __init__(self, archive: Archive, wanted: EventFilter) -> None:
        """Begin behind the events that are stored now."""
        self._archive = archive
        self._wanted = wanted
        self._places = dict(archive.newest_events())

    @property
    def behind(self) -> int:
        """Return how far apart the newest events and the places are at most, in ids."""
        newest = self._archive.newest_events()
        return max((last - self._places.get(name, 0) for name, last in newest.items()), default=0)

    def note(self, source: str, event: int) -> None:
        """Note that the reader has an event already."""
        name = "" if "" in self._places else source
        self._places[name] = max(self._places.get(name, 0), event)

    def news(self) -> Iterator[EventRecord]:
        """Yield the events that were stored since the last call and pass the filter."""
        for name, last in sorted(self._archive.newest_events().items()):
            place = self._places.get(name, 0)
            if last <= place:
                continue
            self._places[name] = last
            if name in ("", self._wanted.source) or not self._wanted.source:
                wanted = replace(self._wanted, source=name or self._wanted.source)
                for event in read_all(partial(self._archive.events, wanted), after=place):
                    self._places[name] = max(self._places[name], event.id)
                    yield event
