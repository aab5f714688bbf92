"""A query's tree → the same tree ready to be looked for, and what one release answers to it.

`is_met` is the meaning of the language: the index may only save calls of it. Distinct words answer first; places are
worked out for phrases, letter case, counts and chains alone, and offsets for hits alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, reduce

from monitor.match.document import FIELDS, Document, TokenizedField
from monitor.match.keywords import Keyword, read_saying
from monitor.match.nodes import And, Count, In, Near, Node, Not, Or, Say
from monitor.match.positions import NO_RUNS, Spans, both, firsts, near
from monitor.match.regex import Pattern

Rule = Node | Pattern
Span = tuple[str, int, int]  # field, and start and end as offsets into its raw text
Found = Mapping[str, Spans]  # field → places; fields without any have no entry


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


def matches(rule: Rule, reading: Document, *, now: Document | None = None) -> bool:
    """Whether a release meets the rule; `now` is the newer version that NOT looks at, if it is another."""
    match rule:
        case Keyword() | Pattern():
            return rule.is_met(reading)
        case And():
            return all(matches(part, reading, now=now) for part in rule.parts)
        case Or():
            return any(matches(part, reading, now=now) for part in rule.parts)
        case Not():
            return not matches(rule.part, now or reading)
        case Count():
            return _is_often_enough(rule, _everywhere(rule.part, reading))
        case Near():
            return any(_steps(rule, reading.page(field))[-1] for field in _fields(rule))
    raise AssertionError(rule)  # a tree with Say or In was not prepared


def places(rule: Node, reading: Document) -> Found | None:
    """Where a rule is met; what only a NOT names is nowhere. None: it is not met.

    It looks at every part once and at all places of a part together, so the cost grows with the length of the rule
    and with that of the text, but not with how often its words are repeated.
    """
    match rule:
        case And():
            found = [places(part, reading) for part in rule.parts]
            return None if None in found else together(found)
        case Or():
            found = [places(part, reading) for part in rule.parts]
            return None if found.count(None) == len(found) else together(found)
        case Not():
            return {} if places(rule.part, reading) is None else None
        case Count():
            found_there = _everywhere(rule.part, reading)
            return found_there if _is_often_enough(rule, found_there) else None
    return _everywhere(rule, reading) or None


def together(found: Iterable[Found | None]) -> Found:
    """All places of several rules."""
    made: dict[str, Spans] = {}
    for one in found:
        for field, runs in (one or {}).items():
            made[field] = both(made.get(field, NO_RUNS), runs)
    return made


def _everywhere(rule: Node, reading: Document) -> Found:
    """Places of a word, a phrase, a chain, or of any in an OR of them."""
    match rule:
        case Or():
            return together(_everywhere(part, reading) for part in rule.parts)
        case Keyword():
            found = {field: rule.runs(reading.page(field)) for field in rule.fields}
        case Near():
            found = {field: _chained(rule, reading.page(field)) for field in _fields(rule)}
        case _:
            raise AssertionError(rule)  # nodes.is_countable
    return {field: runs for field, runs in found.items() if runs}


def count(found: Found) -> int:
    """How many different places there are."""
    return sum(firsts(runs).bit_count() for runs in found.values())


def _is_often_enough(rule: Count, found: Found) -> bool:
    return count(found) >= rule.least


def _fields(rule: Node) -> tuple[str, ...]:
    """Where a chain or its part is looked for: all leaves of one have the same fields."""
    while not isinstance(rule, Keyword):
        rule = rule.parts[0] if isinstance(rule, Near | Or | And) else rule
    return rule.fields


def _chained(chain: Near, page: TokenizedField) -> Spans:
    """Runs of all parts that belong to some whole chain on this page."""
    steps = _steps(chain, page)
    found = right = steps[-1]
    for link, runs in zip(reversed(chain.links), reversed(steps[:-1]), strict=True) if found else ():
        right = near(runs, right, link.distance, page.main, sides=(not link.is_ordered, True))
        found = both(found, right)
    return found


def _steps(chain: Near, page: TokenizedField) -> list[Spans]:
    """For each part the runs that a chain from the left reaches; the last are empty where there is no whole chain."""
    steps = [_runs_of(chain.parts[0], page)]
    for link, part in zip(chain.links, chain.parts[1:], strict=True):
        if not steps[-1]:
            return [NO_RUNS]
        sides = (True, not link.is_ordered)
        steps.append(near(_runs_of(part, page), steps[-1], link.distance, page.main, sides=sides))
    return steps


def _runs_of(part: Node, page: TokenizedField) -> Spans:
    leaves = part.parts if isinstance(part, Or) else (part,)
    return reduce(both, (leaf.runs(page) for leaf in leaves if isinstance(leaf, Keyword)), NO_RUNS)


@lru_cache(maxsize=50_000)
def _leaf(say: Say, options: Options, fields: tuple[str, ...]) -> Keyword:
    """Equal words of many rules share one value: 100,000 rules speak of few thousand words."""
    return read_saying(say.text, is_exact=say.is_exact, fields=fields, case=options.case, inflect=options.inflect)
