"""Show what happened to releases, day by day, as the address asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from monitor.errors import UsageError
from monitor.inspect.hits import HitFinder
from monitor.inspect.pending import ReadOnlyStores
from monitor.inspect.places import newest_places
from monitor.inspect.since import since_time
from monitor.inspect.status import midnights
from monitor.inspect.timeline import HIDDEN, SHOWN, Shown, shown_events
from monitor.model import Kind
from monitor.records import EventFilter, EventRecord
from monitor.web.charts import Day, day_bars
from monitor.web.pages import link, macro, number_of, page_path, render, site_of

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.web.site import Site

PAGE = 50  # events
DAYS = 60  # that the bars show
ALL = "all"  # the kind that stands for every one
_FEED_PARAMETERS = ("kind", "watchlist", "source", "notified", "since", "dump")
_REST_PARAMETERS = ("watchlist", "source", "notified", "since", "dump")
_KINDS = tuple(kind for kind in Kind if kind is not Kind.UNCHANGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The events that an address asks for."""

    wanted: EventFilter
    on: date | None = None  # this day alone; None: any
    before: int | None = None  # events older than this one; None: from the newest
    after: int | None = None  # those newer than this one instead


class _DayOfEvents(NamedTuple):
    """A day with its events, newest first."""

    day: date
    total: int  # events of the day that pass the filter, those of other pages too
    events: Sequence[str]  # markup


def show(request: Request) -> Response:
    """Answer with a page of events, newest first."""
    site = site_of(request)
    config, asked = site.config, read(request.query_params, site.config, now=site.now())
    with site.stores() as stores:
        latest = str(newest_places(stores.archive))  # first: what comes meanwhile is rather shown and told than neither
        events, has_newer, has_older = _page(stores, asked)
        rendered = _rendered(request, site, config, stores, events)
        state = (stores.archive.contents(), config)
        facets = site.caches.counts.made(("facets", asked.wanted), state, lambda: stores.archive.facets(asked.wanted))
        today = site.now().astimezone(config.timezone).date()
        days = site.caches.counts.made(
            ("days", today, asked.wanted), state, lambda: _days(stores, asked, today, config)
        )
    kind = {"kind": asked.wanted.kind} if asked.wanted.kind else {}
    return render(
        request,
        "timeline.html.j2",
        asked=asked,
        latest=latest,
        days=list(_by_day(events, rendered, days, config.timezone)),
        bars=day_bars(days, lambda day: link(request, on=day, before=None, after=None), current=asked.on),
        facets=facets,
        hidden={kind: facets.kinds[kind] for kind in _KINDS if kind in HIDDEN and facets.kinds.get(kind)},
        kinds=[kind for kind in _KINDS if kind in SHOWN and facets.kinds.get(kind)],
        shown_total=sum(count for kind, count in facets.kinds.items() if kind in SHOWN),
        older=events[-1].id if has_older else None,
        newer=events[0].id if has_newer else None,
        query_since=request.query_params.get("since", ""),
        feed_query=_kept(request.query_params, _FEED_PARAMETERS),
        rest_query=_query({**_kept(request.query_params, _REST_PARAMETERS), **kind}),
    )


def show_event(request: Request) -> Response:
    """Lead to the release of an event, at the version that the event made. Raises NotFound."""
    with site_of(request).stores() as stores:
        event = stores.archive.event(number_of(request))
    if event.release is None:
        return RedirectResponse(page_path(request, "/sources?show=rejects"), 303)
    version = f"?to={event.version}" if event.version else ""
    return RedirectResponse(page_path(request, f"/releases/{event.release}{version}"), 303)


def read(query: Mapping[str, str], config: Config, *, now: datetime) -> Asked:
    """Return what the parameters of an address ask for. Raises UsageError, which names the parameter."""
    kind = query.get("kind", "")
    if kind and kind not in (*_KINDS, ALL):
        raise UsageError(f"kind={kind}: there is no such kind; write {', '.join(_KINDS)} or {ALL}")
    on = _day(query.get("on"))
    since, until = _span(on, query.get("since"), config.timezone)
    wanted = EventFilter(
        since=since,
        until=until,
        kind="" if kind == ALL else kind,
        kinds=frozenset() if kind else SHOWN,
        watchlist=query.get("watchlist", ""),
        source=query.get("source", ""),
        dump=query.get("dump", ""),
        is_notified=True if query.get("notified") else None,
    )
    return Asked(wanted=wanted, on=on, before=_number(query, "before"), after=_number(query, "after"))


def _page(stores: ReadOnlyStores, asked: Asked) -> tuple[Sequence[EventRecord], bool, bool]:
    """Return a page of events, and whether there are newer and older ones."""
    page = partial(stores.archive.page, asked.wanted)
    if asked.after is not None:
        found = page(after=asked.after, limit=PAGE + 1)
        events = found[-PAGE:]
        return events, len(found) > PAGE, bool(events and page(before=events[-1].id, limit=1))
    found = page(before=asked.before, limit=PAGE + 1)
    has_newer = asked.before is not None and bool(found and page(after=found[0].id, limit=1))
    return found[:PAGE], has_newer, len(found) > PAGE


def _rendered(
    request: Request, site: Site, config: Config, stores: ReadOnlyStores, events: Sequence[EventRecord]
) -> Mapping[int, str]:
    """Return the markup of each event; it is kept, since an event never changes."""
    state = (config, stores)
    found = {event.id: site.caches.events.get(event.id, state) for event in events}
    missing = [event for event in events if found[event.id] is None]
    if missing:
        finder = site.caches.finders.made("watchlists", config, lambda: HitFinder.of_watchlists(config))
        for shown in shown_events(stores.archive, finder, missing):
            found[shown.event.id] = site.caches.events.put(shown.event.id, state, _markup(request, config, shown))
    return {number: text or "" for number, text in found.items()}


def _markup(request: Request, config: Config, shown: Shown) -> str:
    written: str = macro("event.html.j2", "event")(shown, config.timezone, page_path(request, ""))
    return written


def _days(stores: ReadOnlyStores, asked: Asked, today: date, config: Config) -> Sequence[Day]:
    """Return the last days with what passes the filter, whatever time it asks for."""
    begin = midnights(datetime.combine(today, time(12), config.timezone), config.timezone, DAYS)
    counts = stores.archive.per_day(begin, replace(asked.wanted, since=None, until=None))
    return [Day(start.date(), *count) for start, count in zip(begin, counts, strict=False)]


def _by_day(
    events: Sequence[EventRecord], rendered: Mapping[int, str], days: Sequence[Day], zone: ZoneInfo
) -> Iterator[_DayOfEvents]:
    counts = {day.day: day.events for day in days}
    for day, group in groupby(events, key=lambda event: event.at.astimezone(zone).date()):
        found = [rendered[event.id] for event in group]
        yield _DayOfEvents(day, max(counts.get(day, 0), len(found)), found)


def _span(on: date | None, since: str | None, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    if on is None:
        return since_time(since or None, zone), None
    try:
        begin, end = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (on, on + timedelta(days=1)))
    except OverflowError:  # the first and the last day of the calendar
        raise _no_day(str(on)) from None
    return begin, end


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise _no_day(text) from None


def _no_day(text: str | None) -> UsageError:
    return UsageError(f"on={text}: give a day such as 2026-11-14")


def _number(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise UsageError(f"{name}={text}: give the number of an event")
    return int(text)


def _kept(query: Mapping[str, str], names: Sequence[str]) -> Mapping[str, str]:
    """Return those parameters of an address that another one has as well."""
    return {name: query[name] for name in names if query.get(name)}


def _query(parameters: Mapping[str, str]) -> str:
    return f"?{urlencode(parameters, errors='replace')}" if parameters else ""
