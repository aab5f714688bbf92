"""Write times as text for the store and for output, and read them back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


def timestamp(at: datetime) -> str:
    """Return UTC text of fixed width, milliseconds kept: `2026-11-22T03:04:05.000Z`."""
    # Not strftime: its %Y has no leading zeros before the year 1000, and such dates come from typing errors.
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def parse_timestamp(text: str) -> datetime:
    """Return the time that `timestamp` wrote."""
    return datetime.fromisoformat(text)


def rfc3339(at: datetime | None) -> str | None:
    """Return a time as output shows it: UTC, whole seconds."""
    return f"{timestamp(at)[:19]}Z" if at else None


def is_rfc3339(value: object) -> bool:
    """Return whether a value from outside is the text of a time that names its zone."""
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """What a clock showed at one time; the store keeps it for the next process."""

    at: datetime
    wall: datetime  # of the machine's clock
    uptime: float  # seconds since the machine started, including those it was suspended
    boot: str  # tells this start of the machine from others; "": unknown
    steady_since: float  # the uptime since which the two clocks have been so far apart
    aged: datetime  # retention counts by it: where `at` is set forward, it follows at twice the speed of the uptime
