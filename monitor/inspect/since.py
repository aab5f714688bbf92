"""Read the times and days that people type behind `--since` and `since=`."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.errors import UsageError

_AGE = re.compile(r"(\d+)([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def since_time(text: str | None, zone: ZoneInfo) -> datetime | None:
    """Return the time of YYYY-MM-DD, RFC 3339 or an age such as 7d. Raises UsageError.

    zone: the configuration's; a day begins at its midnight.
    """
    if text is None:
        return None
    age = _AGE.fullmatch(text)
    try:
        if age:
            return datetime.now(UTC) - timedelta(**{_UNITS[age[2]]: int(age[1])})
        time = datetime.fromisoformat(text)
        return (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _unread(text) from None


def since_day(text: str | None, zone: ZoneInfo) -> date | None:
    """Return the publication day of the same in the configuration's time zone. Raises UsageError."""
    time = since_time(text, zone)
    try:
        return time.astimezone(zone).date() if time else None
    except OverflowError:  # it is the year 10000 there
        raise _unread(text) from None


def _unread(text: str | None) -> UsageError:
    return UsageError(f"{text!r}: give a day (2024-07-01), a time (2024-07-01T09:00:00Z) or an age (7d)")
