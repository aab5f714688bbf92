"""Decide as of which time a dump shows its source: by its file name, its records' dates, or its arrival."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_UNSET_YEAR = 1970  # of files that were written before the machine's clock was set
_STAMP = re.compile(
    r"(?<![0-9A-Za-z])(?P<y>(?:19|20)\d\d)-?(?P<m>[01]\d)-?(?P<d>[0-3]\d)"
    # A second date after the first one is not a time of day.
    r"(?:[T_-]?(?P<H>[0-2]\d):?(?P<M>[0-5]\d)(?P<S>[0-5]\d)?(?!-\d))?(?P<Z>Z)?(?![0-9A-Za-z])",
    re.ASCII,
)


def as_of(
    rule: str, *, name: str, dates: Collection[date], modified: datetime, arrived: datetime, timezone: ZoneInfo
) -> datetime:
    """Return when this dump was made, aware UTC, by the source's rule: auto, filename, newest_date, mtime or arrival.

    name: the file's. dates: its records'. arrived: when it was ingested. auto takes the first that exists: a timestamp
    in the file name, the newest record date, the arrival. Dates more than one day after the arrival are typing errors:
    one 2099 must not make every later edit look old. A rule without evidence falls back to the arrival.
    """
    if rule == "arrival" or (rule == "mtime" and modified.year <= _UNSET_YEAR):
        return arrived.astimezone(UTC)
    if rule == "mtime":
        return min(modified, arrived).astimezone(UTC)
    stamp = None if rule == "newest_date" else name_stamp(name, timezone)
    newest = None if rule == "filename" else _newest(dates, latest_day(arrived, timezone), timezone)
    return stamp or newest or arrived.astimezone(UTC)


def latest_day(arrived: datetime, timezone: ZoneInfo) -> date:
    """Return the last day that is not a typing error in a record that arrived then."""
    return arrived.astimezone(timezone).date() + timedelta(days=1)


def name_stamp(name: str, timezone: ZoneInfo) -> datetime | None:
    """Return the first valid timestamp in a name, such as 2024-07-01, 20240701T0930Z or 20240701_093000."""
    for match in _STAMP.finditer(name):
        year, month, day, hour, minute, second = (int(match[key] or 0) for key in "ymdHMS")
        try:
            stamp = datetime(year, month, day, hour, minute, second, tzinfo=UTC if match["Z"] else timezone)
        except ValueError:  # such as 20241345: digits, but not a date
            continue
        return stamp.astimezone(UTC)
    return None


def _newest(dates: Collection[date], latest: date, timezone: ZoneInfo) -> datetime | None:
    newest = max((day for day in dates if day <= latest), default=None)
    try:
        return datetime.combine(newest, time(), timezone).astimezone(UTC) if newest else None
    except OverflowError:  # 0001-01-01 east of Greenwich: no datetime in UTC exists for it
        return None
