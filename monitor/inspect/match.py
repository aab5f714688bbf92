"""Try a query or a watchlist on releases: what matches, and how many alerts there had been, for `match`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING

from monitor.config import caret_excerpt
from monitor.config.convert import watchlists_of
from monitor.inspect.backtest import BacktestCounts, Candidate, backtest, candidate_of
from monitor.inspect.paging import OLDEST, ListedRow, Place
from monitor.inspect.releases import current_releases
from monitor.inspect.rows import match_row
from monitor.inspect.watchlists import require_rule
from monitor.match.inside import InsideWords
from monitor.match.matcher import Matcher, Watchlist
from monitor.match.query import QueryFault
from monitor.model import Alert
from monitor.records import Archive

if TYPE_CHECKING:
    from monitor.config import Config


class RuleTrial:
    """A rule, ready to be tried on releases; it counts along. Raises UsageError, with the place of the fault."""

    def __init__(self, config: Config, rule: str, *, is_query: bool = False) -> None:
        """Read a rule: the name of a watchlist, else a query; is_query: never the name."""
        is_name = not is_query and rule in config.watchlists
        if is_name:
            require_rule(config, rule)
        named = [one for one in watchlists_of(config) if is_name and one.name == rule]
        self.watchlist = named[0] if named else Watchlist(name="query", query=rule)
        self.counts = BacktestCounts()
        try:
            self._matcher = Matcher([self.watchlist], config.aliases)
        except QueryFault as fault:
            fault.excerpt = caret_excerpt(self.watchlist.query, fault.column)
            raise
        self._inside = InsideWords([self.watchlist], config.aliases)

    def matches(self, candidates: Iterable[Candidate]) -> Iterator[tuple[Candidate, Alert]]:
        """Yield every release that matches, as if it were new."""
        return backtest(self._matcher, candidates, self.counts, self._inside)

    def rows(self, candidates: Iterable[Candidate]) -> Iterator[ListedRow]:
        """Yield a line of `match` for every release that matches."""
        for candidate, alert in self.matches(candidates):
            yield ListedRow(match_row(candidate, alert), str(candidate.number or ""))

    def hints(self) -> list[str]:
        """Return what the words of the rule are often inside of, in the releases tried so far."""
        return [hint for _, hint in self._inside.hints()]


def stored_candidates(archive: Archive, *, since: date | None = None, place: Place = OLDEST) -> Iterator[Candidate]:
    """Yield every stored release as a candidate, or those of that day and later."""
    return map(candidate_of, current_releases(archive, since=since, place=place))
