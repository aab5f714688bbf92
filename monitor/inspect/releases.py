"""List the current releases, all or those that contain some words, for `releases`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from monitor.inspect.paging import OLDEST, ListedRow, Place, numbers_from, read_from
from monitor.inspect.rows import release_row
from monitor.inspect.watchlists import require_rule
from monitor.records import Archive, Stored

if TYPE_CHECKING:
    from monitor.config import Config


def current_releases(archive: Archive, *, since: date | None = None, place: Place = OLDEST) -> Iterator[Stored]:
    """Yield every release as it is now, or those of that day and later."""
    found = read_from(
        place,
        forward=partial(archive.heads, since=since),
        backward=partial(_older, archive),
    )
    return (one for one in found if since is None or (one.release.date and one.release.date >= since))


def _older(archive: Archive, *, before: int | None, limit: int) -> Sequence[Stored]:
    return archive.heads_before(before, limit)


def found_releases(
    config: Config, archive: Archive, words: Sequence[str], *, since: date | None = None, place: Place = OLDEST
) -> Iterator[Stored]:
    """Yield those that have all of these words, each read as a keyword of a watchlist. Raises UsageError."""
    from monitor.match.search import search_query

    numbers = numbers_from(place, archive.search(search_query(words, config.aliases), since=since))
    for start in range(0, len(numbers), place.limit):
        heads = archive.heads_of(numbers[start : start + place.limit])
        yield from heads if place.after is not None else reversed(heads)


def release_rows(config: Config, releases: Iterable[Stored], *, watchlist: str | None = None) -> Iterator[ListedRow]:
    """Yield a line of `releases` for each, or for those that this watchlist matches, as it is configured now.

    Raises NotFound for an unknown watchlist, and WrongState for one whose rule this process must not know.
    """
    from monitor.config.convert import watchlists_of
    from monitor.match.matcher import Matcher

    every = watchlists_of(config)
    if watchlist is not None:
        require_rule(config, watchlist)
    matcher = Matcher(every, config.aliases)
    for stored in releases:
        names = {hit.watchlist for hit in matcher.scan(stored.release, source=stored.source)}
        if watchlist is None or watchlist in names:
            row = release_row(stored, [one.name for one in every if one.name in names])
            yield ListedRow(row, str(stored.number))
