"""The clock runs by the uptime and follows the wall clock only when a jump has lasted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from monitor.clock import BELIEVED_AFTER, FIRST_DAY, SteadyClock
from monitor.testing import NOON
from monitor.times import ClockReading

HOUR, DAY, YEARS = timedelta(hours=1), timedelta(days=1), timedelta(days=3650)
NONE = timedelta(0)
UNSET = datetime.fromisoformat("1970-01-01T00:01:00+00:00")
JUMPS = [HOUR, -9 * HOUR, DAY, YEARS, -300 * DAY]


@dataclass(slots=True)
class Machine:
    """A machine whose wall clock can be set, and which can be started again."""

    wall: datetime = NOON
    uptime: float = 1000.0
    boot: str = "first"
    clock: SteadyClock = field(init=False)

    def __post_init__(self) -> None:
        self.start(None)

    def start(self, last: ClockReading | None) -> None:
        self.clock = SteadyClock(last, wall=lambda: self.wall, uptime=lambda: self.uptime, boot=self.boot)

    def run(self, by: timedelta) -> None:
        self.wall += by
        self.uptime += by.total_seconds()

    def last(self) -> None:
        """Until a jump is believed; it is seen by then."""
        self.clock.now()
        self.run(timedelta(seconds=BELIEVED_AFTER))


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.mark.parametrize("by", [timedelta(seconds=-29), timedelta(seconds=29)])
def test_a_correction_by_seconds_is_adopted_at_once_and_is_no_jump(machine: Machine, by: timedelta) -> None:
    for _ in range(5):
        machine.run(HOUR)
        machine.wall += by
        assert (machine.clock.now(), machine.clock.offset()) == (machine.wall, NONE)


@pytest.mark.parametrize("by", JUMPS)
def test_a_jump_changes_nothing_until_it_is_followed(machine: Machine, by: timedelta) -> None:
    machine.wall += by
    assert (machine.clock.now(), machine.clock.offset(), machine.clock.jump()) == (NOON, by, None)
    machine.last()
    assert machine.clock.now() == NOON + timedelta(seconds=BELIEVED_AFTER)
    assert machine.clock.jump() == by
    machine.clock.follow(by)
    assert (machine.clock.now(), machine.clock.offset()) == (machine.wall, NONE)
    assert (machine.clock.jump(), machine.clock.moved()) == (None, by)


@pytest.mark.parametrize("by", JUMPS)
def test_a_jump_that_is_undone_soon_leaves_no_trace(machine: Machine, by: timedelta) -> None:
    machine.wall += by
    machine.clock.now()
    machine.run(timedelta(seconds=BELIEVED_AFTER - 1))
    assert machine.clock.jump() is None
    machine.wall -= by
    machine.run(HOUR)
    assert (machine.clock.jump(), machine.clock.now(), machine.clock.moved()) == (None, machine.wall, NONE)


def test_a_second_jump_must_last_as_well(machine: Machine) -> None:
    machine.wall += DAY
    machine.last()
    machine.wall += DAY
    assert machine.clock.jump() is None
    machine.last()
    assert machine.clock.jump() == 2 * DAY


def test_a_suspend_is_no_jump(machine: Machine) -> None:
    machine.clock.now()
    machine.run(DAY)
    assert (machine.clock.now(), machine.clock.offset()) == (NOON + DAY, NONE)


def test_a_clock_that_was_never_set_is_not_believed_and_its_setting_is_a_jump(machine: Machine) -> None:
    known = machine.clock.reading()
    machine.wall, machine.uptime, machine.boot = UNSET, 5.0, "second"
    machine.start(known)
    machine.last()
    assert (machine.clock.jump(), machine.clock.now()) == (None, NOON + timedelta(seconds=BELIEVED_AFTER))
    machine.wall = NOON + DAY
    machine.last()
    assert machine.clock.jump() == DAY - timedelta(seconds=BELIEVED_AFTER)


def test_without_any_knowledge_a_clock_that_was_never_set_begins_on_the_first_day(machine: Machine) -> None:
    machine.wall = UNSET
    machine.start(None)
    assert (machine.clock.now(), machine.clock.jump()) == (FIRST_DAY, None)


@pytest.mark.parametrize("by", JUMPS)
def test_the_next_process_goes_on_steadily_and_believes_a_jump_that_lasts(machine: Machine, by: timedelta) -> None:
    machine.wall += by
    known = machine.clock.reading()
    machine.last()
    machine.start(known)
    assert machine.clock.now() == NOON + timedelta(seconds=BELIEVED_AFTER)
    assert machine.clock.jump() == by


def test_runs_that_follow_each_other_closely_come_to_believe_a_jump_too(machine: Machine) -> None:
    machine.wall += YEARS
    believed = []
    for _ in range(4):
        known = machine.clock.reading()
        machine.run(timedelta(seconds=BELIEVED_AFTER / 2))
        machine.start(known)
        believed.append(machine.clock.jump())
    assert believed == [None, YEARS, YEARS, YEARS]


def test_after_a_start_of_the_machine_a_later_wall_clock_is_right_and_an_earlier_one_is_a_jump(
    machine: Machine,
) -> None:
    known = machine.clock.reading()
    machine.boot, machine.uptime = "second", 5.0
    machine.wall = NOON + 3 * HOUR
    machine.start(known)
    assert (machine.clock.now(), machine.clock.off, machine.clock.offset()) == (NOON + 3 * HOUR, 3 * HOUR, NONE)
    machine.wall = NOON - 3 * HOUR
    machine.start(known)
    assert (machine.clock.now(), machine.clock.off, machine.clock.offset()) == (NOON, NONE, -3 * HOUR)


def test_a_clock_that_is_years_ahead_ages_nothing_by_years(machine: Machine) -> None:
    machine.wall += YEARS
    machine.last()
    machine.clock.follow(YEARS)
    began = machine.clock.reading().aged
    machine.run(DAY)
    aged = machine.clock.reading().aged
    assert aged - began <= 2 * DAY
    machine.uptime, machine.boot, known = 5.0, "second", machine.clock.reading()
    machine.start(known)
    assert machine.clock.reading().aged == aged
    machine.run(2 * YEARS)
    assert machine.clock.reading().aged == machine.clock.now()
