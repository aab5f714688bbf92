"""Read what a list of events shows of each: the edits of a change, or where its watchlists match."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from monitor.inspect.hits import FoundHits, HitFinder
from monitor.inspect.redlines import Hunk, Text
from monitor.inspect.text_changes import first_words, shortened, text_changes
from monitor.model import Kind, Release, Snippet
from monitor.records import Archive, EventRecord

# What a reader of news need not see: nothing was said anew, or nothing could be read.
HIDDEN = frozenset({Kind.COSMETIC, Kind.STALE, Kind.REJECTED})
SHOWN = frozenset(kind for kind in Kind if kind not in HIDDEN | {Kind.UNCHANGED})
HUNKS = 3  # that a list shows of one event
_SNIPPETS = 2
REDLINED = frozenset({Kind.CHANGED, Kind.COMPLETED, Kind.ENRICHED, Kind.REREAD, Kind.COSMETIC})
_BEGINNING = 200  # characters, as the next
_MOST_TITLE = 300


class Shown(NamedTuple):
    """One event, with what a list shows of its text."""

    event: EventRecord
    title_hits: tuple[tuple[int, int], ...] = ()  # offsets into the title
    category_hits: tuple[tuple[int, int], ...] = ()
    hunks: tuple[Hunk, ...] = ()  # of a change; the first HUNKS are shortened
    snippets: tuple[Snippet, ...] = ()
    beginning: str = ""  # of the text, where there is neither; "": it was pruned or is empty

    @property
    def title(self) -> str:
        """Return the title; of one that is longer than any title, its first words."""
        return first_words(self.event.title or "(no title)", _MOST_TITLE)


def shown_events(archive: Archive, finder: HitFinder, events: Sequence[EventRecord]) -> Iterator[Shown]:
    """Yield each of these events with what a list shows of it; their texts are read at once."""
    wanted = {(event.release, event.version) for event in events if event.release and event.version}
    texts = archive.texts(wanted)
    for event in events:
        text = texts.get((event.release or 0, event.version or 0))
        if text is None or text.is_pruned:
            yield Shown(event)
            continue
        found = finder.find(_release(text), source=event.source)
        hunks = _hunks(event, text.before, text) if text.before and not text.before.is_pruned else ()
        snippets = () if hunks else tuple(one for one in found.snippets if one.field == "body")[:_SNIPPETS]
        beginning = "" if hunks or snippets else _beginning(text.body)
        yield Shown(
            event,
            title_hits=_places(found, "title"),
            category_hits=_places(found, "category"),
            hunks=hunks,
            snippets=snippets,
            beginning=beginning,
        )


def _places(found: FoundHits, field: str) -> tuple[tuple[int, int], ...]:
    return tuple((hit.start, hit.end) for hit in found.hits if hit.field == field)


def _hunks(event: EventRecord, before: Text, after: Text) -> tuple[Hunk, ...]:
    if event.kind not in REDLINED:
        return ()
    found = text_changes(before, after).hunks
    return (*map(shortened, found[:HUNKS]), *found[HUNKS:])


def _release(text: Text) -> Release:
    return Release(title=text.title, body=text.body, date=text.date, category=text.category)


def _beginning(body: str) -> str:
    """Return the first words of a text, whose lines are joined."""
    return first_words(" ".join(body[: 2 * _BEGINNING].split()), _BEGINNING)
