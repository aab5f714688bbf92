"""Carry scans of all stored releases on, a slice of time each, and keep the last ones.

A scan that is asked for again goes on where it stopped, and a finished one costs nothing. What was committed meanwhile
is read anew, release by release: the events behind the last one name them.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from threading import Lock
from typing import NamedTuple

from monitor.inspect.follow import EventFollower
from monitor.inspect.rule_rows import RuleRow, RuleRows
from monitor.inspect.rule_scan import ChangeCounts, RuleScan, Show
from monitor.inspect.tested_rule import TestedRule
from monitor.match.watchlist import Watchlist
from monitor.records import Archive, EventFilter, Stored

FIRST_SLICE = 0.12  # seconds of reading before the first answer
NEXT_SLICE = 0.4  # seconds before each further one
KEPT = 8  # scans
ROWS = 25  # on a page: each says why, and there is a page every 400 ms while one types
NEAR_ROWS = 5
_BATCH = 64  # releases that are read from the store at a time
_MOST_CHANGES = 5_000  # events since the last slice; beyond, to begin again is cheaper
_MAX_AGE = 600.0  # seconds after which a scan begins again when anything was committed; old events may be pruned


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleReport:
    """What a scan has found so far, with one page of its releases."""

    rule: TestedRule
    read: int
    total: int  # stored releases
    is_finished: bool
    seconds: float  # that reading took so far
    counts: ChangeCounts
    months: dict[date | None, ChangeCounts]  # by their first day, without empty ones; None: no day is known
    part_counts: tuple[int, ...]  # of the parts of the rule
    hints: tuple[str, ...]  # words that the rule does not find, though its own stand inside them
    near: int
    near_rows: tuple[RuleRow, ...]
    rows: tuple[RuleRow, ...]
    before: int | None  # number behind which the next page begins; None: this is the last one so far


class View(NamedTuple):
    """Which releases of a scan to show."""

    show: Show = Show.ALL
    before: int | None = None  # those with a lower number; None: from the newest one
    limit: int = ROWS


NEWEST = View()


class RuleScans:
    """The last scans of one process; any thread may ask for them. clock: seconds, for the length of a slice."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._lock = Lock()
        self._kept: OrderedDict[tuple[Watchlist, Watchlist | None], _KeptScan] = OrderedDict()

    def advance(self, rule: TestedRule, archive: Archive, view: View = NEWEST) -> RuleReport:
        """Read on for a slice of time, and return what was found so far. Raises StoreError."""
        kept = self._scan(rule, archive)
        with kept.lock:
            kept.advance(self._clock)
            return kept.report(view)

    def _scan(self, rule: TestedRule, archive: Archive) -> _KeptScan:
        """Return the scan of a rule; another configuration or another opened store begins a new one."""
        key = (rule.watchlist, rule.compared)
        with self._lock:
            kept = self._kept.pop(key, None)
            if kept is None or kept.archive is not archive or kept.scan.rule.aliases is not rule.aliases:
                kept = _KeptScan(rule, archive)
            self._kept[key] = kept
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return kept


class _KeptScan:
    """One scan with its place in the store."""

    def __init__(self, rule: TestedRule, archive: Archive) -> None:
        self.lock = Lock()
        self.archive = archive
        self._rows = RuleRows(rule)
        self._begin(rule)

    def _begin(self, rule: TestedRule) -> None:
        self.scan = RuleScan(rule)
        self._generation: Hashable = None  # of the store when its events were last read
        self._follower: EventFollower | None = None  # of the events since then
        self._changed: set[int] = set()  # releases to read anew
        self._total = 0
        self._seconds = 0.0
        self._begun: float | None = None

    def advance(self, clock: Callable[[], float]) -> None:
        """Read on until the slice is over or nothing is left to read."""
        start = clock()
        end = start + (NEXT_SLICE if self.scan.read else FIRST_SLICE)
        self._note_changes(start)
        try:
            for stored in self._unread():
                self.scan.step((stored,))
                self._changed.discard(stored.number)
                if clock() >= end and (self._changed or self.scan.read < self._total):
                    return
            self.scan.finish()
        finally:
            self._seconds += clock() - start

    def report(self, view: View) -> RuleReport:
        """Return what was found so far."""
        scan = self.scan
        found = scan.found(view.show, before=view.before, limit=view.limit + 1)
        rows = self._rows.read([*found[: view.limit], *scan.found(Show.NEAR, limit=NEAR_ROWS)], self.archive)
        return RuleReport(
            rule=scan.rule,
            read=scan.read,
            total=max(self._total, scan.read),
            is_finished=scan.is_finished and not self._changed,
            seconds=self._seconds,
            counts=scan.counts,
            months=scan.months(),
            part_counts=scan.part_counts,
            hints=scan.hints,
            near=scan.near,
            near_rows=tuple(row for row in rows if row.show is Show.NEAR),
            rows=tuple(row for row in rows if row.show is not Show.NEAR),
            before=found[view.limit - 1].number if len(found) > view.limit else None,
        )

    def _note_changes(self, now: float) -> None:
        """Note which of the releases that were read have changed since, and those that came."""
        generation = self.archive.contents()
        if generation == self._generation:
            return
        is_old = self._begun is not None and self.scan.is_finished and now - self._begun > _MAX_AGE
        if is_old or (self._follower and self._follower.behind > _MOST_CHANGES):
            self._begin(self.scan.rule)
        if self._follower is None:
            self._begun, self._follower = now, EventFollower(self.archive, EventFilter())
        for event in self._follower.news():
            if event.release is not None and self.scan.has_passed(event.release):
                self._changed.add(event.release)
        self._total = self.archive.count_heads()
        self._generation = generation

    def _unread(self) -> Iterator[Stored]:
        """Yield the releases to read: first those that changed or came, oldest first, then older ones."""
        while self._changed:
            numbers = sorted(self._changed)[:_BATCH]
            yield from self.archive.heads_of(numbers)
            self._changed.difference_update(numbers)  # with those that are no longer there
        while not self.scan.is_finished and (page := self._next_page()):
            yield from page

    def _next_page(self) -> Sequence[Stored]:
        return self.archive.heads_before(self.scan.cursor, limit=_BATCH)
