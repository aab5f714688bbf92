"""Keywords → the few of them that a release can contain, told from its distinct words alone.

The naive way asks every keyword about every release. Here each keyword lies under one word it cannot do without, so
a release asks once per distinct word, and the cost hardly grows with the number of keywords. It promises one thing:
no keyword that matches is missing from the candidates. Whether a candidate matches is for `Keyword.find` to say.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from monitor.match.keywords import Keyword
from monitor.match.words import Word


class Index:
    """Keywords by their rarest required word; they are named by their place in the sequence given."""

    __slots__ = ("_inside", "_starts", "_whole")

    def __init__(self, keywords: Sequence[Keyword]) -> None:
        self._whole: dict[str, list[int]] = {}
        self._starts = _Stems()
        self._inside = _Stems()
        for number, keyword in enumerate(keywords):
            self._enter(_rarest(keyword), number)

    def candidates(self, forms: Collection[str]) -> list[int]:
        """Keywords that may match a release with these forms, ascending."""
        found: set[int] = set()
        for form in self._whole.keys() & forms:
            found.update(self._whole[form])
        if self._starts:
            found.update(number for form in forms for number in self._starts.at(form, 0))
        if self._inside:
            found.update(n for form in forms for start in range(len(form)) for n in self._inside.at(form, start))
        return sorted(found)

    def _enter(self, word: Word, number: int) -> None:
        for form in word.forms:
            if word.is_open_left:
                self._inside.enter(form, number)
            elif word.is_open_right:
                self._starts.enter(form, number)
            else:
                self._whole.setdefault(form, []).append(number)


class _Stems:
    """Parts of words, found at a given place of a word without trying them one by one."""

    __slots__ = ("_lengths", "_numbers")

    def __init__(self) -> None:
        self._numbers: dict[str, list[int]] = {}
        self._lengths: dict[str, set[int]] = {}  # by first letter: most words of a text are passed over at that

    def __bool__(self) -> bool:
        return bool(self._numbers)

    def enter(self, stem: str, number: int) -> None:
        self._numbers.setdefault(stem, []).append(number)
        self._lengths.setdefault(stem[0], set()).add(len(stem))

    def at(self, form: str, start: int) -> Iterator[int]:
        for length in self._lengths.get(form[start], ()):
            yield from self._numbers.get(form[start : start + length], ())


def _rarest(keyword: Keyword) -> Word:
    """The longest word stands in for the rarest; counting in stored releases would need the store."""
    return max(keyword.words, key=lambda word: min(map(len, word.forms)))
