"""Count events by their facets, and by days and months."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import Any, NamedTuple

from monitor.model import Kind
from monitor.page_records import DayCount, Facets
from monitor.records import EventFilter
from monitor.store.event_filter import columns, kinds_of, span
from monitor.store.handle import Handle
from monitor.store.rows import parse_kind, parse_optional_timestamp, parse_timestamp

_DAYS = timedelta(days=90)  # that facets are counted of where no time is wanted


class _Group(NamedTuple):
    """How many events have these facets in common."""

    kind: Kind
    source: str
    is_notified: bool
    events: int
    watchlist: str = ""


def facets(handle: Handle, wanted: EventFilter) -> Facets:
    """Count events by their facets; see `monitor.records.Archive.facets`."""
    with handle.snapshot():
        wanted = replace(wanted, since=wanted.since or _default_since(handle, wanted))
        if wanted.since is None:
            return Facets(kinds={}, watchlists={}, sources={}, notified=0, total=0, since=None)
        groups = _groups(handle, wanted)
        matched = _matched_groups(handle, wanted)
    if wanted.watchlist:
        groups = [group for group in matched if group.watchlist == wanted.watchlist]
    return Facets(
        kinds=_sums((one.kind, one) for one in groups if _passes(one, wanted, but="kind")),
        sources=_sums((one.source, one) for one in groups if _passes(one, wanted, but="source")),
        watchlists=_sums((one.watchlist, one) for one in matched if _passes(one, wanted)),
        notified=sum(one.events for one in groups if one.is_notified and _passes(one, wanted, but="notified")),
        total=sum(one.events for one in groups if _passes(one, wanted)),
        since=wanted.since,
    )


def per_day(handle: Handle, midnights: Sequence[datetime], wanted: EventFilter) -> Sequence[DayCount]:
    """Count the events that pass from each time to the next one."""
    if len(midnights) < 2:
        return []
    first, last = wanted.since or midnights[0], wanted.until or midnights[-1]
    wanted = replace(wanted, since=max(first, midnights[0]), until=min(last, midnights[-1]))
    events, notified = [0] * (len(midnights) - 1), [0] * (len(midnights) - 1)
    for row in _times(handle, wanted):
        day = bisect_right(midnights, parse_timestamp(row["at"])) - 1
        events[day] += row["n"]
        notified[day] += row["notified"]
    shown = {None: events, True: notified, False: [a - b for a, b in zip(events, notified, strict=True)]}
    told = [0] * len(notified) if wanted.is_notified is False else notified
    return [DayCount(*both) for both in zip(shown[wanted.is_notified], told, strict=True)]


def per_month(handle: Handle, watchlist: str, zone: tzinfo) -> Mapping[str, DayCount]:
    """Count the events that a watchlist matched by the month of a zone."""
    found: dict[str, DayCount] = {}
    for row in _times(handle, EventFilter(watchlist=watchlist)):
        month = f"{parse_timestamp(row['at']).astimezone(zone):%Y-%m}"
        before = found.get(month, DayCount())
        found[month] = DayCount(before.events + row["n"], before.notified + row["notified"])
    return dict(sorted(found.items()))


def watchlist_days(handle: Handle, midnights: Sequence[datetime]) -> Mapping[str, Sequence[int]]:
    """Count the events that each watchlist matched, from each time to the next one."""
    if len(midnights) < 2:
        return {}
    wanted = EventFilter(since=midnights[0], until=midnights[-1])
    found: dict[str, list[int]] = {}
    with handle.snapshot():
        rows = handle.all("watchlist_times", **columns(wanted), **span(handle, wanted)._asdict())
    for row in rows:
        counts = found.setdefault(row["watchlist"], [0] * (len(midnights) - 1))
        if row["at"] is not None:
            counts[bisect_right(midnights, parse_timestamp(row["at"])) - 1] += row["n"]
    return found


def _default_since(handle: Handle, wanted: EventFilter) -> datetime | None:
    """Return from when on events are counted: those of a dump all, else the last 90 days; None: there is no event."""
    if wanted.dump:
        return parse_optional_timestamp(handle.all("dump_since", **columns(wanted))[0]["at"])
    newest = parse_optional_timestamp(handle.all("newest_event_time", **columns(wanted))[0]["at"])
    return newest - _DAYS if newest else None


def _groups(handle: Handle, wanted: EventFilter) -> list[_Group]:
    """Count all events in the time that is wanted, or of the dump."""
    values = columns(wanted)
    if wanted.dump:
        rows = handle.all("count_dump_by_kind_and_source", **values)
        return [_group(row, is_notified=bool(row["notified"])) for row in rows]
    notified = [_group(row, is_notified=True) for row in handle.all("count_notified_by_kind_and_source", **values)]
    told = {(one.kind, one.source): one.events for one in notified}
    every = [_group(row, is_notified=False) for row in handle.all("count_by_kind_and_source", **values)]
    return notified + [one._replace(events=one.events - told.get((one.kind, one.source), 0)) for one in every]


def _matched_groups(handle: Handle, wanted: EventFilter) -> list[_Group]:
    """Count the events of each watchlist; one that several have matched is in each of them."""
    values = {**columns(wanted), **span(handle, wanted)._asdict()}
    rows = handle.all("count_matched_by_kind_and_source", **values)
    return [_group(row, is_notified=bool(row["notified"]), watchlist=row["watchlist"]) for row in rows]


def _group(row: Any, *, is_notified: bool, watchlist: str = "") -> _Group:
    return _Group(parse_kind(row["kind"]), row["source"], is_notified, row["n"], watchlist)


def _passes(group: _Group, wanted: EventFilter, *, but: str = "") -> bool:
    """Return whether the filter lets a group pass, apart from one part of it."""
    kinds = kinds_of(wanted)
    return (
        (but == "kind" or kinds is None or group.kind in kinds)
        and (but == "source" or not wanted.source or group.source == wanted.source)
        and (but == "notified" or wanted.is_notified is None or group.is_notified is wanted.is_notified)
    )


def _sums(groups: Iterable[tuple[Any, _Group]]) -> Mapping[Any, int]:
    counts = Counter[Any]()
    for key, group in groups:
        counts[key] += group.events
    return {key: counts[key] for key in sorted(counts) if counts[key]}


def _times(handle: Handle, wanted: EventFilter) -> Sequence[Mapping[str, Any]]:
    """Return how many events that pass came at each time, and of how many somebody was notified."""
    values = columns(wanted)
    if wanted.watchlist:
        with handle.snapshot():
            return [dict(row) for row in handle.all("matched_times", **values, **span(handle, wanted)._asdict())]
    if wanted.dump:
        return [dict(row) for row in handle.all("dump_times", **values)]
    with handle.snapshot():
        events, notified = handle.all("event_times", **values), handle.all("notified_times", **values)
    told = {row["at"]: row["n"] for row in notified}
    return [{"at": row["at"], "n": row["n"], "notified": told.get(row["at"], 0)} for row in events]
