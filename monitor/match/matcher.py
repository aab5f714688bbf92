"""Changes × watchlists → alerts: who matches, who is told, and where the words stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from monitor.match.added import Added
from monitor.match.document import Document
from monitor.match.evaluate import Rule, matches
from monitor.match.hits import every_place, first_places, in_order, total_of
from monitor.match.index import UNCOUNTED, Index
from monitor.match.keywords import keyword_fault
from monitor.match.query import NO_ALIASES, Aliases
from monitor.match.watchlist import ON_CHANGE, Watchlist, excluded, rules_of
from monitor.model import Alert, Change, Hit, Kind, Release

__all__ = ["HITS_KEPT", "ON_CHANGE", "Matcher", "Watchlist", "frequencies_in", "is_told", "keyword_fault"]

HITS_KEPT = 50  # per watchlist and release: a broad keyword must not make a message grow with the body

_AFTER = frozenset({(False, True), (True, True)})
_EITHER = _AFTER | {(True, False)}
_NEWLY = frozenset({(False, True)})
# (matched before, matches after) of those who are told; kinds that are not here tell nobody.
_TOLD: Mapping[Kind, frozenset[tuple[bool, bool]]] = MappingProxyType(
    {
        Kind.NEW: _AFTER,
        Kind.REAPPEARED: _AFTER,
        Kind.WITHDRAWN: _AFTER,
        Kind.CHANGED: _EITHER,
        Kind.COMPLETED: _NEWLY,
        Kind.ENRICHED: _NEWLY,
    }
)
_LOOKS_BACK = frozenset(kind for kind, told in _TOLD.items() if told != _AFTER)
_UNRECORDED = frozenset({Kind.UNCHANGED, Kind.REJECTED})

_Matches = dict[int, list[int]]  # numbers of watchlists that match → numbers of their rules that are met


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """What watchlists find in one release."""

    hits: tuple[Hit, ...]  # by field, then place; at most HITS_KEPT per watchlist
    totals: tuple[tuple[str, int], ...]  # watchlist → at how many different places; those that match alone


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """One change with what matches its two versions."""

    change: Change
    now: Document
    old: Document | None  # None: this kind of change does not look back
    after: _Matches
    before: _Matches

    @cached_property
    def added(self) -> Added:
        return Added(self.change)


class Matcher:
    """All watchlists, prepared once; a release is read once for all of them.

    A rule that several of them share is looked for once. frequencies: in how many stored releases a word's folded
    form stands (`frequencies_in`); they only make it faster. Raises UsageError for what no watchlist can look for.
    """

    __slots__ = ("_excluded", "_index", "_owners", "_rules", "_watchlists")

    def __init__(
        self,
        watchlists: Sequence[Watchlist],
        aliases: Aliases = NO_ALIASES,
        *,
        frequencies: Mapping[str, int] = UNCOUNTED,
    ) -> None:
        self._watchlists = tuple(watchlists)
        owners: dict[Rule, list[int]] = {}
        for number, watchlist in enumerate(self._watchlists):
            for rule in rules_of(watchlist, aliases):
                owners.setdefault(rule, []).append(number)
        self._rules = tuple(owners)
        self._owners = tuple(map(tuple, owners.values()))
        self._excluded = {n: excluded(one, aliases) for n, one in enumerate(self._watchlists) if one.exclude}
        self._index = Index(self._rules, frequencies)

    def alerts(self, changes: Sequence[Change], *, source: str) -> tuple[Alert, ...]:
        """One alert for each change that some watchlist matches or is told of, in the order of the changes.

        Names stand in the order of the configuration, hits by field, then place; at most HITS_KEPT per watchlist.
        """
        found = (self._alert(change, source) for change in changes if change.kind not in _UNRECORDED)
        return tuple(alert for alert in found if alert)

    def scan(self, release: Release, *, source: str | None = None) -> tuple[Hit, ...]:
        """Every watchlist's hits in one release, as an alert would carry them; source None: ask all watchlists."""
        return self.findings(release, source=source).hits

    def findings(self, release: Release, *, source: str | None = None) -> Matches:
        """As `scan`, with the number of places beside the hits that are kept."""
        reading = Document(release)
        return _together(self._findings(self._matches(reading, source), reading))

    def _alert(self, change: Change, source: str) -> Alert | None:
        seen = self._looked_at(change, source)
        told = [number for number in sorted({*seen.before, *seen.after}) if self._is_told(number, seen)]
        if not (seen.after or told):
            return None
        found = self._findings(seen.after, seen.now)
        if seen.old:
            found |= self._findings({n: seen.before[n] for n in told if n not in seen.after}, seen.old)
        both = _together(found)
        names = self._names(sorted(seen.after))
        return Alert(change=change, watchlists=names, told=self._names(told), hits=both.hits, totals=both.totals)

    def _looked_at(self, change: Change, source: str) -> _Seen:
        now = Document(change.after)
        old = Document(change.before) if change.before and change.kind in _LOOKS_BACK else None
        before = self._matches(old, source) if old else {}
        return _Seen(change=change, now=now, old=old, after=self._matches(now, source), before=before)

    def _is_told(self, number: int, seen: _Seen) -> bool:
        watchlist, kind = self._watchlists[number], seen.change.kind
        was, is_ = number in seen.before, number in seen.after
        if kind not in watchlist.when:
            return False
        if kind is not Kind.CHANGED or watchlist.on_change == "any":
            return is_told(kind, before=was and (is_ or self._is_lost(number, seen)), after=is_)
        return is_ and (not was if watchlist.on_change == "newly" else self._is_added(number, seen))

    def _is_lost(self, number: int, seen: _Seen) -> bool:
        """Whether a match is gone because its words went, not because a word came that rules it out."""
        if seen.old is None or self._is_excluded(number, seen.now):
            return False
        return any(matches(self._rules[rule], seen.old, now=seen.now) for rule in seen.before[number])

    def _is_added(self, number: int, seen: _Seen) -> bool:
        rules = [self._rules[rule] for rule in seen.after[number]]
        return any(map(seen.added.touches, every_place(rules, seen.now)))

    def _names(self, numbers: Sequence[int]) -> tuple[str, ...]:
        return tuple(self._watchlists[number].name for number in numbers)

    def _matches(self, reading: Document, source: str | None) -> _Matches:
        """A watchlist that does not match has no entry."""
        if not self._index.can_meet(reading.texts()):
            return {}
        met: _Matches = {}
        for candidate in self._index.candidates(reading.forms()):
            owners = [number for number in self._owners[candidate] if self._watches(number, source)]
            if owners and matches(self._rules[candidate], reading):
                for number in owners:
                    met.setdefault(number, []).append(candidate)
        return {
            number: rules
            for number, rules in met.items()
            if not self._is_excluded(number, reading) and self._is_often_enough(number, rules, reading)
        }

    def _watches(self, number: int, source: str | None) -> bool:
        sources = self._watchlists[number].sources
        return source is None or not sources or source in sources

    def _is_excluded(self, number: int, reading: Document) -> bool:
        return any(matches(rule, reading) for rule in self._excluded.get(number, ()))

    def _is_often_enough(self, number: int, rules: Sequence[int], reading: Document) -> bool:
        least = self._watchlists[number].min_hits
        return least == 1 or total_of([self._rules[rule] for rule in rules], reading) >= least

    def _findings(self, matches: _Matches, reading: Document) -> dict[int, Matches]:
        return {number: self._found(number, rules, reading) for number, rules in matches.items()}

    def _found(self, number: int, rules: Sequence[int], reading: Document) -> Matches:
        name = self._watchlists[number].name
        spans, total = first_places([self._rules[rule] for rule in rules], reading, most=HITS_KEPT)
        hits = (
            Hit(watchlist=name, field=field, start=start, end=end, text=reading.page(field).text[start:end])
            for field, start, end in spans
        )
        return Matches(hits=tuple(hits), totals=((name, total),))


def frequencies_in(releases: Iterable[Release]) -> Counter[str]:
    """In how many of these releases each word's folded form stands."""
    return Counter(form for release in releases for form in Document(release).forms())


def is_told(kind: Kind, *, before: bool, after: bool) -> bool:
    """Whether a watchlist that matched `before` and matches `after` is told of a change of this kind by default."""
    return (before, after) in _TOLD.get(kind, frozenset())


def _together(found: Mapping[int, Matches]) -> Matches:
    """Hits of all watchlists in the order of the text; at one place in the order of the configuration."""
    each = [found[number] for number in sorted(found)]
    hits = sorted((hit for one in each for hit in one.hits), key=lambda hit: in_order((hit.field, hit.start, hit.end)))
    return Matches(hits=tuple(hits), totals=tuple(total for one in each for total in one.totals))
