"""Narrow what a search finds by its facets, and count these."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from monitor.store.handle import Handle
from monitor.store.rows import comparable, day_text, to_json


class Facet(NamedTuple):
    """What a result can be narrowed by; None does not narrow, and of a release says that nothing is known."""

    source: str | None
    category: str | None
    month: str | None  # 2026-11


class Page(NamedTuple):
    """A part of what was found, newest first, and how many there are by the values of each facet."""

    numbers: Sequence[int]
    total: int
    counts: Mapping[str, Mapping[str, int]]  # sources, categories, months


def find(
    handle: Handle, found: Sequence[int] | None, wanted: Facet, *, since: date | None, before: int, limit: int
) -> Page:
    """Narrow what a search found; a release of which a facet is unknown has it as "". found: None is every release."""
    day = day_text(since)
    counts, numbers = Counter[Facet](), list[int]()
    if found is None:
        for row in handle.all("count_heads_by_facet", since=day):
            counts[_facet(row["source"], row["category"], row["month"])] += row["n"]
        values = {name: comparable(value) for name, value in wanted._asdict().items()}
        rows = handle.all("newest_heads_by_facet", **values, since=day, before=before, limit=limit)
        numbers = [row["id"] for row in rows]
    else:
        for facet, several in _grouped(handle.all("facets_of_heads", numbers=to_json(found), since=day)):
            counts[facet] += len(several)
            numbers += several if _passes(facet, wanted) else ()
        numbers = sorted((number for number in numbers if number < before), reverse=True)[:limit]
    total = sum(count for facet, count in counts.items() if _passes(facet, wanted))
    return Page(numbers, total, _by_name(counts, wanted))


def _grouped(rows: Sequence[Any]) -> Iterator[tuple[Facet, Sequence[int]]]:
    """Yield the numbers of releases that have all facets in common; facets that read the same may come twice."""
    groups: defaultdict[tuple[str, str | None, str | None], list[int]] = defaultdict(list)
    for number, source, category, month in rows:
        groups[source, category, month].append(number)
    return ((_facet(*facets), numbers) for facets, numbers in groups.items())


def _facet(source: str, category: str | None, month: str | None) -> Facet:
    return Facet(source, category or "", month or "")


def _by_name(counts: Mapping[Facet, int], wanted: Facet) -> Mapping[str, Mapping[str, int]]:
    return {
        "sources": _counts(counts, wanted, "source"),
        "categories": _counts(counts, wanted, "category"),
        "months": dict(sorted(_counts(counts, wanted, "month").items(), reverse=True)),
    }


def _counts(counts: Mapping[Facet, int], wanted: Facet, name: str) -> Mapping[str, int]:
    """Count by one facet what all others let pass, the most frequent first, then by the alphabet."""
    others = wanted._replace(**{name: None})
    by_value = Counter[str]()
    for facet, count in counts.items():
        if _passes(facet, others):
            by_value[getattr(facet, name)] += count
    return dict(sorted(by_value.items(), key=lambda one: (-one[1], one[0])))


def _passes(facet: Facet, wanted: Facet) -> bool:
    return all(want is None or want == has for want, has in zip(wanted, facet, strict=True))
