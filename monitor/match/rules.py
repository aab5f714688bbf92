"""A query's tree → the same tree ready to be looked for, and what one release answers to it.

`is_met` is the meaning of the language: the index may only save calls of it. Distinct words answer first; places are
worked out for phrases, letter case, counts and chains alone, and offsets for hits alone.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from monitor.match.keywords import Keyword, read_saying
from monitor.match.nodes import And, Count, In, Link, Near, Node, Not, Or, Say
from monitor.match.patterns import Pattern
from monitor.match.reading import FIELDS, Page, Reading

Rule = Node | Pattern
Span = tuple[str, int, int]  # field, and start and end as offsets into its raw text
_Run = tuple[int, int]  # the first and the last word, by their place on the page


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a watchlist says of all its words."""

    fields: tuple[str, ...] = FIELDS
    case: str = "smart"
    inflect: bool = True


def prepared(node: Node, options: Options, *, fields: tuple[str, ...] | None = None) -> Node:
    """The tree with keywords as leaves.

    Under NOT a word is looked for in the whole release, whatever the watchlist's fields; only a `field:` narrows it.
    """
    match node:
        case Say():
            return _leaf(node, options, fields or options.fields)
        case In():
            return prepared(node.part, options, fields=(node.field,))
        case Not():
            return Not(part=prepared(node.part, options, fields=fields or FIELDS))
        case Count():
            return Count(least=node.least, part=prepared(node.part, options, fields=fields))
        case Near():
            return Near(parts=tuple(prepared(part, options, fields=fields) for part in node.parts), links=node.links)
        case And():
            return And(parts=tuple(prepared(part, options, fields=fields) for part in node.parts))
        case Or():
            return Or(parts=tuple(prepared(part, options, fields=fields) for part in node.parts))
        case Keyword():
            return node


def is_met(rule: Rule, reading: Reading, *, now: Reading | None = None) -> bool:
    """Whether a release meets the rule; `now` is the newer version that NOT looks at, if it is another."""
    match rule:
        case Keyword() | Pattern():
            return rule.is_met(reading)
        case And():
            return all(is_met(part, reading, now=now) for part in rule.parts)
        case Or():
            return any(is_met(part, reading, now=now) for part in rule.parts)
        case Not():
            return not is_met(rule.part, now or reading)
        case Count():
            places = {(field, first) for field, first, _ in islice(_distinct(rule.part, reading), rule.least)}
            return len(places) >= rule.least
        case Near():
            return next(_runs(rule, reading), None) is not None
    raise AssertionError(rule)  # a tree with Say or In was not prepared


def spans(rule: Rule, reading: Reading, *, most: int | None = None) -> Iterator[Span]:
    """Where a rule that is met stands; what only a NOT names is nowhere. most: per word or phrase; None: all."""
    match rule:
        case Keyword() | Pattern():
            yield from islice(rule.find(reading), most)
        case And() | Or():
            for part in rule.parts:
                if is_met(part, reading):
                    yield from spans(part, reading, most=most)
        case Count():
            yield from spans(rule.part, reading, most=most)
        case Near():
            for field, first, last in islice(_runs(rule, reading), most):
                tokens = reading.page(field).tokens
                yield field, tokens[first].start, tokens[last].end


def _distinct(rule: Node, reading: Reading) -> Iterator[tuple[str, int, int]]:
    """Runs of which no two begin at the same word."""
    seen: set[tuple[str, int]] = set()
    for run in _runs(rule, reading):
        if run[:2] not in seen:
            seen.add(run[:2])
            yield run


def _runs(rule: Node, reading: Reading) -> Iterator[tuple[str, int, int]]:
    """Places as field, first and last word; of a chain the places of every part that takes part in one."""
    match rule:
        case Keyword():
            for field in rule.fields:
                yield from ((field, *run) for run in rule.runs(reading.page(field)))
        case Or():
            for part in rule.parts:
                yield from _runs(part, reading)
        case Near():
            for field in _fields(rule):
                yield from ((field, *run) for run in _chained(rule, reading.page(field)))


def _fields(rule: Node) -> tuple[str, ...]:
    """Where a chain or its part is looked for: all leaves of one have the same fields."""
    while not isinstance(rule, Keyword):
        rule = rule.parts[0] if isinstance(rule, Near | Or | And) else rule
    return rule.fields


def _chained(chain: Near, page: Page) -> list[_Run]:
    """Runs of all parts that belong to some whole chain on this page, in order of the parts."""
    steps = [_runs_of(chain.parts[0], page)]
    for link, part in zip(chain.links, chain.parts[1:], strict=True):
        steps.append(_beside(steps[-1], _runs_of(part, page), link, page) if steps[-1] else [])
    for at in range(len(steps) - 2, -1, -1):
        steps[at] = _beside(steps[at + 1], steps[at], chain.links[at], page, is_back=True) if steps[at + 1] else []
    return [run for step in steps for run in step]


def _runs_of(part: Node, page: Page) -> list[_Run]:
    leaves = part.parts if isinstance(part, Or) else (part,)
    return sorted({run for leaf in leaves if isinstance(leaf, Keyword) for run in leaf.runs(page)})


def _beside(
    anchors: Sequence[_Run], runs: Sequence[_Run], link: Link, page: Page, *, is_back: bool = False
) -> list[_Run]:
    """Those runs that have an anchor near enough; is_back: the anchors are the right hand of the link."""
    starts = sorted(first for first, _ in anchors)
    ends = sorted(last for _, last in anchors)
    before = not (link.is_ordered and is_back)  # may an anchor stand before the run?
    after = not link.is_ordered or is_back
    return [
        run
        for run in runs
        if (before and _is_close(ends, bisect_left(ends, run[0]) - 1, run[0], link, page))
        or (after and _is_close(starts, bisect_right(starts, run[1]), run[1], link, page))
    ]


def _is_close(places: Sequence[int], at: int, place: int, link: Link, page: Page) -> bool:
    """Whether the place at this index exists and at most so many words stand between it and the other one."""
    if not 0 <= at < len(places):
        return False
    return abs(page.ordinals[places[at]] - page.ordinals[place]) <= link.distance + 1


@lru_cache(maxsize=50_000)
def _leaf(say: Say, options: Options, fields: tuple[str, ...]) -> Keyword:
    """Equal words of many rules share one value: 100,000 rules speak of few thousand words."""
    return read_saying(say.text, is_exact=say.is_exact, fields=fields, case=options.case, inflect=options.inflect)
