"""Compute when a pending notice is sent, and what delays it until then.

Pure: one rule for digests, quiet hours and mutes. Notices with the same delay and time become one message.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from monitor.channel_health import ChannelState
from monitor.model import Rate
from monitor.notify.compose import DEFAULT_PART_LIMIT, PartLimit
from monitor.notify.retry import DEFAULT_RETRY_POLICY, RetryPolicy
from monitor.notify.time_windows import Digest, Quiet, next_window, quiet_until

_WEEK = timedelta(days=7)


class Delay(StrEnum):
    """The cause why a notice waits."""

    NONE = ""
    DIGEST = "digest"
    QUIET = "quiet hours"
    MUTE = "mute"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The delivery settings of one channel."""

    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    max_age: timedelta = timedelta(hours=72)
    part_limit: PartLimit = DEFAULT_PART_LIMIT
    rate: Rate | None = None  # None: no limit
    max_per_hour: int = 0  # messages; 0: no limit
    digest: Digest = ()  # empty: each notice is sent at once
    quiet: Quiet = ()
    holds_uncertain: bool = False  # never sends again what may have arrived
    retry_policy: RetryPolicy = DEFAULT_RETRY_POLICY


@dataclass(frozen=True, slots=True, order=True)
class SendTime:
    """The time at which a notice is sent, and what delays it until then."""

    at: datetime
    delay: Delay = Delay.NONE


def send_time(since: datetime, policy: Policy, channel_state: ChannelState, *, is_urgent: bool) -> SendTime:
    """Return when a notice that came at `since` is sent. A digest, then a mute, then quiet hours delay it."""
    found = SendTime(since)
    if policy.digest and not is_urgent:
        found = SendTime(next_window(policy.digest, after=since, timezone=policy.timezone), Delay.DIGEST)
    if channel_state.muted_until and channel_state.muted_until > found.at:
        found = SendTime(channel_state.muted_until, Delay.MUTE)
    quiet = None if is_urgent else quiet_end(policy, found.at)
    if quiet is None:
        return found
    # Where quiet hours end at a digest's time, what they held belongs to that digest.
    return SendTime(quiet, Delay.DIGEST if _is_window(quiet, policy) else Delay.QUIET)


def _is_window(at: datetime, policy: Policy) -> bool:
    before = at - timedelta(microseconds=1)
    return bool(policy.digest) and next_window(policy.digest, after=before, timezone=policy.timezone) == at


def waits_for(time: SendTime, policy: Policy, *, now: datetime) -> str:
    """Return what a notice waits for, as in `the digest of Mon 08:30`, in the policy's time zone; "": nothing.

    A day beyond a week is written with its date, today is not written.
    """
    at, today = time.at.astimezone(policy.timezone), now.astimezone(policy.timezone).date()
    day = "" if at.date() == today else f"{at:%a} " if abs(at.date() - today) < _WEEK else f"{at:%a %d %b} "
    what = {Delay.DIGEST: "the digest of", Delay.QUIET: "the end of quiet hours at", Delay.MUTE: "the end of a mute at"}
    return f"{what[time.delay]} {day}{at:%H:%M}" if time.delay else ""


def quiet_end(policy: Policy, at: datetime) -> datetime | None:
    """Return when the channel's quiet hours around a time end; None: it is outside of them."""
    return quiet_until(policy.quiet, at=at, timezone=policy.timezone) if policy.quiet else None
