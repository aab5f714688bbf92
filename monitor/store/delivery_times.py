"""Measure how long messages took from when they were made until they were sent."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

from monitor.page_records import DeliveryTimes
from monitor.store.handle import Handle
from monitor.store.rows import parse_timestamp
from monitor.times import timestamp

_MOST = 10_000  # messages


def delivery_times(handle: Handle, midnights: Sequence[datetime]) -> Sequence[DeliveryTimes]:
    """Return the delivery times of messages that were made from each of these times to the next one."""
    if len(midnights) < 2:
        return []
    span = {"since": timestamp(midnights[0]), "until": timestamp(midnights[-1])}
    days: list[list[float]] = [[] for _ in midnights[1:]]
    waiting = [0] * len(days)
    for row in handle.all("delivery_times", **span, limit=_MOST):
        made, sent = parse_timestamp(row["created_at"]), parse_timestamp(row["sent_at"])
        day = bisect_right(midnights, made) - 1
        days[day].append(max(0.0, (sent - made).total_seconds()))
        for later in range(day, min(bisect_right(midnights, sent) - 1, len(days))):
            waiting[later] += 1
    for row in handle.all("waiting_since", until=span["until"], limit=_MOST):
        for later in range(max(0, bisect_right(midnights, parse_timestamp(row["created_at"])) - 1), len(days)):
            waiting[later] += 1
    return [_times(day, count) for day, count in zip(days, waiting, strict=True)]


def _times(seconds: Sequence[float], waiting: int) -> DeliveryTimes:
    if not seconds:
        return DeliveryTimes(waiting=waiting)
    middle, longest = timedelta(seconds=median(seconds)), timedelta(seconds=max(seconds))
    return DeliveryTimes(len(seconds), middle, longest, waiting)
