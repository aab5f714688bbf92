"""Find the events that pass a filter: each question reads its own rows, whatever else is stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from monitor.records import EventFilter
from monitor.store.handle import Handle, Row
from monitor.store.rows import comparable, to_json
from monitor.times import timestamp

LAST = 2**63 - 1  # no id is larger
_FIRST_TIME, _LAST_TIME = "0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"


class Span(NamedTuple):
    """The ids from one to another, both included; empty where `low` is larger."""

    low: int
    high: int


def oldest_ids(handle: Handle, wanted: EventFilter, *, after: int, limit: int) -> Sequence[int]:
    """Return the first events that pass behind an id, in their order."""
    bounds = Span(after + 1, LAST) if after else span(handle, wanted)  # where a page goes on, nothing is to be found
    values = {**columns(wanted), **bounds._asdict(), "limit": limit}
    rows = handle.all("matched_ids", **values) if wanted.watchlist else handle.all("event_ids", **values)
    return [row["id"] for row in rows]


def newest_ids(handle: Handle, wanted: EventFilter, *, before: int = LAST, limit: int, skip: int = 0) -> Sequence[int]:
    """Return the last events that pass before an id, newest first, without the first `skip` of them."""
    low, high = span(handle, wanted)
    values = {**columns(wanted), "low": low, "high": min(high, before - 1), "limit": limit, "skip": skip}
    if wanted.watchlist:
        rows = handle.all("newest_matched_ids", **values)
    elif wanted.is_notified:
        rows = handle.all("newest_notified_ids", **values)
    else:
        rows = handle.all("newest_event_ids", **values)
    return [row["id"] for row in rows]


def span(handle: Handle, wanted: EventFilter) -> Span:
    """Return where the events between two times, and those of a dump, can be: of all ids those from one to another."""
    found: list[Row] = []
    if wanted.since or wanted.until:
        found += handle.all("events_between", **columns(wanted))
    if wanted.dump:
        found += handle.all("events_of_dump", dump=comparable(wanted.dump))
    if any(row["low"] is None for row in found):
        return Span(1, 0)
    return Span(max((row["low"] for row in found), default=0), min((row["high"] for row in found), default=LAST))


def columns(wanted: EventFilter) -> dict[str, object]:
    """Return the values of the statements that narrow events by their columns; None does not narrow."""
    kinds = kinds_of(wanted)
    return {
        "since": timestamp(wanted.since) if wanted.since else None,
        "until": timestamp(wanted.until) if wanted.until else None,
        "first": timestamp(wanted.since) if wanted.since else _FIRST_TIME,
        "end": timestamp(wanted.until) if wanted.until else _LAST_TIME,
        "kinds": None if kinds is None else to_json(sorted(kinds)),
        "source": comparable(wanted.source or None),
        "dump": comparable(wanted.dump or None),
        "watchlist": comparable(wanted.watchlist or None),
        "notified": wanted.is_notified,
    }


def kinds_of(wanted: EventFilter) -> frozenset[str] | None:
    """Return the kinds that pass; None: all."""
    one = frozenset({wanted.kind}) if wanted.kind else None
    if one and wanted.kinds:
        return one & wanted.kinds
    return one or wanted.kinds or None
