"""Read stored releases through a rule, a few at a time, and count what it matches, gains and loses.

Pure: somebody else reads the releases and decides how many at a time. Only numbers are kept, 7 to 10 bytes of a
release that matters: a scan of 100,000 releases takes a megabyte at most.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import islice
from operator import neg
from typing import NamedTuple

from monitor.inspect.tested_rule import TestedRule
from monitor.match.inside import InsideWords
from monitor.match.matcher import Matcher
from monitor.records import Stored

_MATCHES, _WAS_MATCHED, _IS_NEAR = 1, 2, 4
_FLAGS = _MATCHES | _WAS_MATCHED | _IS_NEAR
_FLAG_BITS = 3
_BYTE = 8  # parts whose bits take one
_MOST_MONTHS = 1 << 16 - _FLAG_BITS  # that fit into two bytes beside the flags


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
        self._inside = InsideWords([rule.watchlist], rule.aliases)
        # Descending, of releases whose outcome is not empty: number, flags with the place of the month, parts.
        self._numbers, self._facts = array("I"), array("H")
        self._masks = array("B" if len(rule.parts) <= _BYTE else "H" if len(rule.parts) <= 2 * _BYTE else "I")
        self._known_months: dict[date | None, int] = {}  # first day of a month → its place; None: undated
        self._changes: Counter[int] = Counter()  # flags → releases
        self._months: Counter[int] = Counter()  # as in `_facts` → releases
        self._parts = [0] * len(rule.parts)

    def step(self, releases: Iterable[Stored]) -> None:
        """Count releases that follow the cursor, newest first, and those that came or changed meanwhile, oldest first.

        A release that was read before is counted anew, as it is now.
        """
        for stored in releases:
            is_older = self.cursor is None or stored.number < self.cursor
            if is_older or stored.number > self._newest:
                self.read += 1
                self._inside.add(stored.release)
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

    @property
    def hints(self) -> tuple[str, ...]:
        """What the Korean words of the rule are inside of and do not find, as far as releases were read once."""
        return tuple(hint for _, hint in self._inside.hints())

    def months(self) -> dict[date | None, ChangeCounts]:
        """Return the counts by the month of publication, oldest first, without empty ones; None: no day is known."""
        counts = {
            day: _counts({flags: self._months[place << _FLAG_BITS | flags] for flags in range(_FLAGS + 1)})
            for day, place in sorted(self._known_months.items(), key=lambda each: each[0] or date.min)
        }
        return {day: one for day, one in counts.items() if one.matched or one.lost}

    def found(self, show: Show, *, before: int | None = None, limit: int) -> list[Found]:
        """Return the newest releases to show, or those with a lower number than `before`."""
        start = 0 if before is None else bisect_left(self._numbers, -before + 1, key=neg)
        wanted = _SHOWN[show]
        places = (place for place in range(start, len(self._numbers)) if self._facts[place] & _FLAGS in wanted)
        return [self._found(place, show) for place in islice(places, limit)]

    def _found(self, place: int, show: Show) -> Found:
        flags = self._facts[place] & _FLAGS
        changes = (each for each in (Show.GAINED, Show.KEPT, Show.LOST) if flags in _SHOWN[each])
        shown = Show.NEAR if show is Show.NEAR else next(changes)
        return Found(number=self._numbers[place], show=shown, parts=self._masks[place])

    def _outcome(self, stored: Stored) -> _Outcome:
        if self._matcher is None:
            self._matcher = self.rule.matcher()
        verdict = self.rule.judge(self._matcher.matching(stored.release, source=stored.source), stored.source)
        flags = verdict.matches * _MATCHES | verdict.was_matched * _WAS_MATCHED | verdict.is_near * _IS_NEAR
        return _Outcome(self._place_of_month(stored.release.date) << _FLAG_BITS | flags, verdict.parts)

    def _place_of_month(self, day: date | None) -> int:
        place = self._known_months.setdefault(day and day.replace(day=1), len(self._known_months))
        if (
            place == _MOST_MONTHS and self._facts.typecode == "H"
        ):  # of seven centuries: some dates are wrong, and take more room
            self._facts = array("I", self._facts)
        return place

    def _put(self, number: int, outcome: _Outcome) -> None:
        """Set the outcome of a release in place of an earlier one."""
        is_last = not self._numbers or number < self._numbers[-1]
        place = len(self._numbers) if is_last else bisect_left(self._numbers, -number, key=neg)
        if place < len(self._numbers) and self._numbers[place] == number:
            self._add(_Outcome(self._facts[place], self._masks[place]), -1)
            self._facts[place], self._masks[place] = outcome
        elif outcome.facts & _FLAGS or outcome.parts:
            self._numbers.insert(place, number)
            self._facts.insert(place, outcome.facts)
            self._masks.insert(place, outcome.parts)
        self._add(outcome, 1)

    def _add(self, outcome: _Outcome, count: int) -> None:
        flags = outcome.facts & _FLAGS
        if flags:
            self._changes[flags] += count
            self._months[outcome.facts] += count
        for part in _bits(outcome.parts):
            self._parts[part] += count


class _Outcome(NamedTuple):
    """The result of one release, as it is kept."""

    facts: int  # flags, and the place of the month above them
    parts: int  # as in Verdict


def _counts(found: Mapping[int, int]) -> ChangeCounts:
    kept, gained, lost = (
        sum(found.get(flags, 0) for flags in _SHOWN[each]) for each in (Show.KEPT, Show.GAINED, Show.LOST)
    )
    return ChangeCounts(kept=kept, gained=gained, lost=lost)


def _bits(mask: int) -> Iterator[int]:
    while mask:
        yield (mask & -mask).bit_length() - 1
        mask &= mask - 1
