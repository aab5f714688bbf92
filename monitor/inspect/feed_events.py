"""Read what a feed shows of events: the edits of a change, the places where rules match, or how the text begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from monitor.inspect.hits import HitFinder
from monitor.inspect.redlines import Hunk
from monitor.inspect.tested_rule import TestedRule
from monitor.inspect.text_changes import first_words, shortened, text_changes
from monitor.inspect.timeline import REDLINED
from monitor.match.matcher import Matcher
from monitor.model import Release, Snippet
from monitor.page_records import VersionText
from monitor.records import Archive, EventRecord

_BEGINNING = 300  # characters
PLACES = 12  # of a change that a feed shows
_EDITS = 60  # of one place
_SNIPPETS = 5


class FeedEvent(NamedTuple):
    """One event, with what a feed shows of its text; all of it is empty where the text was pruned."""

    event: EventRecord
    hunks: tuple[Hunk, ...] = ()  # of a change; the first PLACES are shortened, the others are there to be counted
    snippets: tuple[Snippet, ...] = ()  # of the body and the category: the title is shown anyway
    beginning: str = ""  # of the text, where there is neither


def feed_events(archive: Archive, finder: HitFinder, events: Sequence[EventRecord]) -> Iterator[FeedEvent]:
    """Yield each of these events with what a feed shows of it; their texts are read at once."""
    texts = _texts(archive, events)
    for event in events:
        text = texts.get(event.id)
        if text is None or text.is_pruned:
            yield FeedEvent(event)
            continue
        found = finder.find(_release(text), source=event.source)
        hunks = _hunks(event, text)
        snippets = tuple(one for one in found.snippets if one.field != "title")[:_SNIPPETS]
        beginning = "" if hunks or snippets else _beginning(text.body)
        yield FeedEvent(event, hunks=hunks, snippets=snippets, beginning=beginning)


def rule_events(archive: Archive, rule: TestedRule, events: Sequence[EventRecord]) -> Iterator[EventRecord]:
    """Yield those of these events whose version of the release a rule matches, as far as its text is still stored."""
    matcher, texts = Matcher([rule.watchlist], rule.aliases), _texts(archive, events)
    for event in events:
        text = texts.get(event.id)
        if text and matcher.scan(_release(text), source=event.source):
            yield event


def rule_finder(rule: TestedRule) -> HitFinder:
    """Return the finder of the places that a rule matches."""
    return HitFinder([rule.watchlist], rule.aliases)


def _texts(archive: Archive, events: Sequence[EventRecord]) -> Mapping[int, VersionText]:
    """Return the text of each event that has one, by the event's id."""
    places = {event.id: (event.release, event.version) for event in events if event.release and event.version}
    texts = archive.texts({(release or 0, version or 0) for release, version in places.values()})
    return {number: texts[place] for number, place in places.items() if place in texts}


def _release(text: VersionText) -> Release:
    return Release(title=text.title, body=text.body, date=text.date, category=text.category)


def _hunks(event: EventRecord, text: VersionText) -> tuple[Hunk, ...]:
    if event.kind not in REDLINED or text.before is None or text.before.is_pruned:
        return ()
    hunks = text_changes(text.before, text).hunks
    shown = (hunk._replace(edits=hunk.edits[:_EDITS]) for hunk in hunks[:PLACES])
    return (*map(shortened, shown), *hunks[PLACES:])


def _beginning(body: str) -> str:
    """Return the first words of a text, whose lines are joined."""
    return first_words(" ".join(body[: 2 * _BEGINNING].split()), _BEGINNING)
