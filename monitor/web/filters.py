"""Write times, and faults of the configuration, as templates print them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, tzinfo

from monitor.config import caret_excerpt
from monitor.errors import Diagnostic
from monitor.times import local_reason

_AGES = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("min", timedelta(minutes=1)))
_DURATIONS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def age(time: datetime, now: datetime) -> str:
    """Return how long ago a time was, in the largest unit that it has two of; after a clock was set back `just now`."""
    found = next((f"{(now - time) // unit} {name} ago" for name, unit in _AGES if now - time >= 2 * unit), None)
    return found or "just now"


def duration(time: timedelta) -> str:
    """Return a time in the largest unit that it has one of, such as `1.2 s` or `3 h`."""
    seconds = time.total_seconds()
    if seconds < 0.05:
        return "under 0.1 s"
    if seconds < 10:
        return f"{seconds:.1f} s"
    size, unit = next(each for each in _DURATIONS if seconds >= each[0])
    return f"{round(seconds / size)} {unit}"


def short_time(time: datetime, zone: tzinfo) -> str:
    """Return such as `9 Nov 20:37`."""
    local = time.astimezone(zone)
    return f"{local.day} {local:%b %H:%M}"


def exact_time(time: datetime, zone: tzinfo) -> str:
    """Return such as `9 Nov 20:37:05`."""
    local = time.astimezone(zone)
    return f"{local.day} {local:%b %H:%M:%S}"


def caret(fault: Diagnostic) -> str:
    """Return the faulty line of a configuration with a caret under the place; "": there is no line to show."""
    return caret_excerpt(fault.excerpt, fault.column) if fault.excerpt and fault.line else ""


FILTERS: Mapping[str, Callable[..., object]] = {
    "age": age,
    "caret": caret,
    "duration": duration,
    "exact_time": exact_time,
    "local_reason": local_reason,
    "parsed": datetime.fromisoformat,
    "short_time": short_time,
}
