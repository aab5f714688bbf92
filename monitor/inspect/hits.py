"""Find where watchlists, a query or the words of a search stand in a release, for a page that marks them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

from monitor.config.convert import watchlists_of
from monitor.match.keywords import keyword_fault
from monitor.match.matcher import Matcher
from monitor.match.query import NO_ALIASES, Aliases
from monitor.match.watchlist import Watchlist
from monitor.model import Alert, Change, Hit, Kind, Release, Snippet
from monitor.notify.compose import item_of

if TYPE_CHECKING:
    from monitor.config import Config


class MarkedText(NamedTuple):
    """A part of a text that is one hit, or holds none; the parts of a text give it back when they are joined."""

    text: str
    is_hit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundHits:
    """The hits in one release."""

    release: Release
    hits: tuple[Hit, ...] = ()  # by field, then place; of each watchlist not all are kept when there are many
    totals: tuple[tuple[str, int], ...] = ()  # watchlist that matches → places, those that `hits` leaves out too
    snippets: tuple[Snippet, ...] = ()  # the first ones of each watchlist in turn, body first; none overlap
    words: tuple[str, ...] = ()  # as they stand in the text, each once

    def marked(self, field: str) -> tuple[MarkedText, ...]:
        """Return the whole text of a field in parts; hits that overlap are one part."""
        text = str(getattr(self.release, field) or "")
        return tuple(_parts(text, [(hit.start, hit.end) for hit in self.hits if hit.field == field]))


class HitFinder:
    """Rules, prepared once for many releases. Raises UsageError for a rule that is not valid."""

    def __init__(self, watchlists: Sequence[Watchlist], aliases: Aliases = NO_ALIASES) -> None:
        self._matcher = Matcher(watchlists, aliases)

    @classmethod
    def of_watchlists(cls, config: Config) -> Self:
        """Return the finder for all configured watchlists."""
        return cls(watchlists_of(config), config.aliases)

    @classmethod
    def of_words(cls, config: Config, words: Sequence[str]) -> Self:
        """Return the finder for the words of a search; what is no keyword marks nothing."""
        keywords = tuple(word for word in words if keyword_fault(word) is None)
        return cls([Watchlist(name="words", keywords=keywords)] if keywords else [], config.aliases)

    def find(self, release: Release, *, source: str | None = None) -> FoundHits:
        """Return the hits in one release; source None: watchlists of any source count."""
        found = self._matcher.match(release, source=source)
        names = tuple(name for name, _ in found.totals)
        if not names:
            return FoundHits(release=release)
        alert = Alert(change=_as_new(release), watchlists=names, notified=names, hits=found.hits, totals=found.totals)
        item = item_of(alert, watchlists=frozenset(names))
        return FoundHits(
            release=release, hits=found.hits, totals=found.totals, snippets=item.snippets, words=item.words
        )


def _as_new(release: Release) -> Change:
    return Change(kind=Kind.NEW, number=0, version=1, base=0, after=release, before=None, reason="", record=None)


def _parts(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[MarkedText]:
    done = 0
    for start, end in _joined(spans):
        if start > done:
            yield MarkedText(text=text[done:start], is_hit=False)
        yield MarkedText(text=text[start:end], is_hit=True)
        done = end
    if text[done:]:
        yield MarkedText(text=text[done:], is_hit=False)


def _joined(spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the spans in order, with those that overlap joined."""
    start = end = -1
    for next_start, next_end in sorted(spans):
        if next_start < end:
            end = max(end, next_end)
            continue
        if end > start:
            yield start, end
        start, end = next_start, next_end
    if end > start:
        yield start, end
