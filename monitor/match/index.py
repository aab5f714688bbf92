"""Select the few rules that a release may match, from its distinct words alone.

The naive way asks every rule about every release. Here each rule is indexed by its rarest required words, so a release
asks once per distinct word, and the cost hardly grows with the number of rules. One thing is promised: no rule that
matches is missing from the candidates. `evaluate.matches` decides whether a candidate matches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain
from types import MappingProxyType

from monitor.match.evaluate import Rule
from monitor.match.fast_tokens import searchable_text, without_marks
from monitor.match.keywords import Keyword
from monitor.match.korean import JOINT
from monitor.match.lexicon import EVERYDAY
from monitor.match.nodes import And, Count, Near, Or
from monitor.match.tokens import Word

_MAX_CACHED = 20_000  # words of past releases whose wildcard rules are kept
_MAX_SEARCHED = 50  # forms that are searched one by one before a release is split into words
_MAX_SOUGHT = 12  # forms that are searched in the words one by one, which is cheaper than all distinct words
_MAX_CACHED_LENGTH = 60  # letters; longer words are not cached
UNCOUNTED: Mapping[str, int] = MappingProxyType({})


class Index:
    """An index of rules by their rarest required word; a rule's number is its place in the sequence given.

    frequencies: in how many stored releases a form occurs. Of words that occur equally often, or were not counted,
    the longest is the rarest.
    """

    def __init__(self, rules: Sequence[Rule], frequencies: Mapping[str, int] = UNCOUNTED) -> None:
        self._frequencies = frequencies
        self._whole: dict[str, Sequence[int]] = {}
        self._whole_forms: set[str] = set()  # its keys: to intersect two sets takes half as long
        self._starts = _Affixes()
        self._inside = _Affixes()
        self._checked_forms: set[str] = set()  # words of past releases that were compared with the wildcards
        self._rules_by_form: dict[str, tuple[int, ...]] = {}  # those of them that fit some
        self._unindexed: list[int] = []
        self._indexed_forms: set[str] = set()  # some form of a word under which each rule lies; of many, only the first
        for number, rule in enumerate(rules):
            words = self._required_words(rule)
            for word in words or ():
                self._add(word, number)
            if words is None:
                self._unindexed.append(number)
        self._needles = self._all_needles() if self._number_of_forms() <= _MAX_SOUGHT else None

    def may_match(self, texts: Iterable[str]) -> bool:
        """Return whether a release with these texts may match any rule; few rules need no splitting into words.

        Most releases match nothing: a handful of searches skips them at a tenth of the cost of their words.
        """
        if self._unindexed or len(self._indexed_forms) > _MAX_SEARCHED:
            return True
        searchable = map(searchable_text, texts)
        return any(letters is None or any(form in letters for form in self._indexed_forms) for letters in searchable)

    def quick_candidates(self, folded: Callable[[], str]) -> list[int] | None:
        """Return what `candidates` does, given all words between spaces; None: there are too many rules for that."""
        if self._needles is None:
            return None
        words = folded() if self._needles else ""
        found = (numbers for needle, numbers in self._needles.items() if needle in words)
        return sorted({*self._unindexed, *chain.from_iterable(found)})

    def candidates(self, forms: AbstractSet[str]) -> list[int]:
        """Return the rules that a release with these forms may match, ascending."""
        found: set[int] = set(self._unindexed)
        for form in self._whole_forms & forms:
            found.update(self._whole[form])
        if self._starts or self._inside:
            for form in forms - self._checked_forms:
                found.update(self._wildcard_rules(form))
            for form in self._rules_by_form.keys() & forms:
                found.update(self._rules_by_form[form])
        return sorted(found)

    def _number_of_forms(self) -> int:
        return len(self._whole) + len(self._starts.numbers) + len(self._inside.numbers)

    def _all_needles(self) -> Mapping[str, Sequence[int]]:
        """Return for each form how it stands among words between spaces, with its rules."""
        whole = {f" {form} ": numbers for form, numbers in self._whole.items()}
        starts = {f" {form}": numbers for form, numbers in self._starts.numbers.items()}
        return {**whole, **starts, **self._inside.numbers}

    def _wildcard_rules(self, form: str) -> set[int]:
        """Return the rules with a wildcard that fits this word; a word is compared once, not once per release."""
        found = set(self._starts.of(form, form[:1]))
        found.update(self._inside.of(form, form))
        if len(self._checked_forms) >= _MAX_CACHED:
            self._checked_forms.clear()
            self._rules_by_form.clear()
        if len(form) <= _MAX_CACHED_LENGTH:
            self._checked_forms.add(form)
            if found:
                self._rules_by_form[form] = tuple(found)
        return found

    def _required_words(self, rule: Rule) -> tuple[Word, ...] | None:
        """Return words of which a matching release has at least one; None: there are no such words."""
        match rule:
            case Keyword():
                rarest = (self._rarest(words) for words in rule.others)
                lone = (next(filter(_is_jointed, words)) for words in rule.jointed)  # few texts have such a syllable
                return tuple(dict.fromkeys((self._rarest(rule.words), *rarest, *lone)))
            case And() | Near():
                known = [words for words in map(self._required_words, rule.parts) if words]
                return min(known, key=lambda w: (*max(map(self._commonness, w)), len(w)), default=None)
            case Or():
                choices = [self._required_words(part) for part in rule.parts]
                return None if None in choices else tuple({w: None for words in choices for w in words or ()})
            case Count():
                return self._required_words(rule.part)
        return None

    def _rarest(self, words: Sequence[Word]) -> Word:
        return min(words, key=self._commonness) if len(words) > 1 else words[0]

    def _commonness(self, word: Word) -> tuple[int, int]:
        """Return a sort key; of words that were not counted, everyday words are the commonest, then short ones."""
        length = 0 if any(form in EVERYDAY for form in word.forms) else -min(map(len, word.forms))
        return sum(self._frequencies.get(form, 0) for form in word.forms) if self._frequencies else 0, length

    def _add(self, word: Word, number: int) -> None:
        if len(self._indexed_forms) <= _MAX_SEARCHED:
            self._indexed_forms.update(map(without_marks, word.forms))
        for form in word.forms:
            if word.is_open_left:
                self._inside.add(form, number)
            elif word.is_open:
                self._starts.add(form, number)
            else:
                _append(self._whole, form, number)
                self._whole_forms.add(form)


def _is_jointed(word: Word) -> bool:
    return JOINT in word.forms[0]


def _append(numbers: dict[str, Sequence[int]], form: str, number: int) -> None:
    """Add a number; most words have one rule, and a tuple of one takes half the memory of a list."""
    known = numbers.get(form, ())
    if isinstance(known, list):
        known.append(number)
    else:
        numbers[form] = [*known, number] if known else (number,)


class _Affixes:
    """Parts of words, found in a word without trying them one by one."""

    def __init__(self) -> None:
        self.numbers: dict[str, Sequence[int]] = {}
        self._lengths: dict[str, set[int]] = {}  # by first letter, which skips most words of a text

    def __bool__(self) -> bool:
        return bool(self.numbers)

    def add(self, stem: str, number: int) -> None:
        _append(self.numbers, stem, number)
        self._lengths.setdefault(stem[0], set()).add(len(stem))

    def of(self, form: str, letters: str) -> Iterator[int]:
        """Yield the numbers of the parts that begin at one of these first letters of the form."""
        for start, letter in enumerate(letters):
            for length in self._lengths.get(letter, ()):
                yield from self.numbers.get(form[start : start + length], ())
