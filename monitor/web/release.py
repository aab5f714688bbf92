"""Show one release: its versions compared, its dumps and alerts, and how each watchlist reads it."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from monitor.errors import UsageError
from monitor.inspect.hits import HitFinder
from monitor.inspect.release_page import DUMPS, explained, found_hits, release_page
from monitor.web.pages import number_of, render, site_of

VIEWS = ("inline", "split", "changes")


def show(request: Request) -> Response:
    """Answer with a release; `from` and `to` are the versions that are compared. Raises NotFound."""
    site, query = site_of(request), request.query_params
    config, view = site.config, _view(query)
    finder = site.caches.finders.made("watchlists", config, lambda: HitFinder.of_watchlists(config))
    with site.stores() as stores:
        page = release_page(stores.archive, number_of(request), old=_version(query, "from"), new=_version(query, "to"))
    return render(
        request,
        "release.html.j2",
        page=page,
        view=view,
        explained=explained(config, page),
        found=found_hits(finder, page),
        most_dumps=DUMPS,
    )


def _view(query: Mapping[str, str]) -> str:
    view = query.get("view") or VIEWS[0]
    if view not in VIEWS:
        raise UsageError(f"view={view}: there is no such view; write {', '.join(VIEWS)}")
    return view


def _version(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text)):
        raise UsageError(f"{name}={text}: give the number of a version")
    return int(text)
