"""Backtest one watchlist on known releases: find what it would have alerted on; nothing is stored or sent."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from monitor.collect.formats.base import Entry, without_repeats
from monitor.collect.formats.registry import reader
from monitor.collect.source import Source
from monitor.config import Config
from monitor.config.convert import sources_of
from monitor.errors import NotReadable
from monitor.inspect.survey import open_dump
from monitor.match.inside import InsideWords
from monitor.match.matcher import Matcher
from monitor.model import Alert, Change, Kind, Record, Release
from monitor.records import Stored
from monitor.text import plural


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A release to match."""

    release: Release
    source: str
    number: int | None = None  # None: from a dump that was not ingested
    version: int | None = None


@dataclass(slots=True)
class BacktestCounts:
    """The counts of a backtest so far."""

    seen: int = 0
    matched: int = 0
    alerted: int = 0
    first: date | None = None  # publication day of the releases seen; None: no release has one
    last: date | None = None

    def add(self, candidate: Candidate, alert: Alert | None) -> None:
        """Count one release and its alert."""
        self.seen += 1
        self.matched += bool(alert and alert.watchlists)
        self.alerted += bool(alert and alert.notified)
        day = candidate.release.date
        if day:
            self.first, self.last = min(self.first or day, day), max(self.last or day, day)

    def sentence(self) -> str:
        """Return `would have alerted on 14 of 320 releases in 90 days (2024-04-01 to 2024-06-29)`."""
        days = ""
        if self.first and self.last:
            count = (self.last - self.first).days + 1
            days = f" in {plural(count, 'day')} ({self.first} to {self.last})"
        missed = self.matched - self.alerted
        silent = f"; {missed:,} {'match' if missed == 1 else 'matches'} without an alert" if missed else ""
        return f"would have alerted on {self.alerted} of {plural(self.seen, 'release')}{days}{silent}"


def backtest(
    matcher: Matcher, candidates: Iterable[Candidate], counts: BacktestCounts, inside: InsideWords | None = None
) -> Iterator[tuple[Candidate, Alert]]:
    """Yield every release that matches, as if it were new, and count along; inside: what the keywords are inside of."""
    for candidate in candidates:
        if inside:
            inside.add(candidate.release)
        change = Change(
            kind=Kind.NEW,
            number=candidate.number or 0,
            version=candidate.version or 1,
            base=0,
            after=candidate.release,
            before=None,
            reason="",
            record=None,
        )
        [alert] = matcher.alerts([change], source=candidate.source) or (None,)
        counts.add(candidate, alert)
        if alert:
            yield candidate, alert


def candidate_of(stored: Stored) -> Candidate:
    """Return a stored release as a candidate."""
    return Candidate(release=stored.release, source=stored.source, number=stored.number, version=stored.version)


def dump_candidates(config: Config, path: Path) -> tuple[tuple[Candidate, ...], int]:
    """Return the releases of one dump file, and how many of its records cannot be read. Raises MonitorError."""
    sources = sources_of(config)
    whole, name = os.fsencode(path.absolute()), os.fsencode(path.name)
    # The source that would ingest this file, else the first: its options tell how to read it.
    inside = next((source for source in sources if source.folder.holds(whole)), None)
    source = inside or next((source for source in sources if source.folder.matches(name)), sources[0])
    entries = _entries(path, source)
    found = tuple(
        Candidate(release=entry.release, source=source.name) for entry in entries if isinstance(entry, Record)
    )
    return found, len(entries) - len(found)


def _entries(path: Path, source: Source) -> tuple[Entry, ...]:
    with open_dump(path, source) as dump:
        if dump.fault:
            raise NotReadable(dump.fault, where=str(path))
        return without_repeats(reader(dump, source.options).entries())
