"""What becomes of a message after each kind of answer, and of its channel."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.channel_health import ChannelState, after_resume, is_open
from monitor.model import Outcome
from monitor.notify.retry import (
    LAST_ATTEMPT,
    Action,
    Decision,
    RetryPolicy,
    Transition,
    backoff,
    decide,
    state_after,
    transition,
)
from tests.notify.facts import NOON, delivery, verdict

MINUTE = timedelta(minutes=1)


def step(
    outcome: Outcome,
    *,
    attempt: int = 1,
    retry_after: float | None = None,
    jitter: float = 0.5,
    holds_uncertain: bool = False,
) -> Decision:
    given = verdict(outcome, retry_after=retry_after)
    return decide(given, delivery(attempt=attempt), now=NOON, jitter=jitter, holds_uncertain=holds_uncertain)


@pytest.mark.parametrize(
    ("outcome", "holds_uncertain", "move", "wait"),
    [
        (Outcome.OK, False, Action.DONE, None),
        (Outcome.OK, True, Action.DONE, None),
        (Outcome.REFUSED, False, Action.BURY, None),
        (Outcome.REFUSED, True, Action.BURY, None),
        (Outcome.TRANSIENT, False, Action.RETRY, 15),
        (Outcome.TRANSIENT, True, Action.RETRY, 15),
        (Outcome.UNCERTAIN, False, Action.RETRY, 15),
        (Outcome.UNCERTAIN, True, Action.HOLD, None),
        (Outcome.CHANNEL_REFUSED, False, Action.RETRY, 0),
        (Outcome.CHANNEL_REFUSED, True, Action.RETRY, 0),
    ],
)
def test_every_outcome_has_one_consequence(
    outcome: Outcome, holds_uncertain: bool, move: Action, wait: int | None
) -> None:
    taken = step(outcome, holds_uncertain=holds_uncertain)
    assert (taken.action, taken.verdict) == (move, verdict(outcome))
    assert taken.due == (None if wait is None else NOON + timedelta(seconds=wait))


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


@pytest.mark.parametrize("asked", [72 * 3600 + 1, 10 * 365 * 86_400])
def test_a_wait_beyond_its_age_ends_before_it_for_one_last_attempt(asked: int) -> None:
    taken = step(Outcome.TRANSIENT, retry_after=asked)
    assert (taken.action, taken.is_last) == (Action.RETRY, True)
    assert taken.due == delivery().expires - LAST_ATTEMPT
    assert taken.verdict == verdict(Outcome.TRANSIENT, retry_after=asked)


def test_an_hours_backoff_near_its_end_leaves_one_last_attempt() -> None:
    late = delivery(attempt=9)
    at = late.expires - timedelta(minutes=20)
    taken = decide(verdict(Outcome.TRANSIENT), late, now=at, jitter=0.9, holds_uncertain=False)
    assert (taken.due, taken.is_last) == (late.expires - LAST_ATTEMPT, True)


def test_after_its_last_attempt_a_message_only_expires() -> None:
    late = delivery(attempt=9)
    at = late.expires - LAST_ATTEMPT + timedelta(seconds=2)
    taken = decide(verdict(Outcome.TRANSIENT), late, now=at, jitter=0.9, holds_uncertain=False)
    assert (taken.action, taken.due, taken.is_last) == (Action.RETRY, late.expires, False)


def test_the_last_moment_of_its_age_is_not_too_late() -> None:
    assert step(Outcome.TRANSIENT, retry_after=72 * 3600).action is Action.RETRY


# --- the channel ---------------------------------------------------------------------------------------------------

FAILING = ChannelState(failures=6, since=NOON - MINUTE, opened_until=NOON, is_refused=True, reason="503")


@pytest.mark.parametrize(
    ("outcome", "failures", "is_refused"),
    [
        (Outcome.OK, 0, False),
        (Outcome.REFUSED, 0, False),  # it has answered
        (Outcome.TRANSIENT, 7, False),
        (Outcome.UNCERTAIN, 7, False),
        (Outcome.CHANNEL_REFUSED, 7, True),
    ],
)
def test_every_outcome_says_how_the_channel_stands(outcome: Outcome, failures: int, is_refused: bool) -> None:
    after = state_after(FAILING, verdict(outcome), now=NOON)
    assert (after.failures, after.is_refused) == (failures, is_refused)
    if failures:
        assert (after.since, after.reason) == (FAILING.since, "as scripted")
        assert after.opened_until == NOON + 4 * MINUTE
    else:
        assert after == ChannelState()


@pytest.mark.parametrize("outcome", [Outcome.TRANSIENT, Outcome.UNCERTAIN])
def test_a_channel_that_keeps_failing_rests_longer_and_longer(outcome: Outcome) -> None:
    channel_state, rests, turns = ChannelState(), [], []
    for _ in range(14):
        after = state_after(channel_state, verdict(outcome), now=NOON)
        assert after.opened_until
        rests.append((after.opened_until - NOON).total_seconds())
        turns.append(transition(channel_state, after))
        channel_state = after
    assert rests == [15, 15, 15, 15, 60, 120, 240, 480, 960, 1800, 1800, 1800, 1800, 1800]
    assert turns == [Transition.NONE] * 4 + [Transition.OPENED] + [Transition.NONE] * 9
    assert channel_state.since == NOON


def test_a_rest_is_never_shorter_than_the_service_asks() -> None:
    for failures, asked, rest in ((0, 120, 120), (0, 5, 15), (4, 30, 60), (4, 3600, 3600)):
        after = state_after(ChannelState(failures=failures), verdict(Outcome.TRANSIENT, retry_after=asked), now=NOON)
        assert after.opened_until == NOON + timedelta(seconds=rest)


def test_a_rest_ends_when_a_message_has_its_last_attempt() -> None:
    asked, until = verdict(Outcome.TRANSIENT, retry_after=86_400), NOON + timedelta(hours=11)
    assert state_after(ChannelState(), asked, now=NOON, until=until).opened_until == until
    assert state_after(ChannelState(), asked, now=NOON, until=None).opened_until == NOON + timedelta(days=1)


def test_a_message_that_fails_by_itself_leaves_its_channel_as_it_is() -> None:
    fault = replace(verdict(Outcome.TRANSIENT), is_message_fault=True)
    assert state_after(FAILING, fault, now=NOON) == FAILING
    assert state_after(ChannelState(), fault, now=NOON) == ChannelState()


def test_it_is_told_once_that_a_channel_opened_and_once_that_it_recovered() -> None:
    answers = [Outcome.TRANSIENT] * 6 + [Outcome.OK] * 2 + [Outcome.TRANSIENT, Outcome.OK]
    channel_state, turns = ChannelState(), []
    for outcome in answers:
        after = state_after(channel_state, verdict(outcome), now=NOON)
        turns.append(transition(channel_state, after))
        channel_state = after
    assert (
        turns
        == [Transition.NONE] * 4 + [Transition.OPENED, Transition.NONE, Transition.RECOVERED] + [Transition.NONE] * 3
    )


def test_a_channel_that_refuses_everything_is_open_at_once() -> None:
    after = state_after(ChannelState(), verdict(Outcome.CHANNEL_REFUSED), now=NOON)
    assert (is_open(after), transition(ChannelState(), after)) == (True, Transition.OPENED)
    assert transition(after, state_after(after, verdict(Outcome.OK), now=NOON)) is Transition.RECOVERED


OPEN = ChannelState(failures=5, since=NOON - MINUTE, opened_until=NOON + MINUTE, reason="503")
REFUSED = ChannelState(failures=1, since=NOON - MINUTE, opened_until=NOON, is_refused=True, reason="401")
A_LITTLE = ChannelState(failures=4, since=NOON - MINUTE, opened_until=NOON, reason="503")


def _turns_after_resume(channel_state: ChannelState, *outcomes: Outcome) -> list[Transition]:
    state, turns = after_resume(channel_state, now=NOON), []
    for outcome in outcomes:
        after = state_after(state, verdict(outcome), now=NOON + MINUTE)
        turns.append(transition(state, after))
        state = after
    return turns


@pytest.mark.parametrize("channel_state", [OPEN, REFUSED, after_resume(OPEN, now=NOON - MINUTE)])
def test_what_a_resume_of_a_channel_that_was_down_leads_to_is_told(channel_state: ChannelState) -> None:
    none, opened, recovered = Transition.NONE, Transition.OPENED, Transition.RECOVERED
    assert _turns_after_resume(channel_state, Outcome.OK, Outcome.OK) == [recovered, none]
    assert _turns_after_resume(channel_state, Outcome.TRANSIENT, Outcome.OK) == [none, recovered]
    assert _turns_after_resume(channel_state, Outcome.CHANNEL_REFUSED, Outcome.OK) == [opened, recovered]
    assert _turns_after_resume(channel_state, *[Outcome.TRANSIENT] * 6) == [*[none] * 4, opened, none]


@pytest.mark.parametrize("channel_state", [ChannelState(), A_LITTLE])
def test_a_resume_of_a_channel_that_nobody_was_told_of_is_as_a_new_start(channel_state: ChannelState) -> None:
    assert after_resume(channel_state, now=NOON) == ChannelState()


def test_a_resumed_channel_is_not_shown_as_down() -> None:
    assert not is_open(after_resume(REFUSED, now=NOON))
    assert after_resume(REFUSED, now=NOON) == ChannelState(since=REFUSED.since, resumed=NOON)


def test_what_an_attempt_has_no_part_in_stays() -> None:
    kept = ChannelState(tokens=1.5, tokens_at=NOON, flood_until=NOON, muted_until=NOON)
    for outcome in Outcome:
        after = state_after(kept, verdict(outcome), now=NOON)
        assert (after.tokens, after.tokens_at, after.flood_until, after.muted_until) == (1.5, NOON, NOON, NOON)


def test_the_waiting_times_are_those_of_the_policy() -> None:
    second = timedelta(seconds=1)
    quick = RetryPolicy(
        first_backoff=second, longest_backoff=2 * second, cooldown=second, first_open=second, longest_open=3 * second
    )
    assert [backoff(n, verdict(Outcome.TRANSIENT), 0.5, quick) for n in (1, 2, 9)] == [second / 2, second, second]
    rests = [
        state_after(ChannelState(failures=n), verdict(Outcome.TRANSIENT), now=NOON, retry_policy=quick).opened_until
        for n in (0, 4, 5, 6)
    ]
    assert rests == [NOON + n * second for n in (1, 1, 2, 3)]
