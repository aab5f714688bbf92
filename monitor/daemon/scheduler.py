"""Run periodic jobs at a steady pace with APScheduler, whatever the wall clock does; nothing outside knows the library.

APScheduler 3 counts by the wall clock. Its interval jobs stand still while a clock that was set back catches up, and
it lists each missed run of a clock that was set forward: 300 million of them for a job each second and ten years.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger


class Scheduler:
    """Runs jobs every so many seconds on one thread; a job takes milliseconds and never sends anything."""

    def __init__(self) -> None:
        logging.getLogger("apscheduler").setLevel(logging.WARNING)
        self._scheduler = _SteadyScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(1)},
            # The library's grace of 1 s would drop a job that is late because the machine was busy or asleep.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def every(self, seconds: float, job: Callable[[], None], *, name: str) -> None:
        """Run a job every so many seconds, first after that long."""
        self._scheduler.add_job(job, _Every(timedelta(seconds=seconds)), id=name, name=name)

    def start(self) -> None:
        """Start the scheduler's thread."""
        self._scheduler.start()

    def stop(self) -> None:
        """Stop without waiting for a running job; it takes milliseconds."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)


class _Every(BaseTrigger):  # type: ignore[misc] # the library is not typed
    """Fires once per interval; intervals that have been missed are not made up for."""

    def __init__(self, interval: timedelta) -> None:
        self.interval = interval

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        planned = (previous or now) + self.interval
        return planned if planned > now else now + self.interval


class _SteadyScheduler(BackgroundScheduler):  # type: ignore[misc] # the library is not typed
    """Runs a job at once whose next run was planned before the wall clock was set back.

    Its thread waits by the monotonic clock, at most for the shortest interval, so it notices such a clock in time.
    """

    def _process_jobs(self) -> float | None:
        """Run what is due; the library's main loop waits for as many seconds as this returns."""
        now, jobs = datetime.now(UTC), self.get_jobs()
        for job in jobs:
            if job.next_run_time > now + job.trigger.interval:
                job.modify(next_run_time=now)
        wait: float | None = super()._process_jobs()
        intervals = (job.trigger.interval.total_seconds() for job in jobs)
        return wait if wait is None else min(wait, *intervals)
