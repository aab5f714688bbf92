"""Read stored releases through a rule, a few at a time, and count what it matches, gains and loses.

Pure: somebody else reads the releases and decides how many at a time. Only numbers are kept, 12 bytes for a release
that matters, so that a scan of 100,000 releases takes about a megabyte at most.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import islice
from operator import neg
from typing import NamedTuple

from monitor.inspect.tested_rule import TestedRule
from monitor.match.matcher import Matcher
from monitor.records import Stored

_MATCHES, _WAS_MATCHED, _IS_NEAR = 1, 2, 4
_FLAGS = _MATCHES | _WAS_MATCHED | _IS_NEAR
_FLAG_BITS = 3
_UNDATED = 0


class Show(StrEnum):
    """Which releases of a scan to show."""

    ALL = "all"  # those that the rule or the compared watchlist matches
    GAINED = "gained"
    LOST = "lost"
    KEPT = "kept"
    NEAR = "near"


_SHOWN = {
    Show.ALL: frozenset(flags for flags in range(_FLAGS + 1) if flags & (_MATCHES | _WAS_MATCHED)),
    Show.GAINED: frozenset({_MATCHES}),
    Show.KEPT: frozenset({_MATCHES | _WAS_MATCHED}),
    Show.LOST: frozenset({_WAS_MATCHED, _WAS_MATCHED | _IS_NEAR}),
    Show.NEAR: frozenset({_IS_NEAR, _WAS_MATCHED | _IS_NEAR}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCounts:
    """How many releases a rule matches, against a watchlist in force; without one all it matches are kept."""

    kept: int = 0
    gained: int = 0
    lost: int = 0

    @property
    def matched(self) -> int:
        """Return how many the rule matches."""
        return self.kept + self.gained


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A release of a scan."""

    number: int
    show: Show  # gained, lost, kept or near
    parts: int  # as in Verdict


class RuleScan:
    """The releases that were read through one rule so far, newest first."""

    def __init__(self, rule: TestedRule) -> None:
        self.rule = rule
        self.cursor: int | None = None  # number of the oldest release read; None: none was
        self.read = 0
        self.is_finished = False
        self._newest = 0
        self._matcher: Matcher | None = None
        # Descending, of releases whose outcome is not empty: number, month and flags, parts.
        self._numbers, self._months_and_flags, self._masks = array("I"), array("I"), array("I")
        self._changes: Counter[int] = Counter()  # flags → releases
        self._months: Counter[tuple[int, int]] = Counter()  # month and flags → releases
        self._parts = [0] * len(rule.parts)

    def step(self, releases: Iterable[Stored]) -> None:
        """Count releases that follow the cursor, newest first, and those that came or changed meanwhile, oldest first.

        A release that was read before is counted anew, as it is now.
        """
        for stored in releases:
            is_older = self.cursor is None or stored.number < self.cursor
            if is_older or stored.number > self._newest:
                self.read += 1
            if is_older:
                self.cursor = stored.number
            self._newest = max(self._newest, stored.number)
            self._put(stored.number, self._outcome(stored))

    def finish(self) -> None:
        """Note that the oldest release was read; one that changes may still be counted anew."""
        self.is_finished = True
        self._matcher = None  # its memory of words is the largest part of a scan

    def has_passed(self, number: int) -> bool:
        """Return whether a release with this number would have been read by now."""
        return self.cursor is not None and number >= self.cursor

    @property
    def counts(self) -> ChangeCounts:
        """How many releases are kept, gained and lost."""
        return _counts(self._changes)

    @property
    def near(self) -> int:
        """How many releases exactly one part excludes."""
        return sum(self._changes[flags] for flags in _SHOWN[Show.NEAR])

    @property
    def part_counts(self) -> tuple[int, ...]:
        """How many releases have each part of the rule."""
        return tuple(self._parts)

    def months(self) -> dict[date | None, ChangeCounts]:
        """Return the counts by the month of publication, oldest first, without empty ones; None: no day is known."""
        by_month: dict[int, Counter[int]] = {}
        for (month, flags), count in sorted(self._months.items()):
            by_month.setdefault(month, Counter())[flags] = count
        counts = {_first_day(month): _counts(found) for month, found in by_month.items()}
        return {day: one for day, one in counts.items() if one.matched or one.lost}

    def found(self, show: Show, *, before: int | None = None, limit: int) -> list[Found]:
        """Return the newest releases to show, or those with a lower number than `before`."""
        start = 0 if before is None else bisect_left(self._numbers, -before + 1, key=neg)
        wanted = _SHOWN[show]
        flags = self._months_and_flags
        places = (place for place in range(start, len(self._numbers)) if flags[place] & _FLAGS in wanted)
        return [self._found(place, show) for place in islice(places, limit)]

    def _found(self, place: int, show: Show) -> Found:
        flags = self._months_and_flags[place] & _FLAGS
        changes = (each for each in (Show.GAINED, Show.KEPT, Show.LOST) if flags in _SHOWN[each])
        shown = Show.NEAR if show is Show.NEAR else next(changes)
        return Found(number=self._numbers[place], show=shown, parts=self._masks[place])

    def _outcome(self, stored: Stored) -> _Outcome:
        if self._matcher is None:
            self._matcher = self.rule.matcher()
        verdict = self.rule.judge(self._matcher.matching(stored.release, source=stored.source), stored.source)
        flags = verdict.matches * _MATCHES | verdict.was_matched * _WAS_MATCHED | verdict.is_near * _IS_NEAR
        return _Outcome(_month(stored.release.date) << _FLAG_BITS | flags, verdict.parts)

    def _put(self, number: int, outcome: _Outcome) -> None:
        """Set the outcome of a release in place of an earlier one."""
        is_last = not self._numbers or number < self._numbers[-1]
        place = len(self._numbers) if is_last else bisect_left(self._numbers, -number, key=neg)
        if place < len(self._numbers) and self._numbers[place] == number:
            self._add(_Outcome(self._months_and_flags[place], self._masks[place]), -1)
            self._months_and_flags[place], self._masks[place] = outcome
        elif outcome.month_and_flags & _FLAGS or outcome.parts:
            self._numbers.insert(place, number)
            self._months_and_flags.insert(place, outcome.month_and_flags)
            self._masks.insert(place, outcome.parts)
        self._add(outcome, 1)

    def _add(self, outcome: _Outcome, count: int) -> None:
        flags = outcome.month_and_flags & _FLAGS
        if flags:
            self._changes[flags] += count
            self._months[outcome.month_and_flags >> _FLAG_BITS, flags] += count
        for part in _bits(outcome.parts):
            self._parts[part] += count


class _Outcome(NamedTuple):
    """The result of one release, as it is kept."""

    month_and_flags: int
    parts: int  # as in Verdict


def _counts(found: Counter[int]) -> ChangeCounts:
    kept, gained, lost = (sum(found[flags] for flags in _SHOWN[each]) for each in (Show.KEPT, Show.GAINED, Show.LOST))
    return ChangeCounts(kept=kept, gained=gained, lost=lost)


def _bits(mask: int) -> Iterator[int]:
    while mask:
        yield (mask & -mask).bit_length() - 1
        mask &= mask - 1


def _month(day: date | None) -> int:
    return _UNDATED if day is None else day.year * 12 + day.month - 1


def _first_day(month: int) -> date | None:
    return None if month == _UNDATED else date(month // 12, month % 12 + 1, 1)
