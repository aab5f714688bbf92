"""A verdict on a delivery → what becomes of the message, and of its channel.

Pure: the clock and the dice come in as arguments.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.model import Delivery, Outcome, Standing, Verdict

OPENS_AT = 5  # failures in a row
_DOWN = frozenset({Outcome.TRANSIENT, Outcome.UNCERTAIN, Outcome.CHANNEL_REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long what failed is left alone."""

    first_backoff: timedelta = timedelta(seconds=30)  # of a message; doubled each time
    longest_backoff: timedelta = timedelta(hours=1)
    breath: timedelta = timedelta(seconds=15)  # of a channel after a failure: the next message would fare no better
    first_open: timedelta = timedelta(minutes=1)  # of a channel that failed OPENS_AT times; doubled each time
    longest_open: timedelta = timedelta(minutes=30)


USUAL_PATIENCE = Patience()


class Move(StrEnum):
    """What is done with a claimed message; each is one method of the outbox."""

    DONE = "done"
    RETRY = "retry"
    HOLD = "hold"
    BURY = "bury"


class Turn(StrEnum):
    """What a channel's people are told of it."""

    NONE = ""
    OPENED = "opened"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The decision on one attempt."""

    move: Move
    verdict: Verdict  # as it is to be recorded
    due: datetime | None = None  # when to try again; None: never


def next_step(
    verdict: Verdict,
    delivery: Delivery,
    *,
    now: datetime,
    jitter: float,
    holds_uncertain: bool,
    patience: Patience = USUAL_PATIENCE,
) -> Step:
    """First rule that fits: accepted, refused for good, not to be told twice, too old to be tried again, try again."""
    if verdict.outcome is Outcome.OK:
        return Step(move=Move.DONE, verdict=verdict)
    if verdict.outcome is Outcome.REFUSED:
        return Step(move=Move.BURY, verdict=verdict)
    if verdict.outcome is Outcome.UNCERTAIN and holds_uncertain:
        return Step(move=Move.HOLD, verdict=verdict)
    due = now + backoff(delivery.attempt, verdict, jitter, patience)
    if due > delivery.expires:
        reason = f"too old: it would be tried again only after its max_age; last: {verdict.reason}"
        return Step(move=Move.BURY, verdict=replace(verdict, reason=reason))
    return Step(move=Move.RETRY, verdict=verdict, due=due)


def backoff(attempt: int, verdict: Verdict, jitter: float, patience: Patience = USUAL_PATIENCE) -> timedelta:
    """Full jitter (0 ≤ jitter < 1) below min(30 s · 2^(attempt - 1), 1 h), but never less than the service asked."""
    if verdict.outcome is Outcome.CHANNEL_REFUSED:
        return timedelta(0)  # the message is well: it waits for its channel
    doublings = min(max(attempt, 1) - 1, 20)  # bounded: attempts are not, and 2^attempt outgrows a timedelta
    spread = min(patience.first_backoff * (1 << doublings), patience.longest_backoff) * jitter
    return max(spread, timedelta(seconds=verdict.retry_after or 0))


def stood(standing: Standing, verdict: Verdict, *, now: datetime, patience: Patience = USUAL_PATIENCE) -> Standing:
    """How the channel stands after an attempt; one that refuses a message has answered, so it is well."""
    if verdict.outcome not in _DOWN:
        return replace(standing, failures=0, since=None, opened_until=None, is_refused=False, reason="")
    failures = standing.failures + 1
    rest = max(_rest(failures, patience), timedelta(seconds=verdict.retry_after or 0))
    return replace(
        standing,
        failures=failures,
        since=standing.since or now,
        opened_until=now + rest,
        is_refused=verdict.outcome is Outcome.CHANNEL_REFUSED,
        reason=verdict.reason,
    )


def is_open(standing: Standing) -> bool:
    """Whether a channel has failed so often, or so finally, that people should know."""
    return standing.is_refused or standing.failures >= OPENS_AT


def turn(before: Standing, after: Standing) -> Turn:
    """What happened to a channel between two attempts."""
    if is_open(before) == is_open(after):
        return Turn.NONE
    return Turn.OPENED if is_open(after) else Turn.RECOVERED


def _rest(failures: int, patience: Patience) -> timedelta:
    """A breath after each of the first failures, then 1, 2, 4 … 30 minutes, with one probe in between."""
    if failures < OPENS_AT:
        return patience.breath
    return min(patience.first_open * (1 << min(failures - OPENS_AT, 10)), patience.longest_open)
