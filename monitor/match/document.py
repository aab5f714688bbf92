"""Tokenize a release for matching: each field once for all rules, and only in the detail that they need.

First the distinct forms (a set test), then adjacent words, then the positions of each word as a set, and offsets only
for hits.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import cached_property
from itertools import groupby, islice, pairwise
from operator import itemgetter

from monitor.match.fast_tokens import FastTokens
from monitor.match.korean import JOINT
from monitor.match.positions import Positions, Spans, ordered, to_bitset
from monitor.match.tokens import Word, is_hangul, stem_length
from monitor.model import Release

_FEW = 10  # places of a word whose letter case is read without counting the words before
_MANY = 10  # one word in so many is too common to be found from match to match

FIELDS = ("title", "body", "category")  # in the order of hits


class TokenizedField:
    """One field: its text, its words in order, and the positions of each form."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = FastTokens(text)
        self._forms: list[str] | None = None  # None, here and below: nobody has asked for them yet
        self._vocabulary: set[str] | None = None if text else set()
        self._positions_by_word: dict[Word, Positions] = {}
        self._forms_by_word: dict[Word, frozenset[str]] = {}  # of open words

    @property
    def folded(self) -> str:
        """All forms in order, each between spaces."""
        return self._tokens.folded

    @property
    def forms(self) -> list[str]:
        """The form of each word, in order."""
        if self._forms is None:
            self._forms = self._tokens.folded.split()
        return self._forms

    @property
    def vocabulary(self) -> set[str]:
        """The distinct forms."""
        if self._vocabulary is None:
            self._vocabulary = set(self.forms)
        return self._vocabulary

    @cached_property
    def written(self) -> list[str]:
        """The words as they are written; parallel to `forms`."""
        return self._tokens.written.split()

    @cached_property
    def main_words(self) -> Positions:
        """The positions of all words that are not particles."""
        return (1 << 2 * len(self.forms)) // 3

    @cached_property
    def words_alone(self) -> Positions:
        """The positions of all such words that no particle is glued to."""
        if not self.has_particles:
            return self.main_words
        return self.main_words & ~to_bitset([place - 1 for place in self._positions if place & 1])

    @cached_property
    def has_joints(self) -> bool:
        """Whether a dot or a hyphen stands behind a lone syllable, as in 한·미."""
        return JOINT in self.folded

    @property
    def has_particles(self) -> bool:
        """Whether a particle may be glued to a word."""
        return not isinstance(self._positions, range)

    def has(self, word: Word) -> bool:
        """Return whether the field has the word in any letter case."""
        known = self._vocabulary
        if known is not None and not known:
            return False
        if word.is_open:
            return bool(self._open_forms(word))
        return self.has_any(word.forms) if known is None else not known.isdisjoint(word.forms)

    def has_any(self, forms: Sequence[str]) -> bool:
        """Return whether the field has one of these forms; a few are searched for without splitting the words."""
        if self._vocabulary is not None:
            return not self._vocabulary.isdisjoint(forms)
        return any(f" {form} " in self.folded for form in forms)

    def has_pair(self, left: Word, right: Word) -> bool:
        """Return whether two whole words are adjacent, in any letter case."""
        return any((one, other) in self._pairs for one in left.forms for other in right.forms)

    def has_phrase(self, words: str) -> bool:
        """Return whether these forms are adjacent here; a space at either end requires a whole word there."""
        return words in self._phrase_text

    def is_written(self, word: Word) -> bool:
        """Return whether a word stands here in the letter case that it wants."""
        places = self._written_places(word)
        return self.positions_of(word) > 0 if places is None else bool(places)

    def locations_written(self, word: Word) -> list[tuple[int, int]] | None:
        """Return the offsets of a word in the letter case that it wants; None: there are many."""
        places = self._written_places(word)
        return None if places is None else [self._tokens.location(place, place) for place in places]

    def _written_places(self, word: Word) -> list[int] | None:
        """Return its places in the folded string; None: there are so many that the positions of all words cost less."""
        if word.is_open or sum(self.folded.count(f" {form} ") for form in word.forms) > _FEW:
            return None
        places = (place for form in word.forms for place in self._tokens.places_of(form))
        return sorted(place for place in places if word.fits_written(self._tokens.written_at(place)))

    def positions_of(self, word: Word) -> Positions:
        """Return the positions of a word, in its letter case if that counts."""
        found = self._positions_by_word.get(word)  # one look-up, because hashing a word costs more than the rest
        if found is None:
            places = self._places_of(word)
            found = self._positions_by_word[word] = to_bitset([self._positions[place] for place in places])
        return found

    def locations(self, spans: Spans, most: int | None = None) -> Iterator[tuple[int, int]]:
        """Yield spans as offsets into the text, ascending and each once; at most so many."""
        return islice(self._all_locations(spans), most)

    def _all_locations(self, spans: Spans) -> Iterator[tuple[int, int]]:
        starts, places = self._tokens.starts, self._positions
        for (first, last), same in groupby(ordered(spans), key=itemgetter(0, 1)):
            last_start = starts[bisect_left(places, last)]
            start, end = self._tokens.location(starts[bisect_left(places, first)], last_start)
            ends = {self._stem_end(last_start, end, stem) if stem else end for _, _, stem in same}
            yield from ((start, stem_end) for stem_end in sorted(ends))

    def _stem_end(self, place: int, end: int, stem: str) -> int:
        """Return where the stem ends in the word at a place, which ends at `end`."""
        begin, _ = self._tokens.location(place, place)
        return begin + stem_length(self.text[begin:end], stem)

    def locations_of(self, form: str, most: int) -> list[tuple[int, int]]:
        """Return a form's offsets into the text; at most so many."""
        if self._vocabulary is not None and form not in self._vocabulary:
            return []
        return self._tokens.locations_of(form, most)

    @cached_property
    def _pairs(self) -> set[tuple[str, str]]:
        return set(pairwise(self.forms))

    @cached_property
    def _phrase_text(self) -> str:
        return f" {' '.join(self.forms)} "

    @cached_property
    def _positions(self) -> Sequence[int]:
        """The position of each word; see `monitor.match.positions`."""
        if self.folded.isascii():
            return range(0, 2 * len(self.forms), 2)
        touching = self._tokens.glued
        if not touching:
            return [*range(0, 2 * len(self.forms), 2)]
        places, place, before = [], -2, "가"
        for form, start in zip(self.forms, self._tokens.starts, strict=True):
            is_particle = start in touching and is_hangul(form) and not is_hangul(before)
            place = place + 1 if is_particle else place + 2 & ~1
            places.append(place)
            before = form
        return places

    @cached_property
    def _places_by_form(self) -> dict[str, list[int]]:
        """The places of each form among the words."""
        found: dict[str, list[int]] = {}
        for place, form in enumerate(self.forms):
            found.setdefault(form, []).append(place)
        return found

    @cached_property
    def _word_list(self) -> str:
        """All distinct words between line breaks, so that `find` searches parts of words."""
        return "\n" + "\n".join(self.vocabulary) + "\n"

    def _places_of(self, word: Word) -> Iterator[int]:
        found = self._open_forms(word) if word.is_open else self.vocabulary.intersection(word.forms)
        places = (place for form in found for place in self._places_by_form[form])
        return (place for place in places if word.fits_written(self.written[place])) if word.is_picky else places

    def _open_forms(self, word: Word) -> Set[str]:
        """Return the forms that an open word finds."""
        found = self._forms_by_word.get(word)
        if found is None:
            found = self._forms_by_word[word] = frozenset(self._find_open(word))
        return found

    def _find_open(self, word: Word) -> Iterator[str]:
        left = "" if word.is_open_left else "\n"
        right = "" if word.is_open_right or word.endings else "\n"
        for stem in word.forms:
            found = self._forms_containing(left + stem + right)
            yield from filter(word.fits, found) if word.endings else found

    def _forms_containing(self, needle: str) -> Iterable[str]:
        """Return the words with this part in the cheaper way: one by one if many have it, else from match to match."""
        if self._word_list.count(needle) * _MANY < len(self.vocabulary):
            return _lines_with(self._word_list, needle)
        return (text for text in self.vocabulary if needle in f"\n{text}\n")


class Document:
    """One release during matching; a field is tokenized at its first use."""

    def __init__(self, release: Release) -> None:
        self._texts = {"title": release.title, "body": release.body, "category": release.category or ""}
        self._fields: dict[str, TokenizedField] = {}

    @property
    def texts(self) -> Mapping[str, str]:
        """The text of each field."""
        return self._texts

    def folded(self) -> str:
        """Return the forms of all fields, each between spaces."""
        return "".join([self.field(name).folded for name in self._texts])

    def forms(self) -> set[str]:
        """Return every distinct form in any field."""
        return self.field("body").vocabulary.union(self.field("title").vocabulary, self.field("category").vocabulary)

    def field(self, field: str) -> TokenizedField:
        """Return a field with its words."""
        found = self._fields.get(field)
        if found is None:
            text = self._texts[field]
            found = self._fields[field] = TokenizedField(text) if text else _EMPTY
        return found


_EMPTY = TokenizedField("")  # has no word, so it never keeps what it is asked


def _lines_with(text: str, needle: str) -> Iterator[str]:
    at = text.find(needle)
    while at >= 0:
        start = text.rfind("\n", 0, at + 1) + 1
        end = text.find("\n", max(start, at + len(needle) - 1))
        yield text[start:end]
        at = text.find(needle, end)
