"""A dump's name, dates and arrival → the moment whose state of the world it shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_STAMP = re.compile(
    r"(?<![0-9A-Za-z])(?P<y>(?:19|20)\d\d)-?(?P<m>[01]\d)-?(?P<d>[0-3]\d)"
    # A second date behind the first one is no time of day.
    r"(?:[T_-]?(?P<H>[0-2]\d):?(?P<M>[0-5]\d)(?P<S>[0-5]\d)?(?!-\d))?(?P<Z>Z)?(?![0-9A-Za-z])",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """What there is to tell by."""

    name: str  # of the file
    dates: tuple[date, ...]  # of its records
    modified: datetime
    arrived: datetime  # when it was taken in


def as_of(rule: str, clues: Clues, *, timezone: ZoneInfo) -> datetime:
    """When this dump was made, by the source's rule: auto, filename, newest_date or mtime; aware UTC.

    auto takes the first that there is: a stamp in the file name, the newest record date, the arrival. Dates more
    than one day after the arrival are typing errors: one 2099 must not make every later edit look old. A rule whose
    evidence is missing falls back to the arrival.
    """
    if rule == "mtime":
        return min(clues.modified, clues.arrived).astimezone(UTC)
    stamp = None if rule == "newest_date" else name_stamp(clues.name, timezone)
    newest = None if rule == "filename" else _newest(clues, timezone)
    return stamp or newest or clues.arrived.astimezone(UTC)


def latest_day(arrived: datetime, timezone: ZoneInfo) -> date:
    """The last day that a record can bear without a typing error."""
    return arrived.astimezone(timezone).date() + timedelta(days=1)


def name_stamp(name: str, timezone: ZoneInfo) -> datetime | None:
    """The first stamp such as 2024-07-01, 20240701T0930Z or 20240701_093000 that is a real moment."""
    for match in _STAMP.finditer(name):
        year, month, day, hour, minute, second = (int(match[key] or 0) for key in "ymdHMS")
        try:
            stamp = datetime(year, month, day, hour, minute, second, tzinfo=UTC if match["Z"] else timezone)
        except ValueError:  # such as 20241345: digits, no date
            continue
        return stamp.astimezone(UTC)
    return None


def _newest(clues: Clues, timezone: ZoneInfo) -> datetime | None:
    latest = latest_day(clues.arrived, timezone)
    newest = max((day for day in clues.dates if day <= latest), default=None)
    if newest is None:
        return None
    try:
        return datetime.combine(newest, time(), timezone).astimezone(UTC)
    except OverflowError:  # 0001-01-01 east of Greenwich: the day before cannot be said
        return None
