"""A release → its words, each field read once however many rules ask, and only as closely as they ask.

First the distinct forms (a set test), then words side by side, then the places of each word as a set, and offsets
only where hits are told.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice, pairwise

from monitor.match.fast_tokens import Spelling
from monitor.match.positions import Places, Spans, each_of, mains, set_of
from monitor.match.tokens import Word, as_cased, is_capitals, is_hangul
from monitor.model import Release

_MANY = 10  # one word in so many

FIELDS = ("title", "body", "category")  # in the order in which hits are told


class TokenizedField:
    """One field: its text, its words in order, and where each form stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._spelling = Spelling(text)
        self.forms = self._spelling.folded.split()
        self.vocabulary = set(self.forms)
        self._views: dict[tuple[bool, bool], _View] = {}
        self._known: dict[Word, Places] = {}

    @cached_property
    def raws(self) -> list[str]:
        """The words in order as they are written; parallel to `forms`."""
        return self._spelling.written.split()

    @cached_property
    def main(self) -> Places:
        """The places of all words that are no particles."""
        return mains(len(self.forms))

    @property
    def has_particles(self) -> bool:
        """Whether a phrase may have to step over a particle."""
        return not isinstance(self._places, range)

    def has(self, word: Word) -> bool:
        """Whether the word stands here, letter case apart."""
        if word.is_open:
            return self._plain.has_open(word)
        return not self.vocabulary.isdisjoint(word.forms)

    def has_pair(self, left: Word, right: Word) -> bool:
        """Whether two whole words stand side by side, letter case apart."""
        return any((one, other) in self._pairs for one in left.forms for other in right.forms)

    def says(self, words: str) -> bool:
        """Whether these forms stand here side by side; a blank at either end asks for a whole word there."""
        return words in self._said

    def places_of(self, word: Word) -> Places:
        """Where the word stands, letter case included where that counts."""
        found = self._known.get(word)
        if found is None:
            found = self._known[word] = self._view(word).places_of(word)
        return found

    def spans(self, runs: Spans, most: int | None = None) -> Iterator[tuple[int, int]]:
        """Runs as offsets into the text, ascending; at most so many."""
        starts, places = self._spelling.starts, self._places
        for first, last in islice(each_of(runs), most):
            yield self._spelling.stretch(starts[bisect_left(places, first)], starts[bisect_left(places, last)])

    def spans_of(self, form: str, most: int) -> list[tuple[int, int]]:
        """Where a form stands, as offsets into the text; at most so many."""
        found: list[tuple[int, int]] = []
        written, wanted = self._spelling.folded, f" {form} "
        at = written.find(wanted)
        while at >= 0 and len(found) < most:
            found.append(self._spelling.stretch(at + 1, at + 1))
            at = written.find(wanted, at + len(wanted) - 1)
        return found

    @cached_property
    def _pairs(self) -> set[tuple[str, str]]:
        return set(pairwise(self.forms))

    @cached_property
    def _said(self) -> str:
        return f" {' '.join(self.forms)} "

    @cached_property
    def _places(self) -> Sequence[int]:
        """The place of each word; see `monitor.match.positions`."""
        if self._spelling.folded.isascii():
            return range(0, 2 * len(self.forms), 2)
        places, place = [], -2
        touching = self._spelling.touching
        was_hangul = True
        for form, start in zip(self.forms, self._spelling.starts, strict=True):
            is_particle = start in touching and not was_hangul and is_hangul(form)
            place = place + 1 if is_particle else place + 2 & ~1
            places.append(place)
            was_hangul = is_hangul(form)
        return places

    @cached_property
    def _plain(self) -> _View:
        return _View(self.forms, self._places, self.vocabulary)

    def _view(self, word: Word) -> _View:
        if not word.is_picky:
            return self._plain
        kind = bool(word.cased), word.needs_capitals
        if kind not in self._views:
            self._views[kind] = self._seen(is_cased=kind[0], in_capitals=kind[1])
        return self._views[kind]

    def _seen(self, *, is_cased: bool, in_capitals: bool) -> _View:
        shown = (
            {raw: as_cased(raw) for raw in set(self.raws)}
            if is_cased
            else dict(zip(self.raws, self.forms, strict=True))
        )
        if in_capitals:
            shown = {raw: text for raw, text in shown.items() if is_capitals(raw)}
        return _View([shown.get(raw, "") for raw in self.raws], self._places, set(shown.values()))


class _View:
    """The words of a page as one kind of question sees them: folded, with their letter case, capitals alone."""

    def __init__(self, texts: Sequence[str], places: Sequence[int], vocabulary: set[str]) -> None:
        self._texts = texts  # "": not to be seen
        self._places = places
        self._vocabulary = vocabulary

    def has_open(self, word: Word) -> bool:
        """Whether a word with a wildcard stands here."""
        return any(needle in self._listed for needle in _needles(word, word.forms))

    def places_of(self, word: Word) -> Places:
        """Where it stands."""
        wanted = word.cased or word.forms
        known = self._fitting(word, wanted) if word.is_open else self._vocabulary.intersection(wanted)
        return set_of([place for text in known for place in self._places_of[text]])

    @cached_property
    def _places_of(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for text, place in zip(self._texts, self._places, strict=True):
            found.setdefault(text, []).append(place)
        return found

    @cached_property
    def _listed(self) -> str:
        """All distinct words between line breaks, in which parts of words are looked for at the speed of `find`."""
        return "\n" + "\n".join(self._vocabulary) + "\n"

    def _fitting(self, word: Word, wanted: Iterable[str]) -> set[str]:
        return {text for needle in _needles(word, wanted) for text in self._with(needle)}

    def _with(self, needle: str) -> Iterable[str]:
        """Words with this part, by the cheaper way: one by one where many have it, else from find to find."""
        if self._listed.count(needle) * _MANY < len(self._vocabulary):
            return _lines_with(self._listed, needle)
        return (text for text in self._vocabulary if needle in f"\n{text}\n")


class Document:
    """One release while watchlists look at it; a field is read at the first question about it."""

    __slots__ = ("_pages", "_texts")

    def __init__(self, release: Release) -> None:
        self._texts = {"title": release.title, "body": release.body, "category": release.category or ""}
        self._pages: dict[str, TokenizedField] = {}

    def texts(self) -> Iterable[str]:
        """Its fields as they are written."""
        return self._texts.values()

    def forms(self) -> set[str]:
        """Every distinct form in any field."""
        return self.page("body").vocabulary.union(self.page("title").forms, self.page("category").forms)

    def page(self, field: str) -> TokenizedField:
        """A field with its words, worked out at the first call."""
        found = self._pages.get(field)
        if found is None:
            found = self._pages[field] = TokenizedField(self._texts[field])
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
