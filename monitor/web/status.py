"""Show how the monitor is: one sentence, what it consists of, and the settings in force."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from monitor.inspect.settings import spelled_settings
from monitor.inspect.status import midnights
from monitor.text import plural
from monitor.web.filters import duration
from monitor.web.health import problems, read_status
from monitor.web.pages import render, site_of

if TYPE_CHECKING:
    from monitor.page_records import DeliveryTimes


def show(request: Request) -> Response:
    """Answer with the state of everything."""
    site = site_of(request)
    status, faults, config = read_status(site), site.faults, site.config
    days = midnights(site.now(), config.timezone)
    with site.stores() as stores:
        times = stores.archive.delivery_times(days)
    with_defaults = request.query_params.get("settings") == "all"
    return render(
        request,
        "status.html.j2",
        current=status,
        urgent=(),  # all problems stand on this page
        problems=problems(status, faults),
        faults=faults,
        warnings=config.warnings,
        latency=[time.median.total_seconds() if time.median else None for time in times],
        latency_text=_latency_text(times),
        backlog=[time.waiting for time in times],
        backlog_text=_backlog_text(times),
        settings=list(spelled_settings(config, with_defaults=with_defaults)),
        with_defaults=with_defaults,
    )


def _backlog_text(times: Sequence[DeliveryTimes]) -> str:
    """Return in words what the plot of the backlog shows."""
    counts = [time.waiting for time in times]
    most = max(counts)
    busy = f"{plural(most, 'message')} at most" if most else "no message"
    return f"{busy} waited at the end of a day in {plural(len(counts), 'day')}; {counts[-1]:,} now"


def _latency_text(times: Sequence[DeliveryTimes]) -> str:
    """Return in words what the plot of delivery times shows."""
    sent = sum(each.sent for each in times)
    medians = sorted(each.median for each in times if each.median is not None)
    longest = max((each.longest for each in times if each.longest is not None), default=None)
    if longest is None:
        return f"no message was sent in {plural(len(times), 'day')}"
    middle = medians[len(medians) // 2]
    return (
        f"{plural(sent, 'message')} sent in {plural(len(times), 'day')}: "
        f"{duration(middle)} from made to sent on a usual day, {duration(longest)} at most"
    )
