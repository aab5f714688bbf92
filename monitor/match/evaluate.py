"""Prepare the tree of a query, and evaluate it on one release.

`matches` defines the meaning of the language: the index may only save calls of it. Distinct words answer first;
positions are computed only for phrases, letter case, counts and chains, and offsets only for hits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache, reduce

from monitor.frozen import dataclass
from monitor.match.document import FIELDS, Document, TokenizedField
from monitor.match.keywords import Keyword, read_term
from monitor.match.nodes import And, Count, Near, Node, Not, Or, Scoped, Term
from monitor.match.positions import NO_SPANS, Spans, first_positions, near, union
from monitor.match.regex import Pattern

Rule = Node | Pattern
Location = tuple[str, int, int]  # field, and start and end as offsets into its raw text
SpansByField = Mapping[str, Spans]  # fields without spans have no entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The settings of a watchlist for all its words."""

    fields: tuple[str, ...] = FIELDS
    case: str = "smart"
    inflect: bool = True


def prepare(node: Node, options: Options, *, fields: tuple[str, ...] | None = None) -> Node:
    """Return the tree with keywords as leaves.

    Under NOT a word is searched in the whole release, whatever the watchlist's fields; only a `field:` narrows it.
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
        case Near() | And() | Or():
            return replace(node, parts=tuple(prepare(part, options, fields=fields) for part in node.parts))
        case Keyword():
            return node


def matches(rule: Rule, document: Document, *, now: Document | None = None) -> bool:
    """Return whether a release matches the rule; `now` is the newer version that NOT checks, if it is another."""
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
            return count_positions(_all_spans(rule.part, document)) >= rule.least
        case Near():
            return any(_chain_steps(rule, document.field(field))[-1] for field in _fields(rule))
    raise AssertionError(rule)  # a tree with Say or In was not prepared


def matching_spans(rule: Node, document: Document) -> SpansByField | None:
    """Return the spans where a rule matches, without those of words under NOT; None: it does not match.

    Every part is evaluated once and all positions of a part together. The cost grows with the length of the rule and
    of the text, but not with how often words are repeated.
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
            return found_there if count_positions(found_there) >= rule.least else None
    return _all_spans(rule, document) or None


def union_of(found: Iterable[SpansByField | None]) -> SpansByField:
    """Return the spans of several rules."""
    made: dict[str, Spans] = {}
    for one in found:
        for field, spans in (one or {}).items():
            made[field] = union(made.get(field, NO_SPANS), spans)
    return made


def _all_spans(rule: Node, document: Document) -> SpansByField:
    """Return the spans of a word, a phrase, a chain, or of an OR of them."""
    match rule:
        case Or():
            return union_of(_all_spans(part, document) for part in rule.parts)
        case Keyword():
            found = {field: rule.spans(document.field(field)) for field in rule.fields}
        case Near():
            found = {field: _chain_spans(rule, document.field(field)) for field in _fields(rule)}
        case _:
            raise AssertionError(rule)  # the parser lets nothing else be counted
    return {field: spans for field, spans in found.items() if spans}


def count_positions(found: SpansByField) -> int:
    """Return the number of different first positions."""
    return sum(first_positions(spans).bit_count() for spans in found.values())


def _fields(rule: Node) -> tuple[str, ...]:
    """Return the fields of a chain or its part: all leaves have the same."""
    while not isinstance(rule, Keyword):
        rule = rule.parts[0] if isinstance(rule, Near | Or | And) else rule
    return rule.fields


def _chain_spans(chain: Near, tokenized: TokenizedField) -> Spans:
    """Return the spans of all parts that belong to some whole chain in this field."""
    steps = _chain_steps(chain, tokenized)
    found = right = steps[-1]
    for link, spans in zip(reversed(chain.links), reversed(steps[:-1]), strict=True) if found else ():
        right = near(spans, right, link.distance, tokenized.main_words, sides=(not link.is_ordered, True))
        found = union(found, right)
    return found


def _chain_steps(chain: Near, tokenized: TokenizedField) -> list[Spans]:
    """Return for each part the spans that a chain from the left reaches; the last are empty without a whole chain."""
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
    """Return one shared value for equal words: 100,000 rules have a few thousand words."""
    return read_term(term.text, is_exact=term.is_exact, fields=fields, case=options.case, inflect=options.inflect)
