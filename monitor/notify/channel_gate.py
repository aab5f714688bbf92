"""How a channel stands → whether a message may go out now, which ones, and when to look again.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from monitor.model import ChannelState, Rate
from monitor.notify.send_time import Policy, quiet_end

_LONGEST_REST = timedelta(days=1)  # that any service may ask for
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(milliseconds=1)  # what a stored moment is cut down to


class BlockReason(StrEnum):
    """What holds a channel's messages back."""

    NOTHING = ""
    REFUSED = "it refuses everything"
    FAILING = "it is left alone after failures"
    MUTED = "it is muted"
    RATE = "it is told as fast as its rate allows"
    QUIET = "quiet hours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What may go out now."""

    hold: BlockReason = BlockReason.NOTHING
    again: datetime | None = None  # when that may be otherwise; None: when a person says so, or nothing is held

    @property
    def is_shut(self) -> bool:
        """Whether nothing may go out."""
        return self.hold not in (BlockReason.NOTHING, BlockReason.QUIET)

    @property
    def is_urgent_only(self) -> bool:
        """Whether only what is urgent may go out."""
        return self.hold is BlockReason.QUIET


def admission(channel_state: ChannelState, policy: Policy, *, now: datetime) -> Admission:
    """First rule that fits: refused, left alone after failures, muted, no token left, quiet hours."""
    if channel_state.is_refused:
        return Admission(hold=BlockReason.REFUSED)
    if channel_state.opened_until and now < channel_state.opened_until and not _is_set_back(channel_state, now):
        return Admission(hold=BlockReason.FAILING, again=channel_state.opened_until)
    if channel_state.muted_until and now < channel_state.muted_until:
        return Admission(hold=BlockReason.MUTED, again=channel_state.muted_until)
    if policy.rate and tokens(policy.rate, channel_state, now=now) < 1:
        return Admission(hold=BlockReason.RATE, again=_refilled(policy.rate, channel_state, now))
    end = quiet_end(policy, now)
    return Admission(hold=BlockReason.QUIET, again=end) if end else Admission()


def tokens(rate: Rate, channel_state: ChannelState, *, now: datetime) -> float:
    """What is in the channel's bucket now; a clock that was set back fills nothing, unless it was by very much."""
    if channel_state.tokens is None or channel_state.tokens_at is None:
        return float(rate.burst)
    elapsed = (_ticks(now) - _ticks(channel_state.tokens_at)) / 1000
    if elapsed < -rate.burst / rate.per_second:  # to wait until it is that time again could take years
        return float(rate.burst)
    return min(float(rate.burst), channel_state.tokens + max(elapsed, 0.0) * rate.per_second)


def _ticks(at: datetime) -> int:
    """Whole milliseconds, as a store keeps them: else every restart would add what was cut off."""
    return (at - _EPOCH) // _TICK


def _is_set_back(channel_state: ChannelState, now: datetime) -> bool:
    """Whether the rest is one that a clock made that ran ahead: it may be years away."""
    began_later = channel_state.since is not None and now < channel_state.since
    return began_later or (channel_state.opened_until is not None and channel_state.opened_until > now + _LONGEST_REST)


def _refilled(rate: Rate, channel_state: ChannelState, now: datetime) -> datetime:
    missing = 1 - tokens(rate, channel_state, now=now)
    return now + timedelta(seconds=missing / rate.per_second) + _TICK
