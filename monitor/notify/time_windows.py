"""Compute digest times, quiet hours and expected times, given in local wall time, as UTC timestamps.

Pure, and defined on the two odd days of a year. A wall time that spring skips is read as if the clock had not moved
yet. One that autumn repeats counts once, the first time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from monitor.frozen import dataclass

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY = frozenset(range(7))
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyTimes:
    """Times of day on some days of the week."""

    times: tuple[time, ...]  # ascending; never empty
    days: frozenset[int] = EVERY_DAY  # 0: Monday; never empty


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekSpan:
    """A part of the week: from a time of some days to a time of the same or of a later day."""

    start: time
    end: time
    nights: int = 0  # midnights between the two; at 0 it starts before it ends
    days: frozenset[int] = EVERY_DAY  # on which it starts; 0: Monday; never empty


Digest = tuple[DailyTimes, ...]  # the times of a channel's digests: all of these, never empty
Quiet = tuple[WeekSpan, ...]  # a channel's quiet hours: all of these; they leave a part of the week free


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """How long a source may send nothing."""

    every: timedelta
    within: tuple[WeekSpan, ...] = ()  # only this part of the week counts; empty: all of it


def next_window(digest: Digest, *, after: datetime, timezone: ZoneInfo) -> datetime:
    """Return the first time of a digest after `after`; aware UTC."""
    day = after.astimezone(timezone).date() - _DAY  # where the spring skips midnight, its window is today
    while not any(at > after for at in _windows(digest, day, timezone)):
        day += _DAY
    # A time that the spring skips can come after the first of the next day.
    return min(at for each in (day, day + _DAY) for at in _windows(digest, each, timezone) if at > after)


def quiet_until(quiet: Quiet, *, at: datetime, timezone: ZoneInfo) -> datetime | None:
    """Return when the quiet hours around `at` end; aware UTC. None: it is outside of them."""
    end = at
    while later := max(
        (last for first, last in _spans(quiet, end, end, timezone) if first <= end < last), default=None
    ):
        end = later  # where one part ends, another may go on
    return end if end > at else None


def is_overdue(expectation: Expectation, *, since: datetime, until: datetime, timezone: ZoneInfo) -> bool:
    """Return whether more time than expected has passed between two times, of the time that counts."""
    if not expectation.within:
        return until - since >= expectation.every
    return _counted(expectation.within, since, until, timezone) >= expectation.every


def _counted(spans: tuple[WeekSpan, ...], since: datetime, until: datetime, timezone: ZoneInfo) -> timedelta:
    """Return how much of the time between two times lies in the spans; where they overlap it counts once."""
    counted, reached = timedelta(), since
    for first, last in sorted(_spans(spans, since, until, timezone)):
        begin, end = max(first, reached), min(last, until)
        if begin < end:
            counted, reached = counted + (end - begin), end
    return counted


@lru_cache(maxsize=64)  # thousands of notices can wait for the windows of one day
def _windows(digest: Digest, day: date, timezone: ZoneInfo) -> tuple[datetime, ...]:
    """Return the windows of one local day."""
    return tuple(_utc(day, at, timezone) for each in digest if day.weekday() in each.days for at in each.times)


def _spans(
    spans: tuple[WeekSpan, ...], since: datetime, until: datetime, timezone: ZoneInfo
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the start and the end, in UTC, of each span that can touch the time between two times.

    In UTC, because a wall time alone does not tell an hour from its repetition.
    """
    first_day, last_day = since.astimezone(timezone).date(), until.astimezone(timezone).date()
    for span in spans:
        day = first_day - timedelta(days=span.nights + 1)
        while day <= last_day:
            if day.weekday() in span.days:
                end_day = day + timedelta(days=span.nights)
                yield _utc(day, span.start, timezone), _utc(end_day, span.end, timezone)
            day += _DAY


def _utc(day: date, wall_time: time, timezone: ZoneInfo) -> datetime:
    return datetime.combine(day, wall_time, tzinfo=timezone).replace(fold=0).astimezone(UTC)
