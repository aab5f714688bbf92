"""A notice that waits → when it is to be told, and why not before.

Pure: one rule for digests, quiet hours and mutes; whoever waits until the same moment is told in one message.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from monitor.model import ChannelState, Rate
from monitor.notify.compose import USUAL, Bound
from monitor.notify.retry import DEFAULT_RETRY_POLICY, RetryPolicy
from monitor.notify.time_windows import Digest, Quiet, next_window, quiet_until


class Wait(StrEnum):
    """What a notice waits for."""

    NOTHING = ""
    DIGEST = "digest"
    QUIET = "quiet hours"
    MUTE = "mute"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How one channel wants to be told; what its section of the configuration says."""

    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    max_age: timedelta = timedelta(hours=72)
    bound: Bound = USUAL
    rate: Rate | None = None  # None: as fast as it goes
    max_per_hour: int = 0  # messages; 0: no limit
    digest: Digest | None = None
    quiet: Quiet | None = None
    holds_uncertain: bool = False  # never sends again what may have arrived
    retry_policy: RetryPolicy = DEFAULT_RETRY_POLICY


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """When, and what made it wait until then."""

    when: datetime
    wait: Wait = Wait.NOTHING


def due(since: datetime, policy: Policy, channel_state: ChannelState, *, is_urgent: bool) -> Due:
    """When something that came at `since` is to be told. A digest, then a mute, then quiet hours put it off."""
    found = Due(since)
    if policy.digest and not is_urgent:
        found = Due(next_window(policy.digest, after=since, timezone=policy.timezone), Wait.DIGEST)
    if channel_state.muted_until and channel_state.muted_until > found.when:
        found = Due(channel_state.muted_until, Wait.MUTE)
    quiet = None if is_urgent else quiet_end(policy, found.when)
    return Due(quiet, Wait.QUIET) if quiet else found


def quiet_end(policy: Policy, at: datetime) -> datetime | None:
    """When the channel's quiet hours around a moment end; None: it is not in them."""
    return quiet_until(policy.quiet, at=at, timezone=policy.timezone) if policy.quiet else None
