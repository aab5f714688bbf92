"""Decide purely from a channel's state whether messages may go out now, which ones, and until when not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from monitor.channel_health import ChannelState
from monitor.frozen import dataclass
from monitor.model import Rate
from monitor.notify.send_time import Policy, quiet_end

_MAX_OPEN = timedelta(days=1)  # that any service may ask for
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)  # the precision of a stored timestamp


class BlockReason(StrEnum):
    """The reason why a channel's messages are held back."""

    NOTHING = ""
    REFUSED = "it refuses everything"
    FAILING = "it is paused after failures"
    MUTED = "it is muted"
    RATE = "its rate limit is reached"
    QUIET = "quiet hours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """The messages that may go out now: all, none, or only urgent ones."""

    reason: BlockReason = BlockReason.NOTHING
    until: datetime | None = None  # when that may change by itself; None: never, or nothing is held back
    is_quiet: bool = False  # quiet hours: only urgent messages wait for `until`, others for the end of the hours

    @property
    def is_blocked(self) -> bool:
        """Return whether nothing may go out."""
        return self.reason not in (BlockReason.NOTHING, BlockReason.QUIET)

    @property
    def is_urgent_only(self) -> bool:
        """Return whether only urgent messages may go out."""
        return self.reason is BlockReason.QUIET


def admission(channel_state: ChannelState, policy: Policy, *, now: datetime) -> Admission:
    """Apply the first rule that fits: refused, paused after failures, muted, no token left, quiet hours.

    In quiet hours only an urgent message waits for a token.
    """
    if channel_state.is_refused:
        return Admission(reason=BlockReason.REFUSED)
    # A pause that a clock set while it ran ahead is void: it may end years from now.
    began_later = channel_state.since is not None and now < channel_state.since
    if channel_state.opened_until and now < channel_state.opened_until <= now + _MAX_OPEN and not began_later:
        return Admission(reason=BlockReason.FAILING, until=channel_state.opened_until)
    if channel_state.muted_until and now < channel_state.muted_until:
        return Admission(reason=BlockReason.MUTED, until=channel_state.muted_until)
    end = quiet_end(policy, now)
    if policy.rate and (left := tokens(policy.rate, channel_state, now=now)) < 1:
        full = now + timedelta(seconds=(1 - left) / policy.rate.per_second) + _MILLISECOND
        return Admission(reason=BlockReason.RATE, until=full, is_quiet=end is not None)
    return Admission(reason=BlockReason.QUIET, until=end, is_quiet=True) if end else Admission()


def tokens(rate: Rate, channel_state: ChannelState, *, now: datetime) -> float:
    """Return how full the channel's bucket is; a clock that was set back a little fills nothing."""
    if channel_state.tokens is None or channel_state.tokens_at is None:
        return float(rate.burst)
    # Whole milliseconds, as a store keeps them: else each restart would add the rest.
    until, since = ((at - _EPOCH) // _MILLISECOND for at in (now, channel_state.tokens_at))
    elapsed = (until - since) / 1000
    if elapsed < -rate.burst / rate.per_second:  # set back by much: waiting for the old time could take years
        return float(rate.burst)
    return min(float(rate.burst), channel_state.tokens + max(elapsed, 0.0) * rate.per_second)
