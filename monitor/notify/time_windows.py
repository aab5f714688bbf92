"""A channel's digest times and quiet hours, in local wall time → moments.

Pure, and sure of the two odd days of a year: a wall time that the spring skips is taken as if the clock had not been
moved yet, one that the autumn repeats counts once, the first time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """When a channel's digests are made up."""

    at: time
    days: frozenset[int] = EVERY_DAY  # 0: Monday; never empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """When a channel is left in peace; may cross midnight, and the two times differ."""

    start: time
    end: time


def next_window(digest: Digest, *, after: datetime, timezone: ZoneInfo) -> datetime:
    """The first moment of a digest that lies after another moment; aware UTC."""
    eve = after.astimezone(timezone).date() - timedelta(days=1)  # where the spring skips midnight, its window is today
    days = (eve + timedelta(days=ahead) for ahead in range(10))
    moments = (_moment(datetime.combine(day, digest.at), timezone) for day in days if day.weekday() in digest.days)
    return next(moment for moment in moments if moment > after)


def quiet_until(quiet: Quiet, *, at: datetime, timezone: ZoneInfo) -> datetime | None:
    """When the quiet hours that cover a moment end; aware UTC. None: none cover it."""
    today = at.astimezone(timezone).date()
    nights = (_night(quiet, today + timedelta(days=ahead), timezone) for ahead in (-1, 0))
    return next((end for start, end in nights if start <= at < end), None)


def _night(quiet: Quiet, day: date, timezone: ZoneInfo) -> tuple[datetime, datetime]:
    """The quiet hours that begin on a day, as moments: a wall time alone could not tell an hour from its repetition."""
    end = day if quiet.start < quiet.end else day + timedelta(days=1)
    return _moment(datetime.combine(day, quiet.start), timezone), _moment(datetime.combine(end, quiet.end), timezone)


def _moment(wall: datetime, timezone: ZoneInfo) -> datetime:
    return wall.replace(tzinfo=timezone, fold=0).astimezone(UTC)
