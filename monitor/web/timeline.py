"""Show what happened to releases, day by day."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from monitor.records import EventFilter
from monitor.web.pages import render, site_of


def show(request: Request) -> Response:
    """Answer with the newest events."""
    with site_of(request).stores() as stores:
        archive = stores.archive
        first = archive.event_before_last(50, EventFilter())
        events = archive.events(EventFilter(), after=first, limit=50)
    return render(request, "timeline.html.j2", events=list(reversed(events)))
