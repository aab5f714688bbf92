"""Rules → the few of them that a release can meet, told from its distinct words alone.

The naive way asks every rule about every release. Here each rule lies under words of which it cannot do without one,
the rarest it has, so a release asks once per distinct word, and the cost hardly grows with the number of rules. It
promises one thing: no rule that is met is missing from the candidates. Whether a candidate is met is for
`rules.is_met` to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import MappingProxyType

from monitor.match.evaluate import Rule
from monitor.match.fast_tokens import lettered
from monitor.match.keywords import Keyword
from monitor.match.lexicon import EVERYDAY
from monitor.match.nodes import And, Count, Near, Or
from monitor.match.tokens import Word

_REMEMBERED = 20_000  # words of past releases whose wildcards are known
_FEW = 50  # forms that are looked for one by one, before a release is read word by word
_LONG = 60  # letters of a word that is not worth remembering
UNCOUNTED: Mapping[str, int] = MappingProxyType({})


class Index:
    """Rules by their rarest required word; they are named by their place in the sequence given.

    frequencies: in how many stored releases a form stands. Of words that stand equally often, or were not counted,
    the longest is the rarest.
    """

    __slots__ = ("_always", "_frequencies", "_inside", "_met", "_needles", "_open_at", "_starts", "_whole")

    def __init__(self, rules: Sequence[Rule], frequencies: Mapping[str, int] = UNCOUNTED) -> None:
        self._frequencies = frequencies
        self._whole: dict[str, Sequence[int]] = {}
        self._starts = _Stems()
        self._inside = _Stems()
        self._met: set[str] = set()  # words of past releases that were compared with the wildcards
        self._open_at: dict[str, tuple[int, ...]] = {}  # those of them that fit some
        self._always: list[int] = []
        self._needles: set[str] = set()  # some form of a word under which each rule lies
        for number, rule in enumerate(rules):
            words = self._anchors(rule)
            for word in words or ():
                self._enter(word, number)
            if words is None:
                self._always.append(number)

    def can_meet(self, texts: Iterable[str]) -> bool:
        """Whether a release with these texts may meet any rule; told without reading its words, where rules are few.

        Most releases interest nobody: a handful of searches passes them over at a tenth of the cost of their words.
        """
        if self._always or len(self._needles) > _FEW:
            return True
        for text in texts:
            letters = lettered(text)
            if letters is None or any(needle in letters for needle in self._needles):
                return True
        return False

    def candidates(self, forms: AbstractSet[str]) -> list[int]:
        """Rules that may be met by a release with these forms, ascending."""
        found: set[int] = set(self._always)
        for form in self._whole.keys() & forms:
            found.update(self._whole[form])
        if self._starts or self._inside:
            for form in forms - self._met:
                found.update(self._meet(form))
            for form in self._open_at.keys() & forms:
                found.update(self._open_at[form])
        return sorted(found)

    def _meet(self, form: str) -> set[int]:
        """Rules with a wildcard that this word fits; words are compared once, not once per release."""
        found = set(self._starts.of(form, form[:1]))
        found.update(self._inside.of(form, form))
        if len(self._met) >= _REMEMBERED:
            self._met.clear()
            self._open_at.clear()
        if len(form) <= _LONG:
            self._met.add(form)
        if found and len(form) <= _LONG:
            self._open_at[form] = tuple(found)
        return found

    def _anchors(self, rule: Rule) -> tuple[Word, ...] | None:
        """Words of which a release that meets the rule has at least one; None: there are none such."""
        match rule:
            case Keyword():
                return (min(rule.words, key=self._commonness) if len(rule.words) > 1 else rule.words[0],)
            case And() | Near():
                known = [words for words in map(self._anchors, rule.parts) if words]
                return min(known, key=self._price, default=None)
            case Or():
                choices = [self._anchors(part) for part in rule.parts]
                return None if None in choices else tuple({w: None for words in choices for w in words or ()})
            case Count():
                return self._anchors(rule.part)
        return None

    def _price(self, words: tuple[Word, ...]) -> tuple[int, int, int]:
        return (*max(map(self._commonness, words)), len(words))

    def _commonness(self, word: Word) -> tuple[int, int]:
        """Short names that are everyday words are the commonest of those that were not counted."""
        length = 0 if any(form in EVERYDAY for form in word.forms) else -min(map(len, word.forms))
        return sum(self._frequencies.get(form, 0) for form in word.forms) if self._frequencies else 0, length

    def _enter(self, word: Word, number: int) -> None:
        self._needles.update(word.forms)
        for form in word.forms:
            if word.is_open_left:
                self._inside.enter(form, number)
            elif word.is_open_right:
                self._starts.enter(form, number)
            else:
                _append(self._whole, form, number)


def _append(numbers: dict[str, Sequence[int]], form: str, number: int) -> None:
    """Most words belong to one rule, and a tuple of one takes half the room of a list."""
    known = numbers.get(form, ())
    if isinstance(known, list):
        known.append(number)
    else:
        numbers[form] = [*known, number] if known else (number,)


class _Stems:
    """Parts of words, found at a given place of a word without trying them one by one."""

    __slots__ = ("_lengths", "_numbers")

    def __init__(self) -> None:
        self._numbers: dict[str, Sequence[int]] = {}
        self._lengths: dict[str, set[int]] = {}  # by first letter: most words of a text are passed over at that

    def __bool__(self) -> bool:
        return bool(self._numbers)

    def enter(self, stem: str, number: int) -> None:
        _append(self._numbers, stem, number)
        self._lengths.setdefault(stem[0], set()).add(len(stem))

    def of(self, form: str, letters: str) -> Iterator[int]:
        """Numbers of the stems that begin at one of the letters, of which the form's first ones are given."""
        for start, letter in enumerate(letters):
            for length in self._lengths.get(letter, ()):
                yield from self._numbers.get(form[start : start + length], ())
