"""Define what a full-text search asks for."""

from __future__ import annotations

from collections.abc import Callable

from monitor.frozen import dataclass
from monitor.model import Release

IndexWords = Callable[[Release], tuple[str, str, str]]  # a release → the words of title, body and category


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchWord:
    """A word to search for, by the words that the index holds."""

    ranges: tuple[tuple[str, str], ...]  # first and last words in the index's order; each that is found is in one
    accepts: Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPhrase:
    """Words side by side in one of these fields."""

    words: tuple[SearchWord, ...]
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """What to search for: of each group some phrase, all of them anywhere in the release."""

    all_of: tuple[tuple[SearchPhrase, ...], ...]
    index_words: IndexWords
