"""Decide what becomes of a message, and of its channel, after an attempt to send it.

Pure: the time and the random jitter are arguments.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.channel_health import FAILURE_THRESHOLD, ChannelState, is_on_trial, is_open
from monitor.frozen import dataclass
from monitor.model import Delivery, Outcome, Verdict

LAST_ATTEMPT = timedelta(minutes=1)  # before a message expires: longer than a worker may take to notice that it is due
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
    is_last: bool = False  # its age cut the wait short: the next attempt is the last one


def decide(
    verdict: Verdict,
    delivery: Delivery,
    *,
    now: datetime,
    jitter: float,
    holds_uncertain: bool,
    retry_policy: RetryPolicy = DEFAULT_RETRY_POLICY,
) -> Decision:
    """Apply the first rule that fits: accepted, refused forever, held because it may have arrived, retry.

    A wait beyond the message's max_age ends before it, for one last attempt; after that the message only expires.
    """
    if verdict.outcome is Outcome.OK:
        return Decision(action=Action.DONE, verdict=verdict)
    if verdict.outcome is Outcome.REFUSED:
        return Decision(action=Action.BURY, verdict=verdict)
    if verdict.outcome is Outcome.UNCERTAIN and holds_uncertain:
        return Decision(action=Action.HOLD, verdict=verdict)
    due, last = now + backoff(delivery.attempt, verdict, jitter, retry_policy), delivery.expires - LAST_ATTEMPT
    if due <= delivery.expires:
        return Decision(action=Action.RETRY, verdict=verdict, due=due)
    if last > now:
        return Decision(action=Action.RETRY, verdict=verdict, due=last, is_last=True)
    return Decision(action=Action.RETRY, verdict=verdict, due=delivery.expires)


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
    channel_state: ChannelState,
    verdict: Verdict,
    *,
    now: datetime,
    until: datetime | None = None,
    retry_policy: RetryPolicy = DEFAULT_RETRY_POLICY,
) -> ChannelState:
    """Return the channel's state after an attempt; one that refuses a message has answered, so it is healthy.

    until: when a message has its last attempt, so the rest ends then; None: no message is near its end.
    """
    if verdict.is_message_fault:
        return channel_state
    if verdict.outcome not in _CHANNEL_FAILURES:
        return replace(channel_state, failures=0, since=None, opened_until=None, is_refused=False, reason="")
    failures = channel_state.failures + 1
    pause = retry_policy.cooldown
    if failures >= FAILURE_THRESHOLD:  # 1, 2, 4 … 30 minutes, each followed by one probe
        doublings = min(failures - FAILURE_THRESHOLD, 10)
        pause = min(retry_policy.first_open * (1 << doublings), retry_policy.longest_open)
    opened_until = now + max(pause, timedelta(seconds=verdict.retry_after or 0))
    return replace(
        channel_state,
        failures=failures,
        since=channel_state.since or now,
        opened_until=min(opened_until, until or opened_until),
        is_refused=verdict.outcome is Outcome.CHANNEL_REFUSED,
        reason=verdict.reason,
    )


def transition(before: ChannelState, after: ChannelState) -> Transition:
    """Return what changed between two attempts; a channel on trial was down, and opens or recovers by its attempts."""
    if is_open(after):
        return Transition.NONE if is_open(before) else Transition.OPENED
    has_recovered = (is_open(before) or is_on_trial(before)) and not is_on_trial(after)
    return Transition.RECOVERED if has_recovered else Transition.NONE
