"""Search the releases for a page: a part of what was found, with the hits, and how many there are by their facets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from monitor.errors import UsageError
from monitor.inspect.hits import FoundHits, HitFinder
from monitor.inspect.rule_query import words_query
from monitor.records import Found, Stored

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.records import Archive

MAX_WORDS = 32
MAX_LENGTH = 500  # characters of what a person typed
EXCERPTS = 2  # of one release
_AROUND = 90  # characters before and behind a hit
_LONGEST = 30  # characters of a word that is not cut
_SPACE = re.compile(r"\s")
_WORD = re.compile(r'"([^"]*)"|([^\s"]+)')
_MONTH = re.compile(r"\d{4}-\d\d")


Span = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to search for; "" and None do not narrow."""

    text: str = ""  # all words must occur; those in quotation marks side by side
    source: str = ""
    category: str | None = None  # "": none was given
    month: str = ""  # 2026-11
    before: int | None = None  # releases with a lower number

    @property
    def is_of_all(self) -> bool:
        """Return whether every release is asked for."""
        return not (self.text or self.source or self.month) and self.category is None


class Excerpt(NamedTuple):
    """A part of a text, in one line, with every hit in it."""

    text: str
    hits: tuple[Span, ...] = ()  # offsets into it


class FoundRelease(NamedTuple):
    """One release, with what a list shows of its text."""

    stored: Stored
    title_hits: tuple[Span, ...]  # offsets into the title
    excerpts: tuple[Excerpt, ...]  # around its first hits; without any in the text, its beginning


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """One page of what was found."""

    releases: Sequence[FoundRelease]
    is_more: bool  # there is another page
    counts: Found  # how many there are by their facets; its own page is empty
    query: str = ""  # the words as `/rules` reads them; "": every release was asked for


def search_releases(config: Config, archive: Archive, search: Search, *, limit: int) -> SearchResult:
    """Search and return one page, newest first. Raises UsageError for words that cannot be searched for."""
    from monitor.match.search import search_query

    words = words_of(search.text)
    if search.month and not _MONTH.fullmatch(search.month):
        raise UsageError(f"month={search.month[:20]}: write a month such as 2026-11")
    found = archive.found(
        search_query(words, config.aliases) if words else None,
        source=search.source,
        category=search.category,
        month=search.month,
        before=search.before,
        limit=limit + 1,
    )
    finder = HitFinder.of_words(config, words)
    return SearchResult(
        releases=[_found_release(stored, finder.find(stored.release)) for stored in found.page[:limit]],
        is_more=len(found.page) > limit,
        counts=replace(found, page=()),
        query=words_query(words) if words else "",
    )


def count_releases(archive: Archive) -> Found:
    """Count every release by its facets. This reads all of them: keep it while nothing is stored."""
    return replace(archive.found(None, limit=1), page=())


def newest_releases(archive: Archive, counts: Found, *, before: int | None, limit: int) -> SearchResult:
    """Return one page of all releases, newest first; counts: as `count_releases` gives them."""
    page = archive.heads_before(before, limit + 1)
    releases = [_found_release(stored, FoundHits(release=stored.release)) for stored in page[:limit]]
    return SearchResult(releases=releases, is_more=len(page) > limit, counts=counts)


def words_of(text: str) -> Sequence[str]:
    """Return the words and the quoted phrases of what a person typed. Raises UsageError when there are too many."""
    if len(text) > MAX_LENGTH:
        raise UsageError(f"the search has {len(text):,} characters; {MAX_LENGTH} are the most")
    words = [phrase or word for phrase, word in _WORD.findall(text) if (phrase or word).strip()]
    if len(words) > MAX_WORDS:
        raise UsageError(f"the search has {len(words)} words; {MAX_WORDS} are the most")
    return words


def _found_release(stored: Stored, found: FoundHits) -> FoundRelease:
    places = [(hit.start, hit.end) for hit in found.hits if hit.field == "title"]
    in_body = [(hit.start, hit.end) for hit in found.hits if hit.field == "body"]
    body = stored.release.body
    excerpts = [_excerpt(body, start, end, in_body) for start, end in _windows(body, in_body)[:EXCERPTS]]
    if not excerpts and body.strip():
        excerpts = [_excerpt(body, 0, _edge(body, 2 * _AROUND), ())]
    return FoundRelease(stored, tuple(places), tuple(excerpts))


def _windows(text: str, hits: Sequence[Span]) -> list[Span]:
    """Return the parts of a text around its hits, which do not overlap."""
    windows: list[Span] = []
    for start, end in hits:
        first, last = max(0, start - _AROUND), _edge(text, end + _AROUND)
        if not windows or start >= windows[-1][1]:
            windows.append((max(first, windows[-1][1] if windows else 0), last))
    return windows


def _edge(text: str, at: int) -> int:
    """Return the end of the word at this place, if it is near."""
    found = _SPACE.search(text, at, at + _LONGEST)
    return found.start() if found else min(at, len(text))


def _excerpt(text: str, start: int, end: int, hits: Sequence[Span]) -> Excerpt:
    """Return a part of a text that begins with a whole word; white space in it is one space each."""
    if start and (space := _SPACE.search(text, start, start + _LONGEST)):
        start = space.end()
    before, after = "… " if start else "", " …" if text[end:].strip() else ""
    part = _SPACE.sub(" ", text[start:end])
    shift = len(before) - start
    inside = tuple((first + shift, last + shift) for first, last in hits if start <= first and last <= end)
    return Excerpt(f"{before}{part}{after}", inside)
