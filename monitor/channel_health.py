"""Keep and judge the state of a channel: whether it is down, and what a person's resume makes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from monitor.frozen import dataclass

FAILURE_THRESHOLD = 5  # failures in a row that open a channel


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelState:
    """The state of one channel: what is kept of it between two sends, and over a restart."""

    failures: int = 0  # in a row
    since: datetime | None = None  # of the first of them
    opened_until: datetime | None = None  # nothing is sent before then
    is_refused: bool = False  # it accepts nothing: no send until a person resumes it or its url changes
    reason: str = ""  # of the last failure
    tokens: float | None = None  # left in its bucket; None: never used
    tokens_at: datetime | None = None
    flood_until: datetime | None = None  # what comes before then goes into one summary
    muted_until: datetime | None = None  # also one that has passed: what came before it was held
    resumed: datetime | None = None  # when a person last resumed it while it was down; None: never


def is_open(channel_state: ChannelState) -> bool:
    """Return whether the operator should know: the channel failed too often, or refuses everything."""
    return channel_state.is_refused or channel_state.failures >= FAILURE_THRESHOLD


def is_on_trial(channel_state: ChannelState) -> bool:
    """Return whether a person resumed the channel while it was down, and it has accepted nothing since."""
    resumed, since = channel_state.resumed, channel_state.since
    return resumed is not None and since is not None and since <= resumed


def after_resume(channel_state: ChannelState, *, now: datetime) -> ChannelState:
    """Return the state after a person resumed the channel: nothing holds it back, and it is tried again.

    One that was down is on trial: since when it failed stays known until it works again.
    """
    tried = replace(channel_state, failures=0, opened_until=None, is_refused=False, reason="")
    was_down = is_open(channel_state) or is_on_trial(channel_state)
    return replace(tried, resumed=now) if was_down and tried.since else replace(tried, since=None)
