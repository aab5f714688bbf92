"""How a channel stands → whether a message may go out now, which ones, and when to look again.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from monitor.model import Rate, Standing
from monitor.notify.send_time import Policy, quiet_end

_LONGEST_REST = timedelta(days=1)  # that any service may ask for
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(milliseconds=1)  # what a stored moment is cut down to


class Hold(StrEnum):
    """What holds a channel's messages back."""

    NOTHING = ""
    REFUSED = "it refuses everything"
    FAILING = "it is left alone after failures"
    MUTED = "it is muted"
    RATE = "it is told as fast as its rate allows"
    QUIET = "quiet hours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What may go out now."""

    hold: Hold = Hold.NOTHING
    again: datetime | None = None  # when that may be otherwise; None: when a person says so, or nothing is held

    @property
    def is_shut(self) -> bool:
        """Whether nothing may go out."""
        return self.hold not in (Hold.NOTHING, Hold.QUIET)

    @property
    def is_urgent_only(self) -> bool:
        """Whether only what is urgent may go out."""
        return self.hold is Hold.QUIET


def gate(standing: Standing, policy: Policy, *, now: datetime) -> Gate:
    """First rule that fits: refused, left alone after failures, muted, no token left, quiet hours."""
    if standing.is_refused:
        return Gate(hold=Hold.REFUSED)
    if standing.opened_until and now < standing.opened_until and not _is_set_back(standing, now):
        return Gate(hold=Hold.FAILING, again=standing.opened_until)
    if standing.muted_until and now < standing.muted_until:
        return Gate(hold=Hold.MUTED, again=standing.muted_until)
    if policy.rate and tokens(policy.rate, standing, now=now) < 1:
        return Gate(hold=Hold.RATE, again=_refilled(policy.rate, standing, now))
    end = quiet_end(policy, now)
    return Gate(hold=Hold.QUIET, again=end) if end else Gate()


def tokens(rate: Rate, standing: Standing, *, now: datetime) -> float:
    """What is in the channel's bucket now; a clock that was set back fills nothing, unless it was by very much."""
    if standing.tokens is None or standing.tokens_at is None:
        return float(rate.burst)
    elapsed = (_ticks(now) - _ticks(standing.tokens_at)) / 1000
    if elapsed < -rate.burst / rate.per_second:  # to wait until it is that time again could take years
        return float(rate.burst)
    return min(float(rate.burst), standing.tokens + max(elapsed, 0.0) * rate.per_second)


def _ticks(at: datetime) -> int:
    """Whole milliseconds, as a store keeps them: else every restart would add what was cut off."""
    return (at - _EPOCH) // _TICK


def _is_set_back(standing: Standing, now: datetime) -> bool:
    """Whether the rest is one that a clock made that ran ahead: it may be years away."""
    began_later = standing.since is not None and now < standing.since
    return began_later or (standing.opened_until is not None and standing.opened_until > now + _LONGEST_REST)


def _refilled(rate: Rate, standing: Standing, now: datetime) -> datetime:
    missing = 1 - tokens(rate, standing, now=now)
    return now + timedelta(seconds=missing / rate.per_second) + _TICK
