"""Show the watchlists: the rule as it is written, what it matched day by day, and whom it notifies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from monitor.inspect.rule_query import rule_query
from monitor.inspect.status import midnights
from monitor.inspect.watchlists import WatchlistState, watchlists
from monitor.page_records import DayCount
from monitor.web.pages import render, site_of

DAYS = 60  # that are counted one by one, including today


class WatchlistView(NamedTuple):
    """A watchlist with its counts."""

    state: WatchlistState
    query: str  # its rule as `/rules` reads it; "": it cannot be shown
    days: Sequence[int]  # events that it matched on each of the last days, oldest first
    total: DayCount  # of all time


def show(request: Request) -> Response:
    """Answer with the watchlists, in the order of the file."""
    site = site_of(request)
    config, now = site.config, site.now()
    with site.stores() as stores:
        states = list(watchlists(config, stores, now=now))
        days = stores.archive.watchlist_days(midnights(now, config.timezone, DAYS))
        totals = stores.archive.watchlist_totals()
    views = [
        WatchlistView(
            state,
            rule_query(config, state.name),
            days.get(state.name, [0] * DAYS),
            totals.get(state.name, DayCount()),
        )
        for state in states
    ]
    return render(request, "watchlists.html.j2", watchlists=views)
