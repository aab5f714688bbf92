"""How long a part of a large dump is, and that what others take in between is not held against it."""

from __future__ import annotations

from itertools import count

import pytest

from monitor.collect.batches import MAX_PART_RECORDS
from monitor.daemon.pacing import MAX_SECONDS, MIN_RECORDS, PartPacer
from monitor.errors import Interrupted


class Watch:
    """Seconds as they are told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += seconds


def sizes(watch: Watch, turns: PartPacer, *, per_record: float, parts: int = 12) -> list[int]:
    found = []
    for _ in range(parts):
        found.append(turns.max_records())
        watch.passes(found[-1] * per_record)
    return found


@pytest.mark.parametrize(
    ("per_record", "expected"),
    [(0.0, MAX_PART_RECORDS), (0.0001, MAX_PART_RECORDS), (MAX_SECONDS / 225, 225), (1.0, MIN_RECORDS)],
)
def test_a_part_is_as_long_as_its_time_allows(per_record: float, expected: int) -> None:
    watch = Watch()
    assert sizes(watch, PartPacer(lambda: None, seconds=watch), per_record=per_record)[-1] == pytest.approx(
        expected, abs=1
    )


def test_what_others_take_is_not_counted() -> None:
    watch = Watch()
    assert sizes(watch, PartPacer(lambda: watch.passes(60), seconds=watch), per_record=0.0001)[-1] == MAX_PART_RECORDS


def test_others_have_their_turn_before_each_part() -> None:
    turns, numbers = [], count()
    sizes(watch := Watch(), PartPacer(lambda: turns.append(next(numbers)), seconds=watch), per_record=0, parts=3)
    assert turns == [0, 1, 2]


def test_a_request_to_stop_goes_through() -> None:
    def stop() -> None:
        raise Interrupted("told to stop")

    with pytest.raises(Interrupted):
        PartPacer(stop).max_records()
