"""Measure how alike two texts in their normal forms are: titles and bodies, by letters or by three-word sequences."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rapidfuzz import fuzz
from rapidfuzz.distance import Postfix, Prefix

from monitor.compare.fingerprint import MAX_TITLE, NormalForm, shingles

MIN_TITLE_RATIO = 85.0  # ratio of a title that was edited
MAX_LETTERS = 20_000  # characters of bodies that are compared letter by letter: some milliseconds for a pair


def are_titles_similar(one: str, other: str) -> bool:
    """Return whether two normalized titles could be one that was edited."""
    return bool(fuzz.ratio(one[:MAX_TITLE], other[:MAX_TITLE], score_cutoff=MIN_TITLE_RATIO))


def title_ratio(one: str, other: str) -> float:
    """Return how similar two normalized titles are, in percent."""
    return fuzz.ratio(one[:MAX_TITLE], other[:MAX_TITLE])


def body_ratio(one: NormalForm, other: NormalForm, *, least: float) -> float | None:
    """Return how similar two bodies are, in percent; None: less than `least`.

    The cost of comparing letters grows with the square of the length. So of a body beyond MAX_LETTERS it is the share
    of the words that stand in a three-word sequence of both, which is about the same where single words were edited.
    """
    if max(len(one.body), len(other.body)) <= MAX_LETTERS:
        return fuzz.ratio(one.body, other.body, score_cutoff=least) or None
    common = one.shingles & other.shingles
    words, others = one.words, other.words
    ratio = 100 * (_words_within(words, common) + _words_within(others, common)) / (len(words) + len(others))
    return ratio if ratio >= least else None


def similarity_of(record: NormalForm, known: NormalForm) -> float:
    """Return which part of the three-word sequences of two texts both have."""
    mine, theirs = record.shingles, known.shingles
    if record.is_cut or known.is_cut:
        mine, theirs = map(shingles, common_words(record, known))
    both = len(mine & theirs)
    return both / max(1, len(mine) + len(theirs) - both)


def share_nearly_all(record: NormalForm, known: NormalForm, *, least: float) -> bool:
    """Return whether two texts surely have this part of their three-word sequences in common; cheap, and may miss it.

    What they begin and end with is in both. It has at least as many sequences as different words that begin one.
    """
    mine, theirs = record.body, known.body
    if mine == theirs or record.is_cut or known.is_cut:
        return mine == theirs != ""
    start = Prefix.similarity(mine, theirs)
    end = min(Postfix.similarity(mine, theirs), min(len(mine), len(theirs)) - start)
    before, behind = mine[:start].split(" ")[:-1], mine[len(mine) - end :].split(" ")[1:]
    both = max(len(set(before[:-2])), len(set(behind[:-2])))
    within = max(0, len(before) - 2) + max(0, len(behind) - 2)
    others = mine.count(" ") + theirs.count(" ") - 2 - 2 * within
    return both > 0 and both >= least * (both + others)


def common_words(record: NormalForm, known: NormalForm) -> tuple[Sequence[str], Sequence[str]]:
    """Return the words of two texts; where one is cut, only as many as both have."""
    words, others = record.words, known.words
    end = min(len(words), len(others)) if record.is_cut or known.is_cut else None
    return words[:end], others[:end]


def own_shingles(words: Sequence[str], boilerplate: frozenset[int]) -> set[int]:
    """Return the sequences of a text that are no boilerplate; another figure alone makes no other sentence."""
    plain = zip(words, words[1:], words[2:], strict=False)
    return {hash(three) for three in plain if not any(map(_has_digit, three))} - boilerplate


def _words_within(words: Sequence[str], sequences: Collection[int]) -> int:
    """Return how many words of a text stand in one of these three-word sequences."""
    starts = bytes(one in sequences for one in map(hash, zip(words, words[1:], words[2:], strict=False)))
    begins = int.from_bytes(starts, "little")  # a byte is 1 where such a sequence begins
    return (begins | begins << 8 | begins << 16).bit_count()


def _has_digit(word: str) -> bool:
    return any(map(str.isdigit, word))
