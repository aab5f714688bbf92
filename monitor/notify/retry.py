"""Decide what becomes of a message, and of its channel, after an attempt to send it.

Pure: the time and the random jitter are arguments.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.model import ChannelState, Delivery, Outcome, Verdict

FAILURE_THRESHOLD = 5  # failures in a row that open a channel
_CHANNEL_FAILURES = frozenset({Outcome.TRANSIENT, Outcome.UNCERTAIN, Outcome.CHANNEL_REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """The waiting times after failures."""

    first_backoff: timedelta = timedelta(seconds=30)  # of a message; doubled each time
    longest_backoff: timedelta = timedelta(hours=1)
    cooldown: timedelta = timedelta(seconds=15)  # of a channel after a failure: the next message would fail too
    first_open: timedelta = timedelta(minutes=1)  # of a channel that reached FAILURE_THRESHOLD; doubled each time
    longest_open: timedelta = timedelta(minutes=30)


DEFAULT_RETRY_POLICY = RetryPolicy()


class Action(StrEnum):
    """The treatment of a claimed message; each is one method of the outbox."""

    DONE = "done"
    RETRY = "retry"
    HOLD = "hold"
    BURY = "bury"


class Transition(StrEnum):
    """A change of a channel that the operator is notified of."""

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
    """Apply the first rule that fits: accepted, refused forever, held because it may have arrived, expired, retry."""
    if verdict.outcome is Outcome.OK:
        return Decision(action=Action.DONE, verdict=verdict)
    if verdict.outcome is Outcome.REFUSED:
        return Decision(action=Action.BURY, verdict=verdict)
    if verdict.outcome is Outcome.UNCERTAIN and holds_uncertain:
        return Decision(action=Action.HOLD, verdict=verdict)
    due = now + backoff(delivery.attempt, verdict, jitter, retry_policy)
    if due > delivery.expires:
        reason = f"too old: the next attempt would come after its max_age; last: {verdict.reason}"
        return Decision(action=Action.BURY, verdict=replace(verdict, reason=reason))
    return Decision(action=Action.RETRY, verdict=verdict, due=due)


def backoff(
    attempt: int, verdict: Verdict, jitter: float, retry_policy: RetryPolicy = DEFAULT_RETRY_POLICY
) -> timedelta:
    """Return full jitter (0 ≤ jitter < 1) below min(30 s · 2^(attempt - 1), 1 h), but at least Retry-After."""
    if verdict.outcome is Outcome.CHANNEL_REFUSED:
        return timedelta(0)  # nothing is wrong with the message: it waits for its channel
    doublings = min(max(attempt, 1) - 1, 20)  # bounded: attempts are not, and 2^attempt outgrows a timedelta
    spread = min(retry_policy.first_backoff * (1 << doublings), retry_policy.longest_backoff) * jitter
    return max(spread, timedelta(seconds=verdict.retry_after or 0))


def state_after(
    channel_state: ChannelState, verdict: Verdict, *, now: datetime, retry_policy: RetryPolicy = DEFAULT_RETRY_POLICY
) -> ChannelState:
    """Return the channel's state after an attempt; one that refuses a message has answered, so it is healthy."""
    if verdict.outcome not in _CHANNEL_FAILURES:
        return replace(channel_state, failures=0, since=None, opened_until=None, is_refused=False, reason="")
    failures = channel_state.failures + 1
    pause = retry_policy.cooldown
    if failures >= FAILURE_THRESHOLD:  # 1, 2, 4 … 30 minutes, each followed by one probe
        doublings = min(failures - FAILURE_THRESHOLD, 10)
        pause = min(retry_policy.first_open * (1 << doublings), retry_policy.longest_open)
    return replace(
        channel_state,
        failures=failures,
        since=channel_state.since or now,
        opened_until=now + max(pause, timedelta(seconds=verdict.retry_after or 0)),
        is_refused=verdict.outcome is Outcome.CHANNEL_REFUSED,
        reason=verdict.reason,
    )


def is_open(channel_state: ChannelState) -> bool:
    """Return whether the operator should know: the channel failed too often, or refuses everything."""
    return channel_state.is_refused or channel_state.failures >= FAILURE_THRESHOLD


def transition(before: ChannelState, after: ChannelState) -> Transition:
    """Return what changed between two attempts."""
    if is_open(before) == is_open(after):
        return Transition.NONE
    return Transition.OPENED if is_open(after) else Transition.RECOVERED
