"""Changes × watchlists → alerts: who matches, who is told, and where the words stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from monitor.errors import UsageError
from monitor.match.index import Index
from monitor.match.keywords import CASES, Keyword, keyword_fault, read_keyword
from monitor.match.reading import FIELDS, Reading
from monitor.model import Alert, Change, Hit, Kind, Release

__all__ = ["HITS_KEPT", "Watchlist", "Watchlists", "is_told", "keyword_fault"]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchlist:
    """What one group of people waits for: any one of the keywords is enough."""

    name: str
    keywords: tuple[str, ...]
    fields: tuple[str, ...] = FIELDS
    when: frozenset[Kind] = frozenset(Kind)  # kinds it is told of; what it matches is recorded for every kind
    sources: frozenset[str] = frozenset()  # empty: all
    case: str = "smart"  # smart | ignore | exact
    inflect: bool = True  # singular and plural find each other


class Watchlists:
    """All watchlists, prepared once; a release is read once for all of them.

    A keyword that several of them share is looked for once. Raises UsageError for what `keyword_fault` refuses and
    for unknown fields or cases.
    """

    __slots__ = ("_index", "_keywords", "_owners", "_watchlists")

    def __init__(self, watchlists: Sequence[Watchlist]) -> None:
        self._watchlists = tuple(watchlists)
        owners: dict[Keyword, list[int]] = {}
        for number, watchlist in enumerate(self._watchlists):
            for keyword in _read_keywords(watchlist):
                owners.setdefault(keyword, []).append(number)
        self._keywords = tuple(owners)
        self._owners = tuple(map(tuple, owners.values()))
        self._index = Index(self._keywords)

    def alerts(self, changes: Sequence[Change], *, source: str) -> tuple[Alert, ...]:
        """One alert for each change that some watchlist matches or is told of, in the order of the changes.

        Names stand in the order of the configuration, hits by field, then place; at most HITS_KEPT per watchlist.
        """
        found = (self._alert(change, source) for change in changes if change.kind not in _UNRECORDED)
        return tuple(alert for alert in found if alert)

    def scan(self, release: Release, *, source: str | None = None) -> tuple[Hit, ...]:
        """Every watchlist's hits in one release, as an alert would carry them; source None: ask all watchlists."""
        return _in_order(self._hits(release, source))

    def _alert(self, change: Change, source: str) -> Alert | None:
        after = self._hits(change.after, source)
        before = self._hits(change.before, source) if change.before and change.kind in _LOOKS_BACK else {}
        told = [
            n for n in sorted({*before, *after}) if self._is_told(n, change.kind, before=n in before, after=n in after)
        ]
        if not (after or told):
            return None
        return Alert(
            change=change,
            watchlists=self._names(sorted(after)),
            told=self._names(told),
            hits=_in_order({**{n: before[n] for n in told if n not in after}, **after}),
        )

    def _is_told(self, number: int, kind: Kind, *, before: bool, after: bool) -> bool:
        return kind in self._watchlists[number].when and is_told(kind, before=before, after=after)

    def _names(self, numbers: Sequence[int]) -> tuple[str, ...]:
        return tuple(self._watchlists[number].name for number in numbers)

    def _hits(self, release: Release, source: str | None) -> dict[int, tuple[Hit, ...]]:
        """Hits by watchlist number; a watchlist that does not match has no entry."""
        reading = Reading(release)
        places: dict[int, set[tuple[str, int, int]]] = {}
        for candidate in self._index.candidates(reading.forms()):
            owners = [number for number in self._owners[candidate] if self._watches(number, source)]
            found = set(self._keywords[candidate].find(reading)) if owners else set()
            for number in owners if found else ():
                places.setdefault(number, set()).update(found)
        return {number: self._told_places(number, found, reading) for number, found in places.items()}

    def _watches(self, number: int, source: str | None) -> bool:
        sources = self._watchlists[number].sources
        return source is None or not sources or source in sources

    def _told_places(self, number: int, places: set[tuple[str, int, int]], reading: Reading) -> tuple[Hit, ...]:
        name = self._watchlists[number].name
        ordered = sorted(places, key=lambda place: (FIELDS.index(place[0]), *place[1:]))
        return tuple(
            Hit(watchlist=name, field=field, start=start, end=end, text=reading.page(field).text[start:end])
            for field, start, end in ordered[:HITS_KEPT]
        )


def is_told(kind: Kind, *, before: bool, after: bool) -> bool:
    """Whether a watchlist that matched `before` and matches `after` is told of a change of this kind by default."""
    return (before, after) in _TOLD.get(kind, frozenset())


def _read_keywords(watchlist: Watchlist) -> Iterator[Keyword]:
    if watchlist.case not in CASES:
        raise UsageError(f"unknown case {watchlist.case!r}; use {', '.join(CASES)}", where=watchlist.name)
    unknown = [field for field in watchlist.fields if field not in FIELDS]
    if unknown:
        raise UsageError(f"unknown field {unknown[0]!r}; use {', '.join(FIELDS)}", where=watchlist.name)
    for text in watchlist.keywords:
        yield read_keyword(text, fields=watchlist.fields, case=watchlist.case, inflect=watchlist.inflect)


def _in_order(hits: Mapping[int, tuple[Hit, ...]]) -> tuple[Hit, ...]:
    """Hits of all watchlists in the order of the text; at one place in the order of the configuration."""
    together = (hit for number in sorted(hits) for hit in hits[number])
    return tuple(sorted(together, key=lambda hit: (FIELDS.index(hit.field), hit.start, hit.end)))
