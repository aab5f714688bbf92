"""A release → its words, each field read once however many keywords ask."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.match.words import Word, forms, tokens
from monitor.model import Release

FIELDS = ("title", "body", "category")  # in the order in which hits are told


class Page:
    """One field: its text, its tokens in order, and where each form stands."""

    __slots__ = ("_places", "text", "tokens")

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self._places: dict[str, list[int]] = {}
        for place, token in enumerate(self.tokens):
            self._places.setdefault(token.form, []).append(place)

    def places_of(self, word: Word) -> Iterator[int]:
        """Indexes into `tokens` of those that are this word; in order for each of its forms."""
        if word.is_open_left or word.is_open_right:
            known = [form for form in self._places if word.covers(form)]
        else:
            known = [form for form in word.forms if form in self._places]
        return (place for form in known for place in self._places[form] if word.fits(self.tokens[place]))


class Reading:
    """One release while watchlists look at it: distinct forms at once, positions only for the fields asked for."""

    __slots__ = ("_pages", "_texts")

    def __init__(self, release: Release) -> None:
        self._texts = {"title": release.title, "body": release.body, "category": release.category or ""}
        self._pages: dict[str, Page] = {}

    def forms(self) -> set[str]:
        """Every distinct form in any field."""
        return set().union(*map(forms, self._texts.values()))

    def page(self, field: str) -> Page:
        """A field with its positions, worked out at the first call."""
        if field not in self._pages:
            self._pages[field] = Page(self._texts[field])
        return self._pages[field]
