"""Write times as text for the store, for output and for people, and read them back."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo

from monitor.frozen import dataclass

_RFC3339 = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3,6})?Z")
_PROOF = re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d UTC\b")


def timestamp(at: datetime) -> str:
    """Return UTC text of fixed width, milliseconds kept: `2026-11-22T03:04:05.000Z`."""
    # Not strftime: its %Y has no leading zeros before the year 1000, and such dates come from typing errors.
    utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    return utc.isoformat(timespec="milliseconds")[:23] + "Z"


def parse_timestamp(text: str) -> datetime:
    """Return the time that `timestamp` wrote."""
    return datetime.fromisoformat(text)


def rfc3339(at: datetime | None) -> str | None:
    """Return a time as output shows it: UTC, whole seconds."""
    return f"{timestamp(at)[:19]}Z" if at else None


def local_time(at: datetime, zone: tzinfo) -> str:
    """Return a time as people read it: `2026-11-22 12:04`, in their time zone."""
    return in_zone(at, zone).replace(tzinfo=None).isoformat(" ", "minutes")


def in_zone(at: datetime, zone: tzinfo | None) -> datetime:
    """Return the time in a zone; None: the machine's. Too near to the first or the last year it stays as it is."""
    try:
        return at.astimezone(zone)
    except OverflowError:
        return at


def with_local_times(sentence: str, write: Callable[[datetime], str]) -> str:
    """Return a sentence with each time that `rfc3339` wrote replaced by what `write` makes of it.

    Only for our own sentences: a file name may hold such a text, while no name of the configuration has a colon.
    """
    return _RFC3339.sub(lambda found: write(at) if (at := _read(found[0])) else found[0], sentence)


def local_reason(reason: str, zone: tzinfo) -> str:
    """Return the reason of a decision with the times that prove it, stored as `2024-07-03 15:00 UTC`, made local."""
    return _PROOF.sub(lambda found: local_time(at, zone) if (at := _read(found[0])) else found[0], reason)


def local_timestamp(text: str, zone: tzinfo | None) -> str:
    """Return a text that is a time as a whole with the offset of a zone (None: the machine's), any other as it is."""
    at = _read(text) if _RFC3339.fullmatch(text) else None
    return in_zone(at, zone).isoformat() if at else text


def _read(text: str) -> datetime | None:
    """Return a time in UTC; None: there is no such day or hour."""
    try:
        return datetime.fromisoformat(text.removesuffix("Z").removesuffix(" UTC")).replace(tzinfo=UTC)
    except ValueError:
        return None


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
