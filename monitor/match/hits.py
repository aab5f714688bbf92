"""Locate and count the hits of the rules of one watchlist that match a release.

The spans of all rules are joined before any offset is computed: a broad watchlist costs a pass over the text for each
of its words, and offsets only for the hits that are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from monitor.match.document import FIELDS, Document
from monitor.match.evaluate import Location, Rule, SpansByField, count_positions, matching_spans, union_of
from monitor.match.keywords import Keyword
from monitor.match.regex import Pattern

_FIELD_ORDER = {field: number for number, field in enumerate(FIELDS)}


def first_locations(rules: Sequence[Rule], document: Document, *, most: int) -> tuple[list[Location], int]:
    """Return the first locations by field, then text order, and how many different ones there are."""
    words = [rule for rule in rules if isinstance(rule, Keyword) and rule.is_plain]
    if len(words) == len(rules):
        return _first_word_locations(words, document, most)
    if few := _few_locations(rules, document):
        return few[:most], len(few)
    total = count_hits(rules, document)
    return list(islice(all_locations(rules, document, most), most)), total


def all_locations(rules: Sequence[Rule], document: Document, most: int | None = None) -> Iterator[Location]:
    """Yield all locations, each once, by field, then text order; at most so many of each field."""
    if isinstance(rules[0], Pattern):  # a watchlist of a regular expression has no other rule
        yield from rules[0].find(document)
        return
    found = _spans(rules, document)
    for field in FIELDS:
        if field in found:
            for start, end in document.field(field).locations(found[field], most):
                yield field, start, end


def count_hits(rules: Sequence[Rule], document: Document) -> int:
    """Return the number of different hits; two that begin at the same word are one."""
    if isinstance(rules[0], Pattern):
        return sum(1 for _ in rules[0].find(document))
    return count_positions(_spans(rules, document))


def text_order(span: Location) -> tuple[int, int, int]:
    """Return a sort key: by field, then offset."""
    return _FIELD_ORDER[span[0]], span[1], span[2]


def _spans(rules: Sequence[Rule], document: Document) -> SpansByField:
    return union_of(matching_spans(rule, document) for rule in rules if not isinstance(rule, Pattern))


def _first_word_locations(words: Sequence[Keyword], document: Document, most: int) -> tuple[list[Location], int]:
    """Find plain words the quick way, which needs no positions."""
    found: list[tuple[int, int, int]] = []  # number of the field, start, end
    total = 0
    for number, form in {
        (_FIELD_ORDER[name], form) for one in words for name in one.fields for form in one.words[0].forms
    }:
        tokenized = document.field(FIELDS[number])
        if spans := tokenized.locations_of(form, most):
            total += len(spans) if len(spans) < most else tokenized.forms.count(form)
            found += [(number, start, end) for start, end in spans]
    found.sort()
    return [(FIELDS[number], start, end) for number, start, end in found[:most]], total


def _few_locations(rules: Sequence[Rule], document: Document) -> list[Location]:
    """Return where the only word of the only rule stands; []: there is no such rule, or it stands in many places."""
    rule = rules[0]
    if len(rules) > 1 or not isinstance(rule, Keyword) or len(rule.words) > 1 or rule.others:
        return []
    found = [
        (field, document.field(field).locations_written(rule.words[0])) for field in FIELDS if field in rule.fields
    ]
    if any(spans is None for _, spans in found):
        return []
    return [(field, start, end) for field, spans in found for start, end in spans or ()]
