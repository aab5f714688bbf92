"""New releases and what stands near them → look-alikes: linked, never merged.

A photo release and its text release share whole sentences, a forum gives two releases on one day. They are different
releases, and a person who reads the one wants to know of the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain

from monitor.compare.forms import NEARBY, Form, shingles

SHARED = 0.45  # of the shorter text's three-word sequences
MOST = 5  # links of one release
BOILERPLATE = 16  # a sequence that stands in more releases than this is nobody's in particular


def look_alikes(forms: Mapping[int, Form], others: Mapping[int, Form]) -> dict[int, tuple[int, ...]]:
    """For each form by release number, the numbers of others, and of one another, that look like it.

    Same title at any distance, or most of the shorter text within NEARBY of its day; the best first, at most MOST.
    """
    everyone = {**others, **forms}
    by_title: dict[str, list[int]] = {}
    for number, shape in everyone.items():
        by_title.setdefault(shape.title, []).append(number)
    shares = _shares(everyone)
    return {number: _best(number, by_title[form.title], shares.get(number, {})) for number, form in forms.items()}


def _best(number: int, twins: list[int], shares: Mapping[int, float]) -> tuple[int, ...]:
    alike = sorted((-share, other) for other, share in shares.items())
    found = dict.fromkeys([*sorted(twins), *(other for _, other in alike)])
    return tuple(other for other in found if other != number)[:MOST]


def _shares(everyone: Mapping[int, Form]) -> dict[int, dict[int, float]]:
    """Of each release those of the days around that share enough of the shorter text, and how much.

    The shorter text of such a pair has most of its sequences in common with somebody. Few texts have, so only these
    are looked at sequence by sequence.
    """
    sequences = {number: shingles(shape.words) for number, shape in everyone.items()}
    common = _common(sequences.values())
    shared = {number: common & own for number, own in sequences.items()}
    shorter = {number: own for number, own in shared.items() if len(own) > SHARED * len(sequences[number])}
    holders = _holders(shared, set().union(*shorter.values()))
    found: dict[int, dict[int, float]] = {}
    for number, own in shorter.items():
        lists = map(holders.__getitem__, own)
        counts = Counter(chain.from_iterable(few for few in lists if len(few) <= BOILERPLATE))
        for other, count in counts.items():
            share = count / min(len(sequences[number]), len(sequences[other]))
            if share > SHARED and _is_near(everyone[number], everyone[other]):
                found.setdefault(number, {})[other] = share
                found.setdefault(other, {})[number] = share
    return found


def _holders(shared: Mapping[int, set[int]], wanted: set[int]) -> dict[int, list[int]]:
    """In which releases each wanted sequence stands."""
    holders: dict[int, list[int]] = {sequence: [] for sequence in wanted}
    for number, own in shared.items():
        for sequence in own & wanted:
            holders[sequence].append(number)
    return holders


def _common(sequences: Iterable[set[int]]) -> set[int]:
    """What stands in two or more."""
    seen, common = set[int](), set[int]()
    for own in sequences:
        common |= seen & own
        seen |= own
    return common


def _is_near(one: Form, other: Form) -> bool:
    return one.date is not None and other.date is not None and abs(one.date - other.date) <= NEARBY
