"""Render pages from templates: values → HTML.

Every printed string is neutralised and then escaped, so that a template can print scraped text as it is. Markup is made
by `markup` and `charts` alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from monitor.config import web_options_of
from monitor.web import charts, markup
from monitor.web.filters import FILTERS
from monitor.web.static_files import static_name
from monitor.web.tokens import feed_address

if TYPE_CHECKING:
    from monitor.config import WebOptions
    from monitor.web.site import Site

MAX_ID = 2**63 - 1  # the largest number that a store holds
NAVIGATION = (
    ("/", "Timeline"),
    ("/releases", "Releases"),
    ("/rules", "Rules"),
    ("/watchlists", "Watchlists"),
    ("/alerts", "Alerts"),
    ("/sources", "Sources"),
    ("/status", "Status"),
)


def site_of(request: Request) -> Site:
    """Return what all requests share."""
    site: Site = request.app.state.site
    return site


def number_of(request: Request) -> int:
    """Return the number that a path names; of one that no store can hold, the largest that it can."""
    return min(int(request.path_params["number"]), MAX_ID)


def render(request: Request, name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page; values: what its template prints, beside what every page has."""
    site = site_of(request)
    config, root = site.config, page_path(request, "")
    common = {
        "config": config,
        "here": request.url.path,
        "back": link(request).removeprefix(root),
        "done": site.done.sentence(request.query_params.get("done", "")),
        "link": lambda **changed: link(request, **changed),
        "path": lambda path: page_path(request, path),
        "feed": lambda path, query=(): page_path(request, feed_address(config, request.state.user, path, dict(query))),
        "navigation": NAVIGATION,
        "is_read_only": site.is_read_only or _nobody_acts(web_options_of(config)),
        "zone": config.timezone,
        "now": site.now(),
        "static": lambda file: page_path(request, f"/static/{static_name(file)}"),
        "urgent": site.urgent.current(),
        "is_older": "before" in request.query_params,
    }
    return HTMLResponse(_environment().get_template(name).render(**common | values), status_code=status)


def fill(name: str, **values: Any) -> str:
    """Return what a template makes of these values alone, such as a part of a feed."""
    return _environment().get_template(name).render(**values)


def macro(name: str, macro_name: str) -> Callable[..., Any]:
    """Return a macro of a template, which returns markup; its page has no part in it."""
    found: Callable[..., Any] = getattr(_environment().get_template(name).module, macro_name)
    return found


def _nobody_acts(options: WebOptions) -> bool:
    """Return whether visitors may only read and nobody has a password; who has one is asked for it by the action."""
    return options.anonymous == "read" and not options.users


def page_path(request: Request, path: str) -> str:
    """Return a path of this site as a link, behind the prefix under which people reach it."""
    return f"{request.scope.get('root_path', '')}{path}"


def link(request: Request, **changed: object) -> str:
    """Return this page's address with some parameters changed; None removes one. All state is in the address.

    What was done last is no state of a page.
    """
    wanted: dict[str, object] = {**request.query_params, "done": None, **changed}
    kept = {name: str(value) for name, value in wanted.items() if value not in (None, "")}
    path = page_path(request, request.url.path)
    return f"{path}?{urlencode(kept, errors='replace')}" if kept else path


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("monitor.web"),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        finalize=_neutralised,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["clock"] = lambda time, zone: time.astimezone(zone).strftime("%H:%M")
    made.tests["korean"] = markup.is_korean
    made.globals["markup"] = markup  # texts with marks, as templates print them
    made.globals["charts"] = charts
    made.filters["long_day"] = lambda day: f"{day:%A} {day.day} {day:%B %Y}"  # Saturday 14 November 2026
    made.filters["places"] = lambda found, field: [(hit.start, hit.end) for hit in found.hits if hit.field == field]
    made.filters["iso"] = lambda time: time.isoformat(timespec="seconds")
    made.filters.update(FILTERS)
    return made


def _neutralised(value: object) -> object:
    """Make a printed text harmless; markup of our own stays."""
    return markup.clean(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
