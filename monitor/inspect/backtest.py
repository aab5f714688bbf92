"""Releases that are known × one watchlist → what it would have told; nothing is stored, nobody is told."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.collect.charset import decode
from monitor.collect.file_reader import Skipped, open_file, read_content
from monitor.collect.formats.dash.parser import parse
from monitor.config.convert import sources_of, watchlists_of
from monitor.errors import FileChanged, NotFound, NotReadable
from monitor.match.matcher import Matcher, Watchlist
from monitor.model import Alert, Change, Kind, Release

if TYPE_CHECKING:
    from monitor.collect.source import Source
    from monitor.config import Config
    from monitor.records import Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A release to look at."""

    release: Release
    source: str
    number: int | None = None  # None: of a dump that was not taken in
    version: int | None = None


@dataclass(slots=True)
class BacktestCounts:
    """What a backtest came to so far."""

    seen: int = 0
    matched: int = 0
    told: int = 0
    first: date | None = None  # of the days of the releases seen; None: none gave one
    last: date | None = None

    def add(self, candidate: Candidate, alert: Alert | None) -> None:
        """Count one release and what was said of it."""
        self.seen += 1
        self.matched += bool(alert and alert.watchlists)
        self.told += bool(alert and alert.told)
        day = candidate.release.date
        if day:
            self.first, self.last = min(self.first or day, day), max(self.last or day, day)

    def sentence(self) -> str:
        """`would have told 14 of 320 releases in 90 days (2024-04-01 to 2024-06-29)`."""
        days = ""
        if self.first and self.last:
            count = (self.last - self.first).days + 1
            days = f" in {_plural(count, 'day')} ({self.first} to {self.last})"
        silent = f"; {_plural(self.matched - self.told, 'match', 'matches')} not told" * (self.matched > self.told)
        return f"would have told {self.told} of {_plural(self.seen, 'release')}{days}{silent}"


def backtest(
    watchlist: Matcher, candidates: Iterable[Candidate], tally: BacktestCounts
) -> Iterator[tuple[Candidate, Alert]]:
    """Every release that matches, as if it were new; the tally counts along."""
    for candidate in candidates:
        [alert] = watchlist.alerts([as_new(candidate)], source=candidate.source) or (None,)
        tally.add(candidate, alert)
        if alert:
            yield candidate, alert


def as_new(candidate: Candidate) -> Change:
    """The change that a first sight of this release would be."""
    number, version = candidate.number or 0, candidate.version or 1
    return Change(
        kind=Kind.NEW,
        number=number,
        version=version,
        base=0,
        after=candidate.release,
        before=None,
        reason="",
        record=None,
    )


def stored(releases: Iterable[Stored]) -> Iterator[Candidate]:
    """The archive's releases."""
    for one in releases:
        yield Candidate(release=one.release, source=one.source, number=one.number, version=one.version)


def dumped(config: Config, path: Path) -> tuple[tuple[Candidate, ...], int]:
    """The releases of one dump file, and how many of its records cannot be read. Raises MonitorError."""
    source = _source_for(config, path)
    options = source.options
    parsed = parse(_text(path, source), categories=options.categories, max_record=options.max_record)
    return tuple(Candidate(release=one.release, source=source.name) for one in parsed.records), len(parsed.rejects)


def watchlist_for(config: Config, text: str, *, is_query: bool) -> Watchlist:
    """The watchlist of exactly that name, else the text as a rule of its own. Raises UsageError."""
    named = next((one for one in watchlists_of(config) if one.name == text), None)
    if named and not is_query:
        return named
    return Watchlist(name="query", query=text)


def _source_for(config: Config, path: Path) -> Source:
    """The source that would take this file in, else the first: its habits tell how to read it."""
    sources = sources_of(config)
    whole, name = os.fsencode(path.absolute()), os.fsencode(path.name)
    inside = next((source for source in sources if source.folder.holds(whole)), None)
    return inside or next((source for source in sources if source.folder.matches(name)), sources[0])


def _text(path: Path, source: Source) -> str:
    try:
        with open_file(os.fsencode(path.absolute()), follow_symlinks=True) as file:
            content = read_content(file, max_file=source.max_file)
        text = "" if content.fault else decode(content.content, source.encoding)
    except OSError as error:
        raise NotFound(f"cannot be read: {error.strerror}", where=str(path)) from error
    except (Skipped, FileChanged, NotReadable) as error:
        raise NotReadable(error.message, where=str(path)) from error
    if content.fault:
        raise NotReadable(content.fault, where=str(path))
    return text


def _plural(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"
