"""Sets of places on a page → other sets of places, each operation at once for all of them.

A set is an integer: its bit n is set where the place n is in it. The places of a page of thousands of words fit into
a few hundred bytes, so that no question costs more than some passes over them, however often a word is repeated.

Each word that a person counts has two places, 2n for itself and 2n + 1 for a Hangul particle glued to it, which counts
with it: "FTA를 체결" has FTA at 0, 를 at 1 and 체결 at 2. A particle so lies between two words without parting them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from heapq import merge

Places = int
Spans = Mapping[int, Places]  # how far its last word stands behind the first → the first places of all such runs
NO_RUNS: Spans = {}
_FEW = 30


def set_of(places: Sequence[int]) -> Places:
    """The set of these places."""
    if len(places) <= _FEW:
        return sum(1 << place for place in places)
    bits = bytearray(b"0") * (max(places) + 1)
    for place in places:
        bits[place] = ord("1")
    return int(bits[::-1], 2)


def members(places: Places) -> Iterator[int]:
    """The places in the set, ascending."""
    bits = f"{places:b}"[::-1]
    at = bits.find("1")
    while at >= 0:
        yield at
        at = bits.find("1", at + 1)


def mains(count: int) -> Places:
    """The places of so many words, without particles."""
    return (1 << 2 * count) // 3


def firsts(runs: Spans) -> Places:
    """Where the runs begin."""
    found = 0
    for begun in runs.values():
        found |= begun
    return found


def both(one: Spans, other: Spans) -> Spans:
    """The runs of either."""
    return {gap: one.get(gap, 0) | other.get(gap, 0) for gap in {**one, **other}} if one and other else one or other


def each_of(runs: Spans) -> Iterator[tuple[int, int]]:
    """The runs as first and last place, ascending."""
    return merge(*(_as_pairs(begun, gap) for gap, begun in runs.items()))


def side_by_side(words: Sequence[Places], main: Places) -> Spans:
    """Runs of words of which each follows the one before it, given the places of each; main: those of no particle."""
    reached = {0: words[0]}  # how far the run has come → where its last word stands
    for places in words[1:]:
        alone = main & ~(places >> 1)  # behind which no such particle stands; only there the run goes on over one
        further: dict[int, Places] = {}
        for gap, last in reached.items():
            if close := last << 1 & places:
                further[gap + 1] = further.get(gap + 1, 0) | close
            if over := (last & alone) << 2 & places:
                further[gap + 2] = further.get(gap + 2, 0) | over
        reached = further
    return {gap: last >> gap for gap, last in reached.items() if last}


def lasts_of(words: Sequence[Places], main: Places) -> Places:
    """Where the last words of such runs stand; cheaper than the runs where particles make them differ in length."""
    last = words[0]
    for places in words[1:]:
        last = (last << 1 | (last & main & ~(places >> 1)) << 2) & places
    return last


def near(runs: Spans, anchors: Spans, distance: int, main: Places, *, sides: tuple[bool, bool]) -> Spans:
    """Those runs that have an anchor with at most so many words between; sides: it may stand before, behind."""
    if not runs:
        return NO_RUNS
    before, behind = sides
    begins = _behind(_lasts(anchors), distance + 1, main) if before else 0
    ends = _before(firsts(anchors), distance + 1, main) if behind else 0
    kept = ((gap, begun & (begins | ends >> gap)) for gap, begun in runs.items())
    return {gap: begun for gap, begun in kept if begun}


def _as_pairs(begun: Places, gap: int) -> Iterator[tuple[int, int]]:
    return ((first, first + gap) for first in members(begun))


def _lasts(runs: Spans) -> Places:
    found = 0
    for gap, begun in runs.items():
        found |= begun << gap
    return found


def _behind(places: Places, words: int, main: Places) -> Places:
    """At most so many words behind any of them; a particle is behind its own word."""
    reached = _spread((places | places >> 1) & main, words, -1)
    return reached | reached << 1 | (places & main) << 1


def _before(places: Places, words: int, main: Places) -> Places:
    reached = _spread((places | places >> 1) & main, words, 1)
    return reached | reached << 1 | places >> 1 & main


def _spread(counted: Places, words: int, direction: int) -> Places:
    """1 to so many words away; each pass doubles the reach."""
    reached = counted >> 2 if direction > 0 else counted << 2
    done = 1
    while done < words:
        step = min(done, words - done)
        reached |= reached >> 2 * step if direction > 0 else reached << 2 * step
        done += step
    return reached
