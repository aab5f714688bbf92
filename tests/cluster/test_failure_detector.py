"""Who is dead, by the beats that one process sees, on a clock that nobody can set."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cluster.failure_detector import (
    DEAD_AFTER,
    NOTHING_SEEN,
    STAND_DOWN_AFTER,
    Observation,
    beat_interval,
    observe,
)


def seen(reads: Sequence[tuple[float, int]], *, before: Observation = NOTHING_SEEN) -> Observation:
    """What reads at these times show of node `b`, each with its beat; node `a` reads."""
    for number, (at, beat) in enumerate(reads):
        before = observe(before, {"a": number, "b": beat}, began=at, ended=at)
    return before


def test_a_node_is_dead_once_it_was_seen_to_stand_still_for_five_beats() -> None:
    alive = seen([(100.0 + second, 7) for second in range(5)])
    assert alive.stopped() == frozenset()
    assert seen([(105.0, 7)], before=alive).stopped() == {"b"}


def test_a_node_that_counts_up_is_alive_however_slowly() -> None:
    assert seen([(100.0 + second, second // 4) for second in range(60)]).stopped() == frozenset()


def test_time_in_which_nothing_was_read_counts_for_nothing() -> None:
    before = seen([(100.0, 7), (101.0, 7), (102.0, 7)])
    asleep = seen([(402.0, 7)], before=before)  # the machine slept: everybody on it stood still
    assert (asleep.stopped(), asleep.still("b")) == (frozenset(), 0.0)
    assert seen([(402.0 + second, 7) for second in range(1, 5)], before=asleep).stopped() == frozenset()
    assert seen([(402.0 + second, 7) for second in range(1, 6)], before=asleep).stopped() == {"b"}


def test_after_a_read_that_failed_the_count_starts_anew() -> None:
    fresh = seen([(105.0 + second, 7) for second in range(5)], before=NOTHING_SEEN)
    assert fresh.stopped() == frozenset()
    assert fresh.still("b") == 4.0


def test_a_slow_answer_proves_nothing_about_the_time_that_it_took() -> None:
    first = observe(NOTHING_SEEN, {"b": 7}, began=100.0, ended=102.0)  # the beat may have been read at its end
    second = observe(first, {"b": 7}, began=104.0, ended=104.5)
    third = observe(second, {"b": 7}, began=106.0, ended=106.9)
    assert third.still("b") == pytest.approx(4.0)
    assert third.stopped() == frozenset()


def test_where_beats_are_rarer_the_count_is_of_beats_not_of_seconds() -> None:
    many = {str(number): 1 for number in range(1_000)}
    assert beat_interval(1_000) == 10.0
    observation = NOTHING_SEEN
    for second in range(100, 150, 10):
        observation = observe(observation, many, began=second, ended=second)
    assert observation.stopped() == frozenset()
    assert "7" in observe(observation, many, began=150.0, ended=150.0).stopped()


def test_a_node_that_still_beats_for_many_is_not_judged_by_the_pace_of_few() -> None:
    many = {str(number): 1 for number in range(1_000)}
    before = observe(NOTHING_SEEN, many, began=100.0, ended=100.0)
    for second in range(101, 109):  # all but two are gone at once; it will notice at its next beat, at 110
        before = observe(before, {"1": second, "2": 1}, began=second, ended=second)
    assert before.stopped() == frozenset()


def test_a_node_stands_down_before_another_may_call_it_dead() -> None:
    assert STAND_DOWN_AFTER < DEAD_AFTER


@given(
    beats=st.lists(st.integers(0, 2), min_size=2, max_size=40),
    pauses=st.lists(st.floats(0.1, 6.0), min_size=40, max_size=40),
)
def test_nobody_is_dead_who_moved_within_five_seconds_or_whom_nobody_watched(
    beats: list[int], pauses: list[float]
) -> None:
    at, beat, observation = 1_000.0, 0, NOTHING_SEEN
    moved, gap_ended = at, at  # the last change that a read has shown, and the last gap between reads
    for step, pause in zip(beats, pauses, strict=False):
        at, beat = at + pause, beat + step
        before = observation
        observation = observe(before, {"b": beat}, began=at, ended=at)
        moved = at if step or before is NOTHING_SEEN else moved
        gap_ended = at if pause > 3.0 else gap_ended
        should_be_dead = at - max(moved, gap_ended) >= 5.0
        assert (observation.stopped() == {"b"}) is should_be_dead
