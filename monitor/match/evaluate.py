"""A query's tree → the same tree ready to be looked for, and what one release answers to it.

`is_met` is the meaning of the language: the index may only save calls of it. Distinct words answer first; places are
worked out for phrases, letter case, counts and chains alone, and offsets for hits alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, reduce

from monitor.match.document import FIELDS, Document, TokenizedField
from monitor.match.keywords import Keyword, read_term
from monitor.match.nodes import And, Count, Near, Node, Not, Or, Scoped, Term
from monitor.match.positions import NO_SPANS, Spans, first_positions, near, union
from monitor.match.regex import Pattern

Rule = Node | Pattern
Location = tuple[str, int, int]  # field, and start and end as offsets into its raw text
SpansByField = Mapping[str, Spans]  # field → places; fields without any have no entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a watchlist says of all its words."""

    fields: tuple[str, ...] = FIELDS
    case: str = "smart"
    inflect: bool = True


def prepare(node: Node, options: Options, *, fields: tuple[str, ...] | None = None) -> Node:
    """The tree with keywords as leaves.

    Under NOT a word is looked for in the whole release, whatever the watchlist's fields; only a `field:` narrows it.
    """
    match node:
        case Term():
            return _keyword(node, options, fields or options.fields)
        case Scoped():
            return prepare(node.part, options, fields=(node.field,))
        case Not():
            return Not(part=prepare(node.part, options, fields=fields or FIELDS))
        case Count():
            return Count(least=node.least, part=prepare(node.part, options, fields=fields))
        case Near():
            return Near(parts=tuple(prepare(part, options, fields=fields) for part in node.parts), links=node.links)
        case And():
            return And(parts=tuple(prepare(part, options, fields=fields) for part in node.parts))
        case Or():
            return Or(parts=tuple(prepare(part, options, fields=fields) for part in node.parts))
        case Keyword():
            return node


def matches(rule: Rule, document: Document, *, now: Document | None = None) -> bool:
    """Whether a release meets the rule; `now` is the newer version that NOT looks at, if it is another."""
    match rule:
        case Keyword() | Pattern():
            return rule.matches(document)
        case And():
            return all(matches(part, document, now=now) for part in rule.parts)
        case Or():
            return any(matches(part, document, now=now) for part in rule.parts)
        case Not():
            return not matches(rule.part, now or document)
        case Count():
            return _is_often_enough(rule, _all_spans(rule.part, document))
        case Near():
            return any(_chain_steps(rule, document.field(field))[-1] for field in _fields(rule))
    raise AssertionError(rule)  # a tree with Say or In was not prepared


def matching_spans(rule: Node, document: Document) -> SpansByField | None:
    """Where a rule is met; what only a NOT names is nowhere. None: it is not met.

    It looks at every part once and at all places of a part together, so the cost grows with the length of the rule
    and with that of the text, but not with how often its words are repeated.
    """
    match rule:
        case And():
            found = [matching_spans(part, document) for part in rule.parts]
            return None if None in found else union_of(found)
        case Or():
            found = [matching_spans(part, document) for part in rule.parts]
            return None if found.count(None) == len(found) else union_of(found)
        case Not():
            return {} if matching_spans(rule.part, document) is None else None
        case Count():
            found_there = _all_spans(rule.part, document)
            return found_there if _is_often_enough(rule, found_there) else None
    return _all_spans(rule, document) or None


def union_of(found: Iterable[SpansByField | None]) -> SpansByField:
    """All places of several rules."""
    made: dict[str, Spans] = {}
    for one in found:
        for field, spans in (one or {}).items():
            made[field] = union(made.get(field, NO_SPANS), spans)
    return made


def _all_spans(rule: Node, document: Document) -> SpansByField:
    """Places of a word, a phrase, a chain, or of any in an OR of them."""
    match rule:
        case Or():
            return union_of(_all_spans(part, document) for part in rule.parts)
        case Keyword():
            found = {field: rule.spans(document.field(field)) for field in rule.fields}
        case Near():
            found = {field: _chain_spans(rule, document.field(field)) for field in _fields(rule)}
        case _:
            raise AssertionError(rule)  # nodes.is_countable
    return {field: spans for field, spans in found.items() if spans}


def count_positions(found: SpansByField) -> int:
    """How many different places there are."""
    return sum(first_positions(spans).bit_count() for spans in found.values())


def _is_often_enough(rule: Count, found: SpansByField) -> bool:
    return count_positions(found) >= rule.least


def _fields(rule: Node) -> tuple[str, ...]:
    """Where a chain or its part is looked for: all leaves of one have the same fields."""
    while not isinstance(rule, Keyword):
        rule = rule.parts[0] if isinstance(rule, Near | Or | And) else rule
    return rule.fields


def _chain_spans(chain: Near, tokenized: TokenizedField) -> Spans:
    """Runs of all parts that belong to some whole chain on this page."""
    steps = _chain_steps(chain, tokenized)
    found = right = steps[-1]
    for link, spans in zip(reversed(chain.links), reversed(steps[:-1]), strict=True) if found else ():
        right = near(spans, right, link.distance, tokenized.main_words, sides=(not link.is_ordered, True))
        found = union(found, right)
    return found


def _chain_steps(chain: Near, tokenized: TokenizedField) -> list[Spans]:
    """For each part the runs that a chain from the left reaches; the last are empty where there is no whole chain."""
    steps = [_part_spans(chain.parts[0], tokenized)]
    for link, part in zip(chain.links, chain.parts[1:], strict=True):
        if not steps[-1]:
            return [NO_SPANS]
        sides = (True, not link.is_ordered)
        steps.append(near(_part_spans(part, tokenized), steps[-1], link.distance, tokenized.main_words, sides=sides))
    return steps


def _part_spans(part: Node, tokenized: TokenizedField) -> Spans:
    leaves = part.parts if isinstance(part, Or) else (part,)
    return reduce(union, (leaf.spans(tokenized) for leaf in leaves if isinstance(leaf, Keyword)), NO_SPANS)


@lru_cache(maxsize=50_000)
def _keyword(term: Term, options: Options, fields: tuple[str, ...]) -> Keyword:
    """Equal words of many rules share one value: 100,000 rules speak of few thousand words."""
    return read_term(term.text, is_exact=term.is_exact, fields=fields, case=options.case, inflect=options.inflect)
