"""Say in words what waits on a channel and for what, from its line of `channels`: for `status` and the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from monitor.text import escape


def waiting_facts(channel: Mapping[str, Any], *, now: datetime, zone: ZoneInfo) -> Iterator[str]:
    """Yield what waits, as in `18 for the digest of Mon 08:30`; the rest is pending.

    A daemon of an earlier version only says how much is pending.
    """
    waits = [each for each in channel.get("waits", ()) if channel["state"] != "unconfigured"]
    for each in waits:
        yield f"{each['count']:,} for {_event(each, now, zone)}"
    rest = channel["pending"] - channel.get("held", 0) - sum(each["count"] for each in waits)
    if rest > 0 or not waits:
        yield f"{max(rest, 0):,} pending"


def later_count(channels: Iterable[Mapping[str, Any]]) -> int:
    """Count what waits for a time of its own on configured channels, and not for its turn."""
    configured = (channel for channel in channels if channel["state"] != "unconfigured")
    return sum(each["count"] for channel in configured for each in channel.get("waits", ()))


def _event(wait: Mapping[str, Any], now: datetime, zone: ZoneInfo) -> str:
    from monitor.notify.send_time import Delay, Policy, SendTime, waits_for

    delay = next((each for each in Delay if each == wait["reason"]), Delay.NONE)
    due = datetime.fromisoformat(wait["due"])
    if delay:
        return waits_for(SendTime(due, delay), Policy(timezone=zone), now=now)
    return f"the summary of {due.astimezone(zone):%H:%M} ({escape(wait['reason'])})"
