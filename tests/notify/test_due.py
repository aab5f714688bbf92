"""What becomes of a message after each kind of answer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Outcome
from monitor.notify.due import Move, Step, backoff, next_step
from tests.notify.facts import NOON, delivery, verdict


def step(outcome: Outcome, *, attempt: int = 1, retry_after: float | None = None, jitter: float = 0.5) -> Step:
    given = verdict(outcome, retry_after=retry_after)
    return next_step(given, delivery(attempt=attempt), now=NOON, jitter=jitter)


@pytest.mark.parametrize(
    ("outcome", "move", "rest", "is_down"),
    [
        (Outcome.OK, Move.DONE, None, False),
        (Outcome.REFUSED, Move.BURY, None, False),
        (Outcome.TRANSIENT, Move.RETRY, 15, True),
        (Outcome.UNCERTAIN, Move.RETRY, 15, True),
        (Outcome.CHANNEL_REFUSED, Move.RETRY, 600, True),
    ],
)
def test_every_outcome_has_one_consequence(outcome: Outcome, move: Move, rest: int | None, is_down: bool) -> None:
    taken = step(outcome)
    assert (taken.move, taken.is_channel_down) == (move, is_down)
    assert taken.due == (None if rest is None else NOON + timedelta(seconds=rest))
    assert taken.verdict == verdict(outcome)


@pytest.mark.parametrize(
    ("attempt", "longest"),
    [(1, 30), (2, 60), (3, 120), (7, 1920), (8, 3600), (9, 3600), (100_000, 3600), (0, 30)],
)
def test_waits_double_up_to_an_hour(attempt: int, longest: int) -> None:
    assert backoff(attempt, verdict(Outcome.TRANSIENT), 0.5) == timedelta(seconds=longest / 2)
    assert backoff(attempt, verdict(Outcome.TRANSIENT), 0.0) == timedelta(0)


@given(
    attempt=st.integers(1, 50),
    jitter=st.floats(0, 1, exclude_max=True),
    asked=st.none() | st.floats(0, 86_400),
)
def test_no_wait_is_shorter_than_the_service_asked_or_longer_than_both(
    attempt: int, jitter: float, asked: float | None
) -> None:
    wait = backoff(attempt, verdict(Outcome.TRANSIENT, retry_after=asked), jitter)
    assert timedelta(seconds=asked or 0) <= wait <= max(timedelta(hours=1), timedelta(seconds=asked or 0))


def test_a_refused_channel_rests_longer_when_it_asks_to() -> None:
    assert step(Outcome.CHANNEL_REFUSED, retry_after=900).due == NOON + timedelta(seconds=900)


def test_what_could_only_be_tried_after_its_age_is_buried_with_both_reasons() -> None:
    taken = step(Outcome.TRANSIENT, retry_after=72 * 3600 + 1)
    assert (taken.move, taken.due, taken.is_channel_down) == (Move.BURY, None, True)
    assert "too old" in taken.verdict.reason
    assert "as scripted" in taken.verdict.reason
    assert taken.verdict.outcome is Outcome.TRANSIENT


def test_the_last_moment_of_its_age_is_not_too_late() -> None:
    assert step(Outcome.TRANSIENT, retry_after=72 * 3600).move is Move.RETRY
