"""A store that does not answer is tried now and then by one call; its loss is one line, and so is its return."""

from __future__ import annotations

import logging

import pytest

from monitor.errors import StoreDown, StoreUnavailable
from monitor.store.breaker import LONGEST, Breaker

GONE = StoreUnavailable("the state store failed: connection refused", where="db1")


class Times:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def times() -> Times:
    return Times()


@pytest.fixture
def breaker(times: Times, caplog: pytest.LogCaptureFixture) -> Breaker:
    caplog.set_level(logging.INFO, "monitor")
    return Breaker(seconds=times)


def refused(breaker: Breaker) -> StoreDown | None:
    """Return the error of a call that is not let through."""
    try:
        breaker.admit()
    except StoreDown as error:
        return error
    return None


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, dict[str, object]]]:
    return [(line.getMessage(), line.__dict__["fields"]) for line in caplog.records]


def test_calls_of_a_store_that_answers_are_let_through_and_say_nothing(
    breaker: Breaker, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        assert refused(breaker) is None
        breaker.back()
    assert lines(caplog) == []


def test_after_a_failure_every_call_fails_at_once_with_the_same_words(breaker: Breaker, times: Times) -> None:
    first = breaker.lost(GONE)
    times.now += 0.2
    later = refused(breaker)
    assert later is not None
    assert (first.message, first.where, later.message, later.where) == (GONE.message, "db1") * 2
    assert first.retry_after == 0.25


def test_each_failed_try_doubles_the_pause_up_to_five_seconds(breaker: Breaker, times: Times) -> None:
    pauses = [breaker.lost(GONE).retry_after]
    for _ in range(6):
        times.now += pauses[-1] - 0.001
        assert refused(breaker)
        times.now += 0.001
        assert refused(breaker) is None
        pauses.append(breaker.lost(GONE).retry_after)
    assert pauses == pytest.approx([0.25, 0.5, 1.0, 2.0, 4.0, LONGEST, LONGEST])


def test_while_one_call_tries_all_others_fail(breaker: Breaker, times: Times) -> None:
    breaker.lost(GONE)
    times.now += 0.25
    assert refused(breaker) is None
    times.now += 100
    assert refused(breaker)


def test_a_try_that_ends_before_the_store_could_answer_leaves_the_next_one_to_another_call(
    breaker: Breaker, times: Times
) -> None:
    breaker.lost(GONE)
    times.now += 0.25
    assert refused(breaker) is None
    breaker.release()
    assert refused(breaker) is None


def test_calls_that_were_on_their_way_lengthen_no_pause(breaker: Breaker, times: Times) -> None:
    breaker.lost(GONE)
    breaker.lost(GONE)
    breaker.lost(GONE)
    times.now += 0.25
    assert refused(breaker) is None


def test_loss_and_return_are_one_line_each_with_how_long_and_how_many_calls(
    breaker: Breaker, times: Times, caplog: pytest.LogCaptureFixture
) -> None:
    breaker.lost(GONE)
    for _ in range(1500):
        assert refused(breaker)
    times.now += 0.25
    breaker.admit()
    breaker.lost(GONE)
    times.now += 34.75
    breaker.admit()
    breaker.back()
    breaker.back()
    assert lines(caplog) == [
        ("store_lost", {"reason": GONE.message}),
        ("store_back", {"seconds": 35.0, "calls": 1502}),
    ]


def test_after_its_return_the_first_pause_is_short_again(breaker: Breaker, times: Times) -> None:
    for _ in range(5):
        breaker.lost(GONE)
        times.now += 10
        breaker.admit()
    breaker.back()
    assert breaker.lost(GONE).retry_after == 0.25
