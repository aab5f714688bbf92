"""Combine sets of word positions in a field, each operation at once for all of them.

A set is an integer: its bit n is set if position n is in it. The positions of thousands of words fit into a few
hundred bytes, so each operation costs some passes over them, however often a word is repeated.

Each word that a person counts has two positions: 2n for itself and 2n + 1 for Hangul glued to it, which counts with it.
"5개 품목" has 5 at 0, 개 at 1 and 품목 at 2: NEAR counts no word between 5 and 품목, but side by side they are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from heapq import merge
from operator import or_
from typing import NamedTuple

Positions = int


class Extent(NamedTuple):
    """How far a span reaches from its first word."""

    gap: int  # distance from first to last word
    stem: str = ""  # the part of the last word that belongs to it, without its Korean ending; "": the whole word


Spans = Mapping[Extent, Positions]  # → first positions of all such spans
NO_SPANS: Spans = {}
_FEW = 30


def to_bitset(places: Sequence[int]) -> Positions:
    """Return the set of these positions."""
    if len(places) <= _FEW:
        return sum(1 << place for place in places)
    bits = bytearray(b"0") * (max(places) + 1)
    for place in places:
        bits[place] = ord("1")
    return int(bits[::-1], 2)


def from_bitset(places: Positions) -> Iterator[int]:
    """Yield the positions in the set, ascending."""
    bits = f"{places:b}"[::-1]
    at = bits.find("1")
    while at >= 0:
        yield at
        at = bits.find("1", at + 1)


def first_positions(spans: Spans) -> Positions:
    """Return where the spans begin."""
    return reduce(or_, spans.values(), 0)


def union(one: Spans, other: Spans) -> Spans:
    """Return the spans of both."""
    return {how: one.get(how, 0) | other.get(how, 0) for how in {**one, **other}} if one and other else one or other


def ordered(spans: Spans) -> Iterator[tuple[int, int, str]]:
    """Yield the spans as first and last position, and the stem of the last word; ascending."""
    return merge(
        *([(first, first + how.gap, how.stem) for first in from_bitset(starts)] for how, starts in spans.items())
    )


def phrase_spans(words: Sequence[Positions], alone: Positions, stem: str = "") -> Spans:
    """Return the spans of adjacent words, given the positions of each; alone: words with nothing glued to them."""
    reached = {0: words[0]}  # length of the span so far → positions of its last word
    for places in words[1:]:
        further: dict[int, Positions] = {}
        for gap, last in reached.items():
            if close := last << 1 & places:
                further[gap + 1] = further.get(gap + 1, 0) | close
            if over := (last & alone) << 2 & places:
                further[gap + 2] = further.get(gap + 2, 0) | over
        reached = further
    return {Extent(gap, stem): last >> gap for gap, last in reached.items() if last}


def phrase_ends(words: Sequence[Positions], alone: Positions) -> Positions:
    """Return the last positions of such spans; cheaper than spans if particles make them differ in length."""
    last = words[0]
    for places in words[1:]:
        last = (last << 1 | (last & alone) << 2) & places
    return last


def near(spans: Spans, anchors: Spans, distance: int, main: Positions, *, sides: tuple[bool, bool]) -> Spans:
    """Return the spans with an anchor at most so many words away; sides: whether it may be before, after."""
    if not spans:
        return NO_SPANS
    before, behind = sides
    lasts = (starts << how.gap for how, starts in anchors.items())
    begins = _after(reduce(or_, lasts, 0), distance + 1, main) if before else 0
    ends = _before(first_positions(anchors), distance + 1, main) if behind else 0
    kept = ((how, starts & (begins | ends >> how.gap)) for how, starts in spans.items())
    return {how: starts for how, starts in kept if starts}


def _after(places: Positions, words: int, main: Positions) -> Positions:
    """Return the positions at most so many words after any of these; a particle is after its own word."""
    reached = _spread((places | places >> 1) & main, words, -1)
    return reached | reached << 1 | (places & main) << 1


def _before(places: Positions, words: int, main: Positions) -> Positions:
    reached = _spread((places | places >> 1) & main, words, 1)
    return reached | reached << 1 | places >> 1 & main


def _spread(counted: Positions, words: int, direction: int) -> Positions:
    """Return the positions 1 to so many words away; each pass doubles the reach."""
    reached = counted >> 2 if direction > 0 else counted << 2
    done = 1
    while done < words:
        step = min(done, words - done)
        reached |= reached >> 2 * step if direction > 0 else reached << 2 * step
        done += step
    return reached
