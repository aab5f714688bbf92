"""The rules of one watchlist that a release meets → where they stand, the first of them, and how many there are.

The places of all rules are put together before any offset is worked out: a broad watchlist costs a pass over the
text for each of its words, and offsets for the hits that are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from monitor.match.keywords import Keyword
from monitor.match.patterns import Pattern
from monitor.match.reading import FIELDS, Reading
from monitor.match.rules import Found, Rule, Span, count, places, spans, together


def first_places(rules: Sequence[Rule], reading: Reading, *, most: int) -> tuple[list[Span], int]:
    """The first places by field, then order in the text, and how many different ones there are."""
    words = [rule for rule in rules if isinstance(rule, Keyword) and rule.is_plain]
    if len(words) == len(rules):
        return _first_words(words, reading, most)
    total = total_of(rules, reading)
    return list(islice(every_place(rules, reading, most), most)), total


def every_place(rules: Sequence[Rule], reading: Reading, most: int | None = None) -> Iterator[Span]:
    """All places, each once, by field, then order in the text; at most so many of each field."""
    if isinstance(rules[0], Pattern):  # a watchlist of a regular expression has no other rule
        yield from spans(rules[0], reading)
        return
    found = _places(rules, reading)
    for field in FIELDS:
        if field in found:
            for start, end in reading.page(field).spans(found[field], most):
                yield field, start, end


def total_of(rules: Sequence[Rule], reading: Reading) -> int:
    """At how many different places they stand; two that begin at the same word are one."""
    if isinstance(rules[0], Pattern):
        return sum(1 for _ in spans(rules[0], reading))
    return count(_places(rules, reading))


def _places(rules: Sequence[Rule], reading: Reading) -> Found:
    return together(places(rule, reading) for rule in rules if not isinstance(rule, Pattern))


def _first_words(words: Sequence[Keyword], reading: Reading, most: int) -> tuple[list[Span], int]:
    """The quick way for whole words, which needs neither the places of other words nor offsets of any."""
    found: list[Span] = []
    total = 0
    for field in FIELDS:
        page = reading.page(field)
        forms = {form for word in words if field in word.fields for form in word.words[0].forms} & page.vocabulary
        known = [page.spans_of(form, most) for form in forms]
        for form, each in zip(forms, known, strict=True):
            total += len(each) if len(each) < most else page.forms.count(form)
        found += sorted((field, *span) for each in known for span in each)
    return found[:most], total
