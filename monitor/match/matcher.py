"""Match changes against watchlists: which of them match, which are alerted, and where the hits are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from monitor.match.added import AddedText
from monitor.match.document import Document
from monitor.match.evaluate import Rule, matches
from monitor.match.hits import all_locations, count_hits, first_locations, text_order
from monitor.match.index import UNCOUNTED, Index
from monitor.match.keywords import keyword_fault
from monitor.match.query import NO_ALIASES, Aliases
from monitor.match.watchlist import ON_CHANGE, Watchlist, excluded, rules_of
from monitor.model import Alert, Change, Hit, Kind, Release

__all__ = ["MAX_HITS", "ON_CHANGE", "Matcher", "Watchlist", "frequencies_in", "is_alerted", "keyword_fault"]

MAX_HITS = 50  # per watchlist and release: a broad keyword must not make a message grow with the body

_MATCHES_NOW = frozenset({(False, True), (True, True)})
_MATCHES_EITHER = _MATCHES_NOW | {(True, False)}
_MATCHES_NEWLY = frozenset({(False, True)})
# (matched before, matches after) of the watchlists that are alerted; other kinds alert nobody.
_ALERTED: Mapping[Kind, frozenset[tuple[bool, bool]]] = MappingProxyType(
    {
        Kind.NEW: _MATCHES_NOW,
        Kind.REAPPEARED: _MATCHES_NOW,
        Kind.WITHDRAWN: _MATCHES_NOW,
        Kind.CHANGED: _MATCHES_EITHER,
        Kind.COMPLETED: _MATCHES_NEWLY,
        Kind.ENRICHED: _MATCHES_NEWLY,
        Kind.REREAD: _MATCHES_NEWLY,
    }
)
_COMPARED_KINDS = frozenset(kind for kind, cases in _ALERTED.items() if cases != _MATCHES_NOW)
_IGNORED_KINDS = frozenset({Kind.UNCHANGED, Kind.REJECTED})

_RulesMatched = dict[int, list[int]]  # number of a watchlist that matches → numbers of its rules that match


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """The hits of watchlists in one release."""

    hits: tuple[Hit, ...]  # by field, then place; at most MAX_HITS per watchlist
    totals: tuple[tuple[str, int], ...]  # watchlist that matches → number of different places


@dataclass(frozen=True, kw_only=True)
class _MatchedChange:
    """One change with the rules that match its two versions."""

    change: Change
    current: Document
    previous: Document | None  # None: of this kind of change, only the current version counts
    after: _RulesMatched
    before: _RulesMatched

    @cached_property
    def added(self) -> AddedText:
        return AddedText(self.change)


class Matcher:
    """All watchlists, prepared once; a release is read once for all of them.

    A rule that several of them share is evaluated once. frequencies: in how many stored releases a word's folded form
    occurs (`frequencies_in`); they only make it faster. Raises UsageError for a watchlist that is not valid.
    """

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
        self._asking_of_any_change = sum(self._asks(number, "any") for number in range(len(self._watchlists)))

    def alerts(self, changes: Sequence[Change], *, source: str) -> tuple[Alert, ...]:
        """Return one alert for each change that some watchlist matches or is alerted of, in the order of the changes.

        Names are in the order of the configuration, hits by field, then place; at most MAX_HITS per watchlist.
        """
        found = (self._alert(change, source) for change in changes if change.kind not in _IGNORED_KINDS)
        return tuple(alert for alert in found if alert)

    def scan(self, release: Release, *, source: str | None = None) -> tuple[Hit, ...]:
        """Return the hits of all watchlists in one release, as an alert has them; source None: any source."""
        return self.match(release, source=source).hits

    def match(self, release: Release, *, source: str | None = None) -> Matches:
        """Return the same as `scan`, with the number of places beside the hits that are kept."""
        document = Document(release)
        return _merged(self._matches_by_number(self._rules_matched(document, source), document))

    def matching(self, release: Release, *, source: str | None = None) -> tuple[str, ...]:
        """Return the names of the watchlists that match one release; cheaper than `match`, which locates each hit."""
        return self._names(sorted(self._rules_matched(Document(release), source)))

    def _alert(self, change: Change, source: str) -> Alert | None:
        seen = self._matched(change, source)
        alerted = [number for number in sorted({*seen.before, *seen.after}) if self._is_alerted(number, seen)]
        if not (seen.after or alerted):
            return None
        found = self._matches_by_number(seen.after, seen.current)
        if seen.previous:
            lost = {number: seen.before[number] for number in alerted if number not in seen.after}
            found |= self._matches_by_number(lost, seen.previous)
        both = _merged(found)
        names = self._names(sorted(seen.after))
        return Alert(change=change, watchlists=names, notified=self._names(alerted), hits=both.hits, totals=both.totals)

    def _matched(self, change: Change, source: str) -> _MatchedChange:
        """Match the two versions of a change, the previous one only for the watchlists whose alert depends on it."""
        kind, earlier = change.kind, change.before
        now = Document(earlier if earlier and kind is Kind.STALE else change.after)
        after = self._rules_matched(now, source)
        if earlier is None or not self._may_depend_on_before(kind, after):
            return _MatchedChange(change=change, current=now, previous=None, after=after, before={})
        old = Document(earlier)
        before = self._rules_matched(old, source, asked=lambda number: self._depends_on_before(number, kind, after))
        return _MatchedChange(change=change, current=now, previous=old, after=after, before=before)

    def _may_depend_on_before(self, kind: Kind, after: _RulesMatched) -> bool:
        """Return whether any watchlist may; of a changed release the usual ones do not if they match it now."""
        if kind is Kind.CHANGED:
            matched = sum(self._asks(number, "any") for number in after)
            return matched < self._asking_of_any_change or any(self._asks(number, "newly") for number in after)
        return kind in _COMPARED_KINDS and bool(after)

    def _depends_on_before(self, number: int, kind: Kind, after: _RulesMatched) -> bool:
        if kind is not Kind.CHANGED:
            return number in after
        return self._asks(number, "newly" if number in after else "any")

    def _is_alerted(self, number: int, matched: _MatchedChange) -> bool:
        watchlist, kind = self._watchlists[number], matched.change.kind
        was, is_ = number in matched.before, number in matched.after
        if kind not in watchlist.when:
            return False
        if kind is not Kind.CHANGED or watchlist.on_change == "any":
            return is_alerted(kind, before=was and (is_ or self._is_lost(number, matched)), after=is_)
        return is_ and (not was if watchlist.on_change == "newly" else self._is_added(number, matched))

    def _is_lost(self, number: int, matched: _MatchedChange) -> bool:
        """Return whether a match is gone because its words went, not because a word came that excludes it."""
        if matched.previous is None or self._is_excluded(number, matched.current):
            return False
        return any(matches(self._rules[rule], matched.previous, now=matched.current) for rule in matched.before[number])

    def _is_added(self, number: int, matched: _MatchedChange) -> bool:
        rules = [self._rules[rule] for rule in matched.after[number]]
        return any(map(matched.added.overlaps, all_locations(rules, matched.current)))

    def _asks(self, number: int, on_change: str) -> bool:
        """Return whether a watchlist wants to hear of changed releases, and of these."""
        watchlist = self._watchlists[number]
        return watchlist.on_change == on_change and Kind.CHANGED in watchlist.when

    def _names(self, numbers: Sequence[int]) -> tuple[str, ...]:
        return tuple(self._watchlists[number].name for number in numbers)

    def _rules_matched(
        self, document: Document, source: str | None, *, asked: Callable[[int], bool] | None = None
    ) -> _RulesMatched:
        """Return the rules that match; a watchlist that does not match has no entry.

        asked: whether a watchlist is to be matched; None: all are.
        """
        if not self._index.may_match(document.texts.values()):
            return {}
        matched: _RulesMatched = {}
        candidates = self._index.quick_candidates(document.folded)
        for candidate in self._index.candidates(document.forms()) if candidates is None else candidates:
            owners = [number for number in self._owners[candidate] if self._covers(number, source)]
            owners = owners if asked is None else list(filter(asked, owners))
            if owners and matches(self._rules[candidate], document):
                for number in owners:
                    matched.setdefault(number, []).append(candidate)
        return {
            number: rules
            for number, rules in matched.items()
            if not self._is_excluded(number, document) and self._has_min_hits(number, rules, document)
        }

    def _covers(self, number: int, source: str | None) -> bool:
        sources = self._watchlists[number].sources
        return source is None or not sources or source in sources

    def _is_excluded(self, number: int, document: Document) -> bool:
        return any(matches(rule, document) for rule in self._excluded.get(number, ()))

    def _has_min_hits(self, number: int, rules: Sequence[int], document: Document) -> bool:
        least = self._watchlists[number].min_hits
        return least == 1 or count_hits([self._rules[rule] for rule in rules], document) >= least

    def _matches_by_number(self, matches: _RulesMatched, document: Document) -> dict[int, Matches]:
        found, texts = {}, document.texts
        for number, rules in matches.items():
            name = self._watchlists[number].name
            spans, total = first_locations([self._rules[rule] for rule in rules], document, most=MAX_HITS)
            hits = [Hit(name, field, start, end, texts[field][start:end]) for field, start, end in spans]
            found[number] = Matches(hits=tuple(hits), totals=((name, total),))
        return found


def frequencies_in(releases: Iterable[Release]) -> Counter[str]:
    """Count in how many of these releases each word's folded form occurs."""
    return Counter(form for release in releases for form in Document(release).forms())


def is_alerted(kind: Kind, *, before: bool, after: bool) -> bool:
    """Return whether a watchlist that matched `before` and matches `after` is alerted of such a change by default."""
    return (before, after) in _ALERTED.get(kind, frozenset())


def _merged(found: Mapping[int, Matches]) -> Matches:
    """Merge the hits of all watchlists in text order; at one place in the order of the configuration."""
    each = [found[number] for number in sorted(found)]
    if len(each) == 1:
        return each[0]
    hits = [hit for one in each for hit in one.hits]
    hits.sort(key=lambda hit: text_order((hit.field, hit.start, hit.end)))
    return Matches(hits=tuple(hits), totals=tuple(total for one in each for total in one.totals))
