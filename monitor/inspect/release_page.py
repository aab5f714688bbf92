"""Read all that is known of one release: two of its texts side by side, its dumps, alerts and look-alikes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from monitor.errors import NotFound
from monitor.inspect.explain import chosen_watchlists, explanations
from monitor.inspect.hits import FoundHits, HitFinder
from monitor.inspect.text_changes import TextChanges, text_changes
from monitor.match.explain import Explanation
from monitor.model import Kind, Release
from monitor.page_records import DeliveryRecord, VersionText
from monitor.records import Appearance, Archive, EventRecord, Stored, VersionRecord, read_all

if TYPE_CHECKING:
    from monitor.config import Config

DUMPS = 200  # the newest ones that showed a release are read


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePage:
    """One release, with one version of its text and the one that it is compared with."""

    stored: Stored
    versions: Sequence[VersionRecord]
    old: VersionRecord | None  # None: the text is shown as it is
    new: VersionRecord
    texts: Mapping[int, VersionText]  # of these two, by version
    changes: TextChanges | None  # None: there is no other version, or one of the texts was pruned
    events: Sequence[EventRecord]
    related: Sequence[Stored]
    deliveries: Sequence[DeliveryRecord]
    sightings: Sequence[Sightings]
    dumps: int  # that showed it, at most DUMPS

    @property
    def pruned(self) -> Sequence[int]:
        """Return the versions among the two whose text was deleted."""
        return [version for version, text in sorted(self.texts.items()) if text.is_pruned]


class Sightings(NamedTuple):
    """A dump that showed a release, or several in a row that showed nothing new."""

    first: Appearance
    last: Appearance
    dumps: int


def release_page(archive: Archive, number: int, *, old: int | None = None, new: int | None = None) -> ReleasePage:
    """Return a release at version `new`, compared with `old`. Raises NotFound.

    old None: the text that was current before; new None: the current text.
    """
    stored = archive.head(number)
    versions = tuple(read_all(partial(archive.versions, number)))
    after = _version(versions, new or stored.version)
    before = _version(versions, old) if old else _before(versions, after)
    pair = {(number, one.version) for one in (before, after) if one}
    texts = {version: text for (_, version), text in archive.texts(pair).items()}
    events = tuple(read_all(partial(archive.release_events, number)))
    related = {other for event in events for other in event.related if other != number}
    shown = archive.shown_page(number, limit=DUMPS)[::-1]
    is_comparable = before is not None and not any(text.is_pruned for text in texts.values())
    return ReleasePage(
        stored=stored,
        versions=versions,
        old=before,
        new=after,
        texts=texts,
        changes=text_changes(before, after) if before and is_comparable else None,
        events=events,
        related=archive.heads_of(related) if related else (),
        deliveries=archive.deliveries(number)[::-1],
        sightings=tuple(_sightings(shown)),
        dumps=len(shown),
    )


def explained(config: Config, page: ReleasePage) -> Sequence[tuple[str, Explanation]]:
    """Return how each watchlist, by its name, reads the text that is shown."""
    shown = replace(page.stored, release=_release(page.new))
    return [(one.name, found) for one, found in explanations(config, shown, chosen_watchlists(config))]


def found_hits(finder: HitFinder, page: ReleasePage) -> FoundHits:
    """Return where the watchlists match the text that is shown."""
    return finder.find(_release(page.new), source=page.stored.source)


def _version(versions: Sequence[VersionRecord], number: int) -> VersionRecord:
    for version in versions:
        if version.version == number:
            return version
    release, last = versions[0].release, versions[-1].version
    raise NotFound(f"release {release} has no version {number}; its last one is {last}", where=f"version {number}")


def _before(versions: Sequence[VersionRecord], version: VersionRecord) -> VersionRecord | None:
    """Return the version that was current before another one; a stale version never was."""
    earlier = [one for one in versions if one.version < version.version and one.kind is not Kind.STALE]
    return earlier[-1] if earlier else None


def _release(version: VersionRecord) -> Release:
    return Release(title=version.title, body=version.body, date=version.date, category=version.category)


def _sightings(shown: Sequence[Appearance]) -> Iterator[Sightings]:
    """Yield the dumps in their order; those in a row that showed nothing new are one."""
    run: list[Appearance] = []
    for one in shown:
        if one.kind is Kind.UNCHANGED:
            run.append(one)
            continue
        if run:
            yield Sightings(run[0], run[-1], len(run))
            run = []
        yield Sightings(one, one, 1)
    if run:
        yield Sightings(run[0], run[-1], len(run))
