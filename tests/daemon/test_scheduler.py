"""Jobs keep their pace when the wall clock is set, in either direction."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from monitor.daemon.scheduler import Scheduler
from tests.servers import Arrivals

YEARS = timedelta(days=3650)


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    made = Scheduler()
    yield made
    made.stop()


@pytest.mark.parametrize("by", [timedelta(hours=9), YEARS], ids=["hours", "years"])
def test_a_job_planned_before_the_clock_was_set_back_runs_and_keeps_its_pace(
    scheduler: Scheduler, by: timedelta
) -> None:
    runs: Arrivals[None] = Arrivals()

    def job() -> None:
        runs.add(None)

    scheduler.every(0.01, job, name="check")
    scheduler.start()
    runs.wait_for(1)
    scheduler._scheduler.modify_job("check", next_run_time=datetime.now(UTC) + by)  # as the clock would leave it
    runs.wait_for(len(runs.so_far()) + 5)


def test_runs_that_a_clock_set_forward_has_skipped_are_not_listed(scheduler: Scheduler) -> None:
    scheduler.every(1, lambda: None, name="check")
    [job] = scheduler._scheduler.get_jobs()
    now = datetime.now(UTC)
    assert job.trigger.get_next_fire_time(now - YEARS, now) == now + timedelta(seconds=1)
    assert job.trigger.get_next_fire_time(now, now) == now + timedelta(seconds=1)
