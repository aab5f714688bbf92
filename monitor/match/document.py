"""A release → its words, each field read once however many rules ask, and only as closely as they ask.

First the distinct forms (a set test), then words side by side, then the places of each word as a set, and offsets
only where hits are told.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice, pairwise

from monitor.match.fast_tokens import FastTokens
from monitor.match.positions import Positions, Spans, main_words, ordered, to_bitset
from monitor.match.tokens import Word, as_cased, is_capitals, is_hangul
from monitor.model import Release

_MANY = 10  # one word in so many

FIELDS = ("title", "body", "category")  # in the order in which hits are told


class TokenizedField:
    """One field: its text, its words in order, and where each form stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = FastTokens(text)
        self.forms = self._tokens.folded.split()
        self.vocabulary = set(self.forms)
        self._indexes: dict[tuple[bool, bool], _WordIndex] = {}
        self._positions_by_word: dict[Word, Positions] = {}

    @cached_property
    def written(self) -> list[str]:
        """The words in order as they are written; parallel to `forms`."""
        return self._tokens.written.split()

    @cached_property
    def main_words(self) -> Positions:
        """The places of all words that are no particles."""
        return main_words(len(self.forms))

    @property
    def has_particles(self) -> bool:
        """Whether a phrase may have to step over a particle."""
        return not isinstance(self._positions, range)

    def has(self, word: Word) -> bool:
        """Whether the word stands here, letter case apart."""
        if word.is_open:
            return self._folded_index.has_open(word)
        return not self.vocabulary.isdisjoint(word.forms)

    def has_pair(self, left: Word, right: Word) -> bool:
        """Whether two whole words stand side by side, letter case apart."""
        return any((one, other) in self._pairs for one in left.forms for other in right.forms)

    def has_phrase(self, words: str) -> bool:
        """Whether these forms stand here side by side; a blank at either end asks for a whole word there."""
        return words in self._phrase_text

    def positions_of(self, word: Word) -> Positions:
        """Where the word stands, letter case included where that counts."""
        found = self._positions_by_word.get(word)
        if found is None:
            found = self._positions_by_word[word] = self._index_for(word).positions_of(word)
        return found

    def locations(self, spans: Spans, most: int | None = None) -> Iterator[tuple[int, int]]:
        """Runs as offsets into the text, ascending; at most so many."""
        starts, places = self._tokens.starts, self._positions
        for first, last in islice(ordered(spans), most):
            yield self._tokens.location(starts[bisect_left(places, first)], starts[bisect_left(places, last)])

    def locations_of(self, form: str, most: int) -> list[tuple[int, int]]:
        """Where a form stands, as offsets into the text; at most so many."""
        found: list[tuple[int, int]] = []
        written, wanted = self._tokens.folded, f" {form} "
        at = written.find(wanted)
        while at >= 0 and len(found) < most:
            found.append(self._tokens.location(at + 1, at + 1))
            at = written.find(wanted, at + len(wanted) - 1)
        return found

    @cached_property
    def _pairs(self) -> set[tuple[str, str]]:
        return set(pairwise(self.forms))

    @cached_property
    def _phrase_text(self) -> str:
        return f" {' '.join(self.forms)} "

    @cached_property
    def _positions(self) -> Sequence[int]:
        """The place of each word; see `monitor.match.positions`."""
        if self._tokens.folded.isascii():
            return range(0, 2 * len(self.forms), 2)
        places, place = [], -2
        touching = self._tokens.glued
        was_hangul = True
        for form, start in zip(self.forms, self._tokens.starts, strict=True):
            is_particle = start in touching and not was_hangul and is_hangul(form)
            place = place + 1 if is_particle else place + 2 & ~1
            places.append(place)
            was_hangul = is_hangul(form)
        return places

    @cached_property
    def _folded_index(self) -> _WordIndex:
        return _WordIndex(self.forms, self._positions, self.vocabulary)

    def _index_for(self, word: Word) -> _WordIndex:
        if not word.is_picky:
            return self._folded_index
        kind = bool(word.cased), word.needs_capitals
        if kind not in self._indexes:
            self._indexes[kind] = self._build_index(is_cased=kind[0], in_capitals=kind[1])
        return self._indexes[kind]

    def _build_index(self, *, is_cased: bool, in_capitals: bool) -> _WordIndex:
        shown = (
            {raw: as_cased(raw) for raw in set(self.written)}
            if is_cased
            else dict(zip(self.written, self.forms, strict=True))
        )
        if in_capitals:
            shown = {raw: text for raw, text in shown.items() if is_capitals(raw)}
        return _WordIndex([shown.get(raw, "") for raw in self.written], self._positions, set(shown.values()))


class _WordIndex:
    """The words of a page as one kind of question sees them: folded, with their letter case, capitals alone."""

    def __init__(self, texts: Sequence[str], places: Sequence[int], vocabulary: set[str]) -> None:
        self._texts = texts  # "": not to be seen
        self._positions = places
        self._vocabulary = vocabulary

    def has_open(self, word: Word) -> bool:
        """Whether a word with a wildcard stands here."""
        return any(needle in self._word_list for needle in _needles(word, word.forms))

    def positions_of(self, word: Word) -> Positions:
        """Where it stands."""
        wanted = word.cased or word.forms
        known = self._texts_matching(word, wanted) if word.is_open else self._vocabulary.intersection(wanted)
        return to_bitset([place for text in known for place in self._positions_by_text[text]])

    @cached_property
    def _positions_by_text(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for text, place in zip(self._texts, self._positions, strict=True):
            found.setdefault(text, []).append(place)
        return found

    @cached_property
    def _word_list(self) -> str:
        """All distinct words between line breaks, in which parts of words are looked for at the speed of `find`."""
        return "\n" + "\n".join(self._vocabulary) + "\n"

    def _texts_matching(self, word: Word, wanted: Iterable[str]) -> set[str]:
        return {text for needle in _needles(word, wanted) for text in self._texts_containing(needle)}

    def _texts_containing(self, needle: str) -> Iterable[str]:
        """Words with this part, by the cheaper way: one by one where many have it, else from find to find."""
        if self._word_list.count(needle) * _MANY < len(self._vocabulary):
            return _lines_with(self._word_list, needle)
        return (text for text in self._vocabulary if needle in f"\n{text}\n")


class Document:
    """One release while watchlists look at it; a field is read at the first question about it."""

    __slots__ = ("_fields", "_texts")

    def __init__(self, release: Release) -> None:
        self._texts = {"title": release.title, "body": release.body, "category": release.category or ""}
        self._fields: dict[str, TokenizedField] = {}

    def texts(self) -> Iterable[str]:
        """Its fields as they are written."""
        return self._texts.values()

    def forms(self) -> set[str]:
        """Every distinct form in any field."""
        return self.field("body").vocabulary.union(self.field("title").forms, self.field("category").forms)

    def field(self, field: str) -> TokenizedField:
        """A field with its words, worked out at the first call."""
        found = self._fields.get(field)
        if found is None:
            found = self._fields[field] = TokenizedField(self._texts[field])
        return found


def _needles(word: Word, texts: Iterable[str]) -> Iterator[str]:
    left = "" if word.is_open_left else "\n"
    right = "" if word.is_open_right else "\n"
    return (left + text + right for text in texts)


def _lines_with(text: str, needle: str) -> Iterator[str]:
    at = text.find(needle)
    while at >= 0:
        start = text.rfind("\n", 0, at + 1) + 1
        end = text.find("\n", max(start, at + len(needle) - 1))
        yield text[start:end]
        at = text.find(needle, end)
