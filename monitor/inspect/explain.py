"""Explain how watchlists match one release, for `explain`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from monitor.config.convert import watchlists_of
from monitor.inspect.rows import explanation_row
from monitor.inspect.watchlists import require_rule
from monitor.match.explain import Explanation, QueryPart, explain
from monitor.match.watchlist import Watchlist
from monitor.ports import Row
from monitor.records import Stored

if TYPE_CHECKING:
    from monitor.config import Config


def chosen_watchlists(config: Config, name: str | None = None) -> list[Watchlist]:
    """Return the watchlist of this name, or all of them. Raises NotFound, and WrongState as `require_rule` does."""
    if name is not None:
        require_rule(config, name)
    return [one for one in watchlists_of(config) if name in (None, one.name)]


def explanations(
    config: Config, stored: Stored, watchlists: Iterable[Watchlist]
) -> Iterator[tuple[Watchlist, Explanation]]:
    """Yield each of these watchlists with what its parts find in the current text of a release."""
    for one in watchlists:
        yield one, with_sources(explain(one, stored.release, config.aliases), one, stored.source)


def explanation_rows(config: Config, stored: Stored, watchlists: Iterable[Watchlist]) -> Iterator[Row]:
    """Yield a line of `explain` for each of these watchlists."""
    for watchlist, explanation in explanations(config, stored, watchlists):
        yield explanation_row(stored.number, watchlist.name, explanation)


def with_sources(explanation: Explanation, watchlist: Watchlist, source: str) -> Explanation:
    """Return the explanation, with a failed part where the watchlist leaves out the source of this release."""
    if not watchlist.sources or source in watchlist.sources:
        return explanation
    names = ", ".join(sorted(watchlist.sources))
    part = QueryPart(text=f"sources: {names}", matched=False, why=f"the release is of {source}")
    return replace(explanation, matched=False, parts=(*explanation.parts, part))
