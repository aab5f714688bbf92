"""The rules of one watchlist that a release meets → where they stand, the first of them, and how many there are.

The places of all rules are put together before any offset is worked out: a broad watchlist costs a pass over the
text for each of its words, and offsets for the hits that are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from monitor.match.document import FIELDS, Document
from monitor.match.evaluate import Found, Rule, Span, count, places, together
from monitor.match.keywords import Keyword
from monitor.match.regex import Pattern


def first_places(rules: Sequence[Rule], reading: Document, *, most: int) -> tuple[list[Span], int]:
    """The first places by field, then order in the text, and how many different ones there are."""
    words = [rule for rule in rules if isinstance(rule, Keyword) and rule.is_plain]
    if len(words) == len(rules):
        return _first_words(words, reading, most)
    total = total_of(rules, reading)
    return list(islice(every_place(rules, reading, most), most)), total


def every_place(rules: Sequence[Rule], reading: Document, most: int | None = None) -> Iterator[Span]:
    """All places, each once, by field, then order in the text; at most so many of each field."""
    if isinstance(rules[0], Pattern):  # a watchlist of a regular expression has no other rule
        yield from rules[0].find(reading)
        return
    found = _places(rules, reading)
    for field in FIELDS:
        if field in found:
            for start, end in reading.page(field).spans(found[field], most):
                yield field, start, end


def total_of(rules: Sequence[Rule], reading: Document) -> int:
    """At how many different places they stand; two that begin at the same word are one."""
    if isinstance(rules[0], Pattern):
        return sum(1 for _ in rules[0].find(reading))
    return count(_places(rules, reading))


def in_order(span: Span) -> tuple[int, int, int]:
    """By field, then place."""
    return FIELDS.index(span[0]), span[1], span[2]


def _places(rules: Sequence[Rule], reading: Document) -> Found:
    return together(places(rule, reading) for rule in rules if not isinstance(rule, Pattern))


def _first_words(words: Sequence[Keyword], reading: Document, most: int) -> tuple[list[Span], int]:
    """The quick way for whole words, which needs neither the places of other words nor offsets of any."""
    known = {
        (field, form)
        for word in words
        for field in word.fields
        for form in word.words[0].forms
        if form in reading.page(field).vocabulary
    }
    found: list[Span] = []
    total = 0
    for field, form in known:
        page = reading.page(field)
        spans = page.spans_of(form, most)
        total += len(spans) if len(spans) < most else page.forms.count(form)
        found += [(field, start, end) for start, end in spans]
    found.sort(key=in_order)
    return found[:most], total
