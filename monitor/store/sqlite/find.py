"""Narrow what a search finds by its facets, and count these."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import chain
from typing import NamedTuple

from monitor.search_values import SearchQuery
from monitor.store.sqlite.database import Handle
from monitor.store.sqlite.rows import to_json
from monitor.store.sqlite.search import search


class Facet(NamedTuple):
    """What a result can be narrowed by; None does not narrow, and of a release says that nothing is known."""

    source: str | None
    category: str | None
    month: str | None  # 2026-11


class Result(NamedTuple):
    """The releases that were found, newest first, and how many there are by the values of each facet."""

    numbers: Sequence[int]
    counts: Mapping[str, Mapping[str, int]]  # sources, categories, months


def find(handle: Handle, query: SearchQuery | None, wanted: Facet, *, since: date | None) -> Result:
    """Search and narrow; a release of which a facet is unknown has it as ""."""
    day = since.isoformat() if since else None
    if query is None:
        rows = handle.all("facets_of_all_heads", since=day)
    else:
        rows = handle.all("facets_of_heads", numbers=to_json(search(handle, query, since=since)), since=day)
    groups: defaultdict[tuple[str, str | None, str | None], list[int]] = defaultdict(list)
    for number, source, category, month in rows:
        groups[source, category, month].append(number)
    found = {Facet(key[0], key[1] or "", key[2] or ""): numbers for key, numbers in groups.items()}
    counts = {
        "sources": _counts(found, wanted, "source"),
        "categories": _counts(found, wanted, "category"),
        "months": dict(sorted(_counts(found, wanted, "month").items(), reverse=True)),
    }
    passing = chain.from_iterable(numbers for facet, numbers in found.items() if _passes(facet, wanted))
    return Result(numbers=sorted(passing, reverse=True), counts=counts)


def _counts(found: Mapping[Facet, Sequence[int]], wanted: Facet, name: str) -> Mapping[str, int]:
    """Count by one facet what all others let pass."""
    others = wanted._replace(**{name: None})
    counts = Counter[str]()
    for facet, numbers in found.items():
        if _passes(facet, others):
            counts[getattr(facet, name)] += len(numbers)
    return dict(counts.most_common())


def _passes(facet: Facet, wanted: Facet) -> bool:
    return all(want is None or want == has for want, has in zip(wanted, facet, strict=True))
