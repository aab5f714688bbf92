"""A verdict on a delivery → what becomes of the message, and of its channel.

Pure: the clock and the dice come in as arguments.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.model import ChannelState, Delivery, Outcome, Verdict

OPENS_AT = 5  # failures in a row
_DOWN = frozenset({Outcome.TRANSIENT, Outcome.UNCERTAIN, Outcome.CHANNEL_REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How long what failed is left alone."""

    first_backoff: timedelta = timedelta(seconds=30)  # of a message; doubled each time
    longest_backoff: timedelta = timedelta(hours=1)
    cooldown: timedelta = timedelta(seconds=15)  # of a channel after a failure: the next message would fare no better
    first_open: timedelta = timedelta(minutes=1)  # of a channel that failed OPENS_AT times; doubled each time
    longest_open: timedelta = timedelta(minutes=30)


DEFAULT_RETRY_POLICY = RetryPolicy()


class Action(StrEnum):
    """What is done with a claimed message; each is one method of the outbox."""

    DONE = "done"
    RETRY = "retry"
    HOLD = "hold"
    BURY = "bury"


class Transition(StrEnum):
    """What a channel's people are told of it."""

    NONE = ""
    OPENED = "opened"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The decision on one attempt."""

    action: Action
    verdict: Verdict  # as it is to be recorded
    due: datetime | None = None  # when to try again; None: never


def decide(
    verdict: Verdict,
    delivery: Delivery,
    *,
    now: datetime,
    jitter: float,
    holds_uncertain: bool,
    retry_policy: RetryPolicy = DEFAULT_RETRY_POLICY,
) -> Decision:
    """First rule that fits: accepted, refused for good, not to be told twice, too old to be tried again, try again."""
    if verdict.outcome is Outcome.OK:
        return Decision(action=Action.DONE, verdict=verdict)
    if verdict.outcome is Outcome.REFUSED:
        return Decision(action=Action.BURY, verdict=verdict)
    if verdict.outcome is Outcome.UNCERTAIN and holds_uncertain:
        return Decision(action=Action.HOLD, verdict=verdict)
    due = now + backoff(delivery.attempt, verdict, jitter, retry_policy)
    if due > delivery.expires:
        reason = f"too old: it would be tried again only after its max_age; last: {verdict.reason}"
        return Decision(action=Action.BURY, verdict=replace(verdict, reason=reason))
    return Decision(action=Action.RETRY, verdict=verdict, due=due)


def backoff(
    attempt: int, verdict: Verdict, jitter: float, retry_policy: RetryPolicy = DEFAULT_RETRY_POLICY
) -> timedelta:
    """Full jitter (0 ≤ jitter < 1) below min(30 s · 2^(attempt - 1), 1 h), but never less than the service asked."""
    if verdict.outcome is Outcome.CHANNEL_REFUSED:
        return timedelta(0)  # the message is well: it waits for its channel
    doublings = min(max(attempt, 1) - 1, 20)  # bounded: attempts are not, and 2^attempt outgrows a timedelta
    spread = min(retry_policy.first_backoff * (1 << doublings), retry_policy.longest_backoff) * jitter
    return max(spread, timedelta(seconds=verdict.retry_after or 0))


def state_after(
    channel_state: ChannelState, verdict: Verdict, *, now: datetime, retry_policy: RetryPolicy = DEFAULT_RETRY_POLICY
) -> ChannelState:
    """How the channel stands after an attempt; one that refuses a message has answered, so it is well."""
    if verdict.outcome not in _DOWN:
        return replace(channel_state, failures=0, since=None, opened_until=None, is_refused=False, reason="")
    failures = channel_state.failures + 1
    rest = max(_rest(failures, retry_policy), timedelta(seconds=verdict.retry_after or 0))
    return replace(
        channel_state,
        failures=failures,
        since=channel_state.since or now,
        opened_until=now + rest,
        is_refused=verdict.outcome is Outcome.CHANNEL_REFUSED,
        reason=verdict.reason,
    )


def is_open(channel_state: ChannelState) -> bool:
    """Whether a channel has failed so often, or so finally, that people should know."""
    return channel_state.is_refused or channel_state.failures >= OPENS_AT


def transition(before: ChannelState, after: ChannelState) -> Transition:
    """What happened to a channel between two attempts."""
    if is_open(before) == is_open(after):
        return Transition.NONE
    return Transition.OPENED if is_open(after) else Transition.RECOVERED


def _rest(failures: int, retry_policy: RetryPolicy) -> timedelta:
    """A breath after each of the first failures, then 1, 2, 4 … 30 minutes, with one probe in between."""
    if failures < OPENS_AT:
        return retry_policy.cooldown
    return min(retry_policy.first_open * (1 << min(failures - OPENS_AT, 10)), retry_policy.longest_open)
