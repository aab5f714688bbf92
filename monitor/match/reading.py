"""A release → its words, each field read once however many rules ask, and only as closely as they ask.

First the distinct forms (a set test), then the places of each form, and the offsets of words only where hits are told.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property

from monitor.match.words import Token, Word, is_hangul, spelled, tokens
from monitor.model import Release

FIELDS = ("title", "body", "category")  # in the order in which hits are told


class Page:
    """One field: its text, its words in order, and where each form stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.raws, self._folded = spelled(text)
        self.vocabulary = frozenset(self._folded.values())

    @cached_property
    def forms(self) -> list[str]:
        """The words in order, folded; parallel to `raws` and `tokens`."""
        return [self._folded[raw] for raw in self.raws]

    @cached_property
    def tokens(self) -> list[Token]:
        """The words with their offsets; the dearest view of a page."""
        return tokens(self.text)

    @cached_property
    def ordinals(self) -> list[int]:
        """The number of each word as a person counts: a particle glued to a word in other letters counts with it."""
        counted: list[int] = []
        for at in range(len(self.forms)):
            counted.append(counted[-1] + (not self.is_particle(at)) if counted else 0)
        return counted

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for place, form in enumerate(self.forms):
            found.setdefault(form, []).append(place)
        return found

    @cached_property
    def _listed(self) -> str:
        """All distinct forms between line breaks, in which parts of words are looked for at the speed of `find`."""
        return "\n" + "\n".join(self.vocabulary) + "\n"

    def has(self, word: Word) -> bool:
        """Whether the word stands here, letter case apart."""
        if word.is_open:
            return any(needle in self._listed for needle in _needles(word))
        return not word.forms.isdisjoint(self.vocabulary)

    def places_of(self, word: Word) -> list[int]:
        """Indexes into `raws` of those that are this word, ascending."""
        known = self._known(word) if word.is_open else word.forms & self.vocabulary
        found = [place for form in known for place in self._places[form]]
        if word.is_picky:
            found = [place for place in found if word.fits(self.raws[place], self.forms[place])]
        return sorted(found) if len(known) > 1 else found

    def is_particle(self, at: int) -> bool:
        """Whether the word here is Hangul glued to a word in other letters, as 를 in "FTA를"."""
        if at == 0 or not is_hangul(self.forms[at]) or is_hangul(self.forms[at - 1]):
            return False
        return self.tokens[at - 1].end == self.tokens[at].start

    def _known(self, word: Word) -> set[str]:
        return {form for needle in _needles(word) for form in _lines_with(self._listed, needle)}


class Reading:
    """One release while watchlists look at it; a field is read at the first question about it."""

    __slots__ = ("_pages", "_texts")

    def __init__(self, release: Release) -> None:
        self._texts = {"title": release.title, "body": release.body, "category": release.category or ""}
        self._pages: dict[str, Page] = {}

    def forms(self) -> set[str]:
        """Every distinct form in any field."""
        return set().union(*(self.page(field).vocabulary for field in FIELDS))

    def page(self, field: str) -> Page:
        """A field with its words, worked out at the first call."""
        found = self._pages.get(field)
        if found is None:
            found = self._pages[field] = Page(self._texts[field])
        return found


def nearest(sorted_places: list[int], above: int) -> int | None:
    """The first place that is not below `above`; None: there is none."""
    at = bisect_left(sorted_places, above)
    return sorted_places[at] if at < len(sorted_places) else None


def _needles(word: Word) -> Iterator[str]:
    left = "" if word.is_open_left else "\n"
    right = "" if word.is_open_right else "\n"
    return (left + form + right for form in word.forms)


def _lines_with(text: str, needle: str) -> Iterator[str]:
    at = text.find(needle)
    while at >= 0:
        start = text.rfind("\n", 0, at + 1) + 1
        end = text.find("\n", max(start, at + len(needle) - 1))
        yield text[start:end]
        at = text.find(needle, end)
