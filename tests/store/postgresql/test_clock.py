"""The time of the database, as one process tells it."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest

from monitor.ports import Clock
from monitor.store.postgresql.clock import DatabaseClock
from monitor.testing import NOON
from tests.store.postgresql.nodes import OpenNode

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


class Machine:
    """A machine whose wall clock and uptime are set by hand."""

    def __init__(self, wall: datetime = NOON) -> None:
        self.wall, self.uptime = wall, 500.0

    def run(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.uptime += seconds

    def clock(self) -> DatabaseClock:
        return DatabaseClock(wall=lambda: self.wall, seconds=lambda: self.uptime, boot="b")

    def note(self, clock: DatabaseClock, at: datetime, *, took: float = 0.0) -> None:
        """Let the database say `at`, half way through a question that took so many seconds."""
        since = self.uptime
        self.run(took)
        clock.note(at, since=since)


def test_it_says_what_the_database_said_carried_on_by_the_uptime() -> None:
    machine = Machine()
    clock: Clock = machine.clock()
    assert isinstance(clock, DatabaseClock)
    machine.note(clock, NOON + SECOND)
    machine.run(60)
    assert clock.now() == NOON + 61 * SECOND
    machine.wall += HOUR
    assert clock.now() == NOON + 61 * SECOND
    assert clock.offset() == HOUR - SECOND


def test_an_answer_is_as_old_as_half_its_way_and_a_slow_one_is_not_believed() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.note(clock, NOON, took=8)
    assert clock.now() == NOON + 4 * SECOND  # nothing better was known
    machine.note(clock, NOON, took=1)
    assert clock.now() == NOON + SECOND / 2
    machine.note(clock, NOON + HOUR, took=2)
    assert clock.now() == NOON + 2.5 * SECOND


def test_nothing_is_set_and_nothing_moves_with_it() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.note(clock, NOON)
    machine.wall += 24 * HOUR
    machine.run(600)
    assert clock.jump() is None
    clock.follow(HOUR)
    assert (clock.now(), clock.moved()) == (NOON + 600 * SECOND, timedelta(0))


def test_retention_counts_by_a_time_that_follows_a_jump_of_the_database_slowly() -> None:
    """A server with a wrong clock must not make everything old at once."""
    machine = Machine()
    clock = machine.clock()
    machine.note(clock, NOON)
    machine.note(clock, NOON + HOUR)
    assert (clock.reading().at, clock.reading().aged) == (NOON + HOUR, NOON)
    machine.run(60)
    assert clock.reading().aged == NOON + 120 * SECOND
    machine.note(clock, NOON)
    assert clock.reading().aged == NOON


def test_a_machine_whose_clock_differs_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "monitor")
    machine = Machine()
    clock = machine.clock()
    for seconds in (0.0, 9.9, 10.0, 300.0, 0.0, -10.0):
        machine.note(clock, machine.wall - seconds * SECOND)
    told = [(line.getMessage(), line.__dict__["fields"]["seconds"]) for line in caplog.records]
    assert told == [("clock_differs", 10.0), ("clock_differs", -10.0)]


def test_an_open_store_tells_the_time_of_its_server_and_each_beat_measures_it(open_node: OpenNode) -> None:
    node = open_node("a").join()
    clock = node.shared.clock
    assert abs(clock.now() - datetime.now(UTC)) < HOUR
    clock.note(NOON, since=clock.seconds())
    assert clock.now() - NOON < HOUR
    node.beat()
    [[now]] = node.query("SELECT clock_timestamp()")
    assert abs(datetime.fromisoformat(now) - clock.now()) < HOUR / 60
