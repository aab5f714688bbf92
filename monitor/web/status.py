"""Show how the monitor is: one sentence, what it consists of, and the settings in force."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from monitor.inspect.settings import spelled_settings
from monitor.inspect.status import midnights
from monitor.inspect.waiting import later_count, waiting_facts
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
        waiting={
            channel["name"]: list(waiting_facts(channel, now=site.now(), zone=config.timezone))
            for channel in status["channels"]
        },
        later=later_count(status["channels"]),
        failing=[channel["name"] for channel in status["channels"] if channel["state"] == "failing"],
        faults=faults,
        warnings=config.warnings,
        latency=[time.median.total_seconds() if time.median else None for time in times],
        delivery=_delivery(times),
        backlog=[time.waiting for time in times],
        settings=list(spelled_settings(config, with_defaults=with_defaults)),
        with_defaults=with_defaults,
    )


class Delivery(NamedTuple):
    """What the plots of deliveries show, as figures."""

    sent: int
    usual: timedelta | None  # the median of a day in the middle; None: no message was sent, as with the next
    longest: timedelta | None


def _delivery(times: Sequence[DeliveryTimes]) -> Delivery:
    medians = sorted(each.median for each in times if each.median is not None)
    return Delivery(
        sent=sum(each.sent for each in times),
        usual=medians[len(medians) // 2] if medians else None,
        longest=max((each.longest for each in times if each.longest is not None), default=None),
    )
