"""Run small periodic jobs with APScheduler; no other module imports it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC


class Scheduler:
    """Runs small jobs every so many seconds on one thread; a job takes milliseconds and never sends anything."""

    def __init__(self) -> None:
        from apscheduler.executors.pool import ThreadPoolExecutor
        from apscheduler.schedulers.background import BackgroundScheduler

        logging.getLogger("apscheduler").setLevel(logging.WARNING)
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(1)},
            # The library's grace of 1 s would drop a job that is late because the machine was busy or asleep.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def every(self, seconds: float, job: Callable[[], None], *, name: str) -> None:
        """Run a job every so many seconds, first after that long."""
        self._scheduler.add_job(job, "interval", seconds=seconds, id=name, name=name)

    def start(self) -> None:
        """Start the scheduler's thread."""
        self._scheduler.start()

    def stop(self) -> None:
        """Stop without waiting for a running job; it takes milliseconds."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
