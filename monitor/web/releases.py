"""Search the releases, or show the newest ones."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from monitor.errors import UsageError
from monitor.inspect.search import Search, SearchResult, count_releases, newest_releases, search_releases, words_of
from monitor.web.errors import http_status
from monitor.web.pages import render, site_of
from monitor.web.paging import SIZE, older_than

if TYPE_CHECKING:
    from monitor.records import Archive
    from monitor.web.site import Site

_CATEGORIES = 12  # that are shown, the most frequent ones and the chosen one
_MONTHS = 12


def search(request: Request) -> Response:
    """Answer with the releases in which all words occur; without words with the newest ones."""
    asked = request.query_params
    wanted = Search(
        text=asked.get("q", "").strip(),
        source=asked.get("source", ""),
        category="" if "uncategorized" in asked else asked.get("category") or None,
        month=asked.get("month", ""),
        before=older_than(request),
    )
    site = site_of(request)
    try:
        with site.stores() as stores:
            result = _result(site, stores.archive, wanted)
    except UsageError as error:
        return render(request, "search.html.j2", status=http_status(error), wanted=wanted, fault=error, result=None)
    categories = list(result.counts.categories.items())
    shown = [each for number, each in enumerate(categories) if number < _CATEGORIES or each[0] == wanted.category]
    return render(
        request,
        "search.html.j2",
        wanted=wanted,
        fault=None,
        result=result,
        categories=shown,
        more_categories=len(categories) - len(shown),
        months=[each for each in result.counts.months.items() if each[0]][:_MONTHS],
        rest_query=_rest_query(wanted),
        next=result.releases[-1].stored.number if result.is_more else None,
    )


def _rest_query(wanted: Search) -> str | None:
    """Return how REST is asked for the same releases; None: it cannot narrow them so."""
    if wanted.source or wanted.month or wanted.category is not None:
        return None
    words = urlencode([("words", word) for word in words_of(wanted.text)], errors="replace")
    return f"?{words}" if words else ""


def _result(site: Site, archive: Archive, wanted: Search) -> SearchResult:
    if not wanted.is_of_all:
        return search_releases(site.config, archive, wanted, limit=SIZE)
    counts = site.caches.counts.made("releases", archive.contents(), lambda: count_releases(archive))
    return newest_releases(archive, counts, before=wanted.before, limit=SIZE)
