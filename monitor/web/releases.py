"""Search the releases, or show the newest ones."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from monitor.errors import UsageError
from monitor.inspect.search import Search, search_releases
from monitor.web.errors import http_status
from monitor.web.pages import render, site_of
from monitor.web.paging import SIZE, older_than

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
            result = search_releases(site.config, stores.archive, wanted, limit=SIZE)
    except UsageError as error:
        return render(request, "search.html.j2", status=http_status(error), wanted=wanted, fault=error, result=None)
    categories = list(result.found.categories.items())
    shown = [each for number, each in enumerate(categories) if number < _CATEGORIES or each[0] == wanted.category]
    is_more = len(result.found.page) > SIZE
    return render(
        request,
        "search.html.j2",
        wanted=wanted,
        fault=None,
        result=result,
        categories=shown,
        more_categories=len(categories) - len(shown),
        months=[each for each in result.found.months.items() if each[0]][:_MONTHS],
        next=result.releases[-1].stored.number if is_more else None,
    )
