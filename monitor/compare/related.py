"""New releases and what stands near them → look-alikes: linked, never merged.

A photo release and its text release share whole sentences, a forum gives two releases on one day. They are different
releases, and a person who reads the one wants to know of the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from monitor.compare.forms import NEARBY, Form, shingles

SHARED = 0.45  # of the shorter text's three-word sequences
MOST = 5  # links of one release
BOILERPLATE = 16  # a sequence that stands in more releases than this is nobody's in particular


def look_alikes(forms: Mapping[int, Form], others: Mapping[int, Form]) -> dict[int, tuple[int, ...]]:
    """For each form by release number, the numbers of others, and of one another, that look like it.

    Same title at any distance, or most of the shorter text within NEARBY of its day; the best first, at most MOST.
    """
    neighbours = _Neighbours({**others, **forms})
    return {number: neighbours.of(number) for number in forms}


class _Neighbours:
    """Releases by title and by their three-word sequences."""

    def __init__(self, everyone: Mapping[int, Form]) -> None:
        self._everyone = everyone
        self._sequences = {number: shingles(shape.words) for number, shape in everyone.items()}
        self._by_title: dict[str, list[int]] = {}
        self._by_sequence: dict[tuple[str, ...], list[int]] = {}
        for number, shape in everyone.items():
            self._by_title.setdefault(shape.title, []).append(number)
            for sequence in self._sequences[number]:
                self._by_sequence.setdefault(sequence, []).append(number)

    def of(self, number: int) -> tuple[int, ...]:
        twins = sorted(self._by_title[self._everyone[number].title])
        alike = sorted((-share, other) for other, share in self._shares(number) if share > SHARED)
        found = dict.fromkeys([*twins, *(other for _, other in alike)])
        return tuple(other for other in found if other != number)[:MOST]

    def _shares(self, number: int) -> Iterator[tuple[int, float]]:
        """Releases of the days around, each with the share of the shorter text that both have."""
        shape, own = self._everyone[number], self._sequences[number]
        shared = Counter[int]()
        for sequence in own:
            holders = self._by_sequence[sequence]
            if 1 < len(holders) <= BOILERPLATE:
                shared.update(holders)
        for other, count in shared.items():
            if _is_near(shape, self._everyone[other]):
                yield other, count / min(len(own), len(self._sequences[other]))


def _is_near(one: Form, other: Form) -> bool:
    return one.date is not None and other.date is not None and abs(one.date - other.date) <= NEARBY
