"""Find near duplicates of new releases: they are linked, never merged.

A photo release and its text release share whole sentences, and one forum can have two releases on one day. They are
different releases, and a person who reads the one wants to know of the other.

The naive way compares every new text with every text of nine days, sequence by sequence. Here samples of the texts,
which the store keeps, select the few pairs that can be near duplicates; only their texts are compared. This may miss
a handful of words that a long text repeats: too few of them are in its sample.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from heapq import nlargest
from itertools import chain
from typing import TypeVar

from monitor.compare.fingerprint import FULL_SAMPLE, MAX_SAMPLE, NEARBY, NormalForm
from monitor.model import Sketch

MIN_SHARED = 0.45  # of the shorter text's three-word sequences
MAX_RELATED = 5  # links of one release
MAX_HOLDERS = 16  # releases that may have a sequence; one of more releases is boilerplate
SAMPLE_TOLERANCE = 1 / 4  # of that share, in the samples, is enough to compare the texts
MAX_COMPARED = 32  # texts that are compared with one new one, those that share most first
MAX_LENGTH, MIN_COMPARED = 1_000_000, 3  # characters of the texts compared with one; of longer texts only so many texts
MAX_SKETCHES = 1_000  # sketches a new release is compared with: of more releases within NEARBY days the newest

_NO_END = 1 << 32  # more than any mark

Key = int | bytes  # a release's number; of one that has none yet its record's digest
_New = TypeVar("_New", int, bytes)
_Known = TypeVar("_Known", int, Key)


def near_duplicates(
    forms: Mapping[int, NormalForm], others: Mapping[int, NormalForm], pairs: Mapping[int, Mapping[int, float]]
) -> dict[int, tuple[int, ...]]:
    """Return the near duplicates of each form by release number, the most similar first.

    Same title at any distance, or most of the shorter text within NEARBY of its day; at most MAX_RELATED.
    pairs: what `candidates` found; it may name releases that are not here.
    """
    everyone = {**others, **forms}
    by_title: dict[str, list[int]] = {}
    for number, form in everyone.items():
        by_title.setdefault(form.title, []).append(number)
    first = {title: sorted(numbers)[: MAX_RELATED + 1] for title, numbers in by_title.items()}
    shares = _shared_parts(pairs, everyone)
    related: dict[int, tuple[int, ...]] = {}
    for number, form in forms.items():
        alike = sorted((-share, other) for other, share in shares.get(number, {}).items())
        found = dict.fromkeys([*first[form.title], *(other for _, other in alike)])
        related[number] = tuple(other for other in found if other != number)[:MAX_RELATED]
    return related


def affordable(numbers: Iterable[_Known], lengths: Mapping[_Known, Sketch]) -> list[_Known]:
    """Return the first releases whose texts may be compared with one text: as many as MAX_LENGTH allows."""
    found, total = list[_Known](), 0
    for number in numbers:
        total += lengths[number].length
        if total > MAX_LENGTH and len(found) >= MIN_COMPARED:
            break
        found.append(number)
    return found


def candidates(
    new: Mapping[_New, Sketch], near: Mapping[int, Sketch], *, of: Collection[_New] | None = None
) -> dict[_New, dict[Key, float]]:
    """Return the pairs of a new release with another whose samples share enough to compare their texts.

    of: the new releases whose pairs are wanted; None: all.
    """
    counts = Counter(chain.from_iterable(sketch.marks for sketch in new.values()))
    own = set(counts)  # a third faster than the keys of the counts
    shared: dict[Key, set[int]] = {number: own.intersection(sketch.marks) for number, sketch in near.items()}
    # Few marks occur anywhere else: the others need not be compared release by release.
    common = {mark for mark, times in counts.items() if times > 1}.union(*shared.values())
    shared |= {number: common.intersection(sketch.marks) for number, sketch in new.items()}
    holders: dict[int, list[Key]] = {}
    for number, marks in shared.items():
        for mark in marks:
            holders.setdefault(mark, []).append(number)
    sizes = _SampleSizes(dict[Key, Sketch]([*near.items(), *new.items()]))
    wanted = new if of is None else [number for number in new if number in of]
    return {number: found for number in wanted if (found := _similar_samples(number, shared, holders, sizes))}


class _SampleSizes:
    """The sizes of the samples, each counted once."""

    def __init__(self, sketches: Mapping[Key, Sketch]) -> None:
        self.sketches = sketches
        self._counted = {key: _count(sketch) for key, sketch in sketches.items()}
        self._smallest = min((part if end == _NO_END else 0 for end, _, part in self._counted.values()), default=0)

    def of(self, one: Key, other: Key) -> int:
        """Return the smaller size: of two short texts all marks, else those that a long text can have in its sample."""
        (end, whole, part), (its_end, wholes, parts) = self._counted[one], self._counted[other]
        if end < _NO_END or its_end < _NO_END:
            end = min(end, its_end)
            return min(sum(mark <= end and not mark & 3 for mark in self.sketches[key].marks) for key in (one, other))
        return min(whole, wholes) if part < whole and parts < wholes else min(part, parts)

    def fewest(self, number: Key) -> int:
        """Return how many marks a text has in common with any other that may resemble it; cheap, and never too many."""
        end, _, part = self._counted[number]
        return int(MIN_SHARED * SAMPLE_TOLERANCE * min(part, self._smallest)) if end == _NO_END else 0

    def are_near(self, one: Key, other: Key) -> bool:
        """Return whether the days of two releases are within NEARBY."""
        day, another = self.sketches[one].date, self.sketches[other].date
        return day is not None and another is not None and abs(day - another) <= NEARBY


def _count(sketch: Sketch) -> tuple[int, int, int]:
    """Return the greatest mark that the sample of a text can have, and the counts of all marks and of a quarter."""
    size = sketch.size
    if FULL_SAMPLE < size < MAX_SAMPLE:  # nearly all
        return _NO_END, size, size
    end = sketch.marks[-1] if size == MAX_SAMPLE else _NO_END
    return end, size, size if size > FULL_SAMPLE else sum(not mark & 3 for mark in sketch.marks)


def _similar_samples(
    number: Key, shared: Mapping[Key, set[int]], holders: Mapping[int, list[Key]], sizes: _SampleSizes
) -> dict[Key, float]:
    """Return the other releases that share enough marks, each with the share of marks that is boilerplate to both."""
    lists = {mark: holders[mark] for mark in shared[number]}
    counts = Counter(chain.from_iterable(few for few in lists.values() if 1 < len(few) <= MAX_HOLDERS))
    del counts[number]
    fewest = sizes.fewest(number)  # nearly all have less in common
    many = [other for other, count in counts.items() if count >= fewest and sizes.are_near(number, other)]
    shares = {other: counts[other] / sizes.of(number, other) for other in many}
    likely = [other for other, share in shares.items() if share > MIN_SHARED * SAMPLE_TOLERANCE]
    if not likely:
        return {}
    common = {mark for mark, numbers in lists.items() if len(numbers) > MAX_HOLDERS}
    closest = affordable(nlargest(MAX_COMPARED, likely, key=shares.__getitem__), sizes.sketches)
    return {other: len(common & shared[other]) / sizes.of(number, other) for other in closest}


def _shared_parts(
    pairs: Mapping[int, Mapping[int, float]], everyone: Mapping[int, NormalForm]
) -> dict[int, dict[int, float]]:
    """Return for each release those that share enough of the shorter text, and how much without boilerplate."""
    numbers = {*pairs, *(other for found in pairs.values() for other in found if other in everyone)}
    sequences = {number: everyone[number].shingles for number in numbers}
    shares: dict[int, dict[int, float]] = {}
    known = ((n, other, common) for n, found in pairs.items() for other, common in found.items() if other in sequences)
    for number, other, boilerplate in known:
        own, its = sequences[number], sequences[other]
        share = len(own & its) / min(len(own), len(its)) - boilerplate
        if share > MIN_SHARED:
            shares.setdefault(number, {})[other] = share
            shares.setdefault(other, {})[number] = share
    return shares
