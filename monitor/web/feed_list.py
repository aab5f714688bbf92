"""List every feed with its address, and make the address of a feed for any rule."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from monitor.config import web_options_of
from monitor.web.pages import render, site_of


def show(request: Request) -> Response:
    """Answer with the addresses of all feeds, as this visitor's reader finds them."""
    options = web_options_of(site_of(request).config)
    home = options.url or str(request.base_url)
    return render(
        request,
        "feeds.html.j2",
        home=home.removesuffix("/").removesuffix(options.prefix),
        rule=request.query_params.get("q", "").strip(),
        has_tokens=options.anonymous == "none" and request.state.user is not None,
    )
