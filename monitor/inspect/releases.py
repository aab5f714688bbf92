"""List the current releases, all or those that contain some words, for `releases`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from monitor.inspect.rows import release_row
from monitor.inspect.watchlists import unknown_watchlist
from monitor.ports import Row
from monitor.records import PAGE, Archive, Stored, read_all

if TYPE_CHECKING:
    from monitor.config import Config


def current_releases(archive: Archive, *, since: date | None = None) -> Iterator[Stored]:
    """Yield every release as it is now, oldest first, or those of that day and later."""
    return read_all(partial(archive.heads, since=since))


def found_releases(
    config: Config, archive: Archive, words: Sequence[str], *, since: date | None = None
) -> Iterator[Stored]:
    """Yield those that have all of these words, each read as a keyword of a watchlist. Raises UsageError."""
    from monitor.match.search import search_query

    found = archive.search(search_query(words, config.aliases), since=since)
    for start in range(0, len(found), PAGE):
        yield from archive.heads_of(found[start : start + PAGE])


def release_rows(config: Config, releases: Iterable[Stored], *, watchlist: str | None = None) -> Iterator[Row]:
    """Yield a line of `releases` for each, or for those that this watchlist matches, as it is configured now.

    Raises NotFound for an unknown watchlist.
    """
    from monitor.config.convert import watchlists_of
    from monitor.match.matcher import Matcher

    every = watchlists_of(config)
    if watchlist is not None and watchlist not in config.watchlists:
        raise unknown_watchlist(config, watchlist)
    matcher = Matcher(every, config.aliases)
    for stored in releases:
        names = {hit.watchlist for hit in matcher.scan(stored.release, source=stored.source)}
        if watchlist is None or watchlist in names:
            yield release_row(stored, [one.name for one in every if one.name in names])
