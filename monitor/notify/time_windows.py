"""Compute digest times and quiet hours, given in local wall time, as UTC timestamps.

Pure, and defined on the two odd days of a year. A wall time that spring skips is read as if the clock had not moved
yet. One that autumn repeats counts once, the first time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """The times of a channel's digests."""

    at: time
    days: frozenset[int] = EVERY_DAY  # 0: Monday; never empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """A channel's quiet hours; they may cross midnight, and the two times differ."""

    start: time
    end: time


def next_window(digest: Digest, *, after: datetime, timezone: ZoneInfo) -> datetime:
    """Return the first time of a digest after `after`; aware UTC."""
    eve = after.astimezone(timezone).date() - timedelta(days=1)  # where the spring skips midnight, its window is today
    days = (eve + timedelta(days=ahead) for ahead in range(10))
    times = (_utc(day, digest.at, timezone) for day in days if day.weekday() in digest.days)
    return next(at for at in times if at > after)


def quiet_until(quiet: Quiet, *, at: datetime, timezone: ZoneInfo) -> datetime | None:
    """Return when the quiet hours around `at` end; aware UTC. None: it is outside of them."""
    today = at.astimezone(timezone).date()
    for start_day in (today - timedelta(days=1), today):
        end_day = start_day if quiet.start < quiet.end else start_day + timedelta(days=1)
        # Compared in UTC: a wall time alone does not tell an hour from its repetition.
        start, end = _utc(start_day, quiet.start, timezone), _utc(end_day, quiet.end, timezone)
        if start <= at < end:
            return end
    return None


def _utc(day: date, wall_time: time, timezone: ZoneInfo) -> datetime:
    return datetime.combine(day, wall_time, tzinfo=timezone).replace(fold=0).astimezone(UTC)
