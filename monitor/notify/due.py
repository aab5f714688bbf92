"""A verdict on a delivery → what becomes of it, and when.

Pure: the clock and the dice come in as arguments.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.model import Delivery, Outcome, Verdict

FIRST_BACKOFF = timedelta(seconds=30)
LONGEST_BACKOFF = timedelta(hours=1)
CHANNEL_REST = timedelta(minutes=10)
_DOWN = frozenset({Outcome.TRANSIENT, Outcome.UNCERTAIN, Outcome.CHANNEL_REFUSED})


class Move(StrEnum):
    """What is done with a claimed message; each is one method of the outbox."""

    DONE = "done"
    RETRY = "retry"
    BURY = "bury"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The decision on one attempt."""

    move: Move
    verdict: Verdict  # as it is to be recorded
    due: datetime | None = None  # when to try again; None: never
    is_channel_down: bool = False  # the next message would fare no better now
    rest: timedelta = timedelta(0)  # how long the channel is left alone; more than a moment only where it is down


def next_step(verdict: Verdict, delivery: Delivery, *, now: datetime, jitter: float) -> Step:
    """First rule that fits: accepted, refused for good, too old to be tried again, try again."""
    is_down = verdict.outcome in _DOWN
    if verdict.outcome is Outcome.OK:
        return Step(move=Move.DONE, verdict=verdict)
    if verdict.outcome is Outcome.REFUSED:
        return Step(move=Move.BURY, verdict=verdict)
    due = now + max(backoff(delivery.attempt, verdict, jitter), _least(verdict))
    if due > delivery.expires:
        reason = f"too old: it would be tried again only after its max_age; last: {verdict.reason}"
        return Step(
            move=Move.BURY, verdict=replace(verdict, reason=reason), is_channel_down=is_down, rest=_least(verdict)
        )
    return Step(move=Move.RETRY, verdict=verdict, due=due, is_channel_down=is_down, rest=_least(verdict))


def backoff(attempt: int, verdict: Verdict, jitter: float) -> timedelta:
    """Full jitter (0 ≤ jitter < 1) below min(30 s · 2^(attempt - 1), 1 h), but never less than the service asked."""
    doublings = min(max(attempt, 1) - 1, 20)  # bounded: attempts are not, and 2^attempt outgrows a timedelta
    spread = min(FIRST_BACKOFF * (1 << doublings), LONGEST_BACKOFF) * jitter
    return max(spread, timedelta(seconds=verdict.retry_after or 0))


def _least(verdict: Verdict) -> timedelta:
    """What the service asked for; a channel that refuses everything is left alone longer, lest an account be locked."""
    asked = timedelta(seconds=verdict.retry_after or 0)
    return max(asked, CHANNEL_REST) if verdict.outcome is Outcome.CHANNEL_REFUSED else asked
