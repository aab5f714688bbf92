"""Run the threads that ingest dropped files and deliver due messages, until a signal.

watchdog's threads queue file events. One ingest thread keeps the folders watched and ingests files. One thread per
channel delivers, one executes commands, and APScheduler's thread wakes the others. The main thread waits for a signal.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from monitor.control.server import ControlServer
from monitor.daemon.dispatcher import Dispatcher
from monitor.daemon.ingest_worker import IngestWorker
from monitor.daemon.reload import ConfigReloader
from monitor.daemon.scheduler import Scheduler
from monitor.daemon.signals import THREAD_FAILED, SignalQueue
from monitor.errors import StoreError
from monitor.health.liveness import HealthSnapshot, Liveness, stalled_part
from monitor.logs import fail, say, warn
from monitor.systemd.sd_notify import READY, STOPPING, WATCHDOG, notify, reloading, watchdog_interval

# Seconds after which a busy thread yields. With Python's default of 5 ms, the thread that reads file events waits so
# long during an ingest that the kernel's event queue fills up.
SWITCH_INTERVAL = 0.0002


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Intervals and time limits of a daemon, all in seconds."""

    tick: float = 15.0  # between two; bounds the lag of deliveries after a suspend or a clock jump
    check: float = 1.0  # between two checks of the watched folders and of the configuration
    grace: float = 2.0  # for the threads to stop; a hung send is left to end with the process
    pause: float = 1.0  # for a command that came last


DEFAULT_TIMINGS = Timings()


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodicJobs:
    """The work of a daemon besides ingest and delivery."""

    each_tick: Sequence[Callable[[], object]]  # use the store; after a StoreError the next tick tries again
    threads: Mapping[str, Callable[[threading.Event], None]]  # by thread name; each runs until the event is set


class Daemon:
    """The threads of one process on one configuration; `run` returns after a signal."""

    def __init__(
        self,
        ingest_worker: IngestWorker,
        dispatcher: Dispatcher,
        *,
        control: ControlServer,
        signal_queue: SignalQueue,
        reloader: ConfigReloader[Any],
        liveness: Liveness,
        jobs: PeriodicJobs,
    ) -> None:
        self._ingest_worker = ingest_worker
        self._dispatcher = dispatcher
        self._control = control
        self._workers = dispatcher.delivery_workers(on_alert=self._wake_delivery)
        self._stop = threading.Event()
        self._signal_queue = signal_queue
        self._reloader = reloader
        self._liveness = liveness
        self._jobs = jobs
        self._failure: BaseException | None = None

    def run(self, timings: Timings = DEFAULT_TIMINGS) -> int | None:
        """Ingest, watch and deliver until a signal. Raises the error that ended a thread.

        Returns the exit code; None: it ended for a changed configuration.
        """
        sys.setswitchinterval(SWITCH_INTERVAL)
        self._signal_queue.install_handlers()
        self._dispatcher.start()
        is_controlled = self._control.open()
        mode = self._ingest_worker.start_watching()
        scheduler = self._start_scheduler(timings)
        threads = [
            self._thread("ingest", partial(self._ingest_worker.run, self._stop, on_ingested=self._wake_delivery))
        ]
        threads += [self._thread(name, partial(run, self._stop)) for name, run in self._jobs.threads.items()]
        threads += [self._thread(f"deliver-{c.channel.name}", partial(c.run, self._stop)) for c in self._workers]
        control = [self._thread("control", partial(self._control.serve, self._wake_delivery))] if is_controlled else []
        watching = ", ".join(self._ingest_worker.folders)
        say("started", mode=mode, watching=watching, channels=len(self._workers))
        notify(READY, f"STATUS=watching {watching}")
        number = self._wait()
        self._shut_down(number, scheduler, timings, threads, control)
        if self._failure:
            raise self._failure
        return None if number == signal.SIGHUP else 130 if number == signal.SIGINT else 0

    def _wait(self) -> int:
        """Wait for a signal, a failed thread or a usable configuration. Return the number that came."""
        while True:
            number = self._signal_queue.wait()
            if number != signal.SIGHUP or self._reload():
                break
            self._wake_delivery()  # for the alert to the operator
        self._stop.set()
        self._ingest_worker.wake()
        self._wake_delivery()
        return number

    def _reload(self) -> bool:
        is_valid = self._reloader.reload()
        self._dispatcher.counters.set_config_valid(is_valid=is_valid)
        return is_valid

    def _start_scheduler(self, timings: Timings) -> Scheduler:
        scheduler = Scheduler()
        scheduler.every(timings.check, self._check, name="check")
        scheduler.every(timings.tick, self._tick, name="tick")
        scheduler.start()
        return scheduler

    def _check(self) -> None:
        self._ingest_worker.request_check()
        if self._reloader.has_changed():
            self._signal_queue.put(signal.SIGHUP)
        self._liveness.report_scheduler()
        notify_watchdog(self._liveness.snapshot(), watchdog_interval())

    def _tick(self) -> None:
        self._liveness.begin_store_check()
        self._liveness.end_store_check(self._run_tick_jobs())
        self._wake_delivery()

    def _run_tick_jobs(self) -> str:
        """Return why the store failed; "": all jobs are done."""
        try:
            for job in self._jobs.each_tick:
                job()
        except StoreError as error:
            warn("store_busy", reason=error.message)
            return error.message
        return ""

    def _wake_delivery(self) -> None:
        for worker in self._workers:
            worker.wake()

    def _thread(self, name: str, work: Callable[[], None]) -> threading.Thread:
        """Start a daemon thread whose failure ends the process, because a monitor needs all of its threads."""

        def guarded() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - the main thread raises it and ends the process
                fail("thread_failed", error)
                self._failure = error
                self._signal_queue.put(THREAD_FAILED)

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        thread.start()
        return thread

    def _shut_down(
        self,
        number: int,
        scheduler: Scheduler,
        timings: Timings,
        threads: Sequence[threading.Thread],
        control: Sequence[threading.Thread],
    ) -> None:
        """Stop all threads, the control thread last: without its socket no command works before the lock ends."""
        say("stopping", signal=signal.Signals(number).name if number else "")
        notify(*(reloading() if number == signal.SIGHUP else (STOPPING,)))
        scheduler.stop()
        _join(threads, timings.grace)
        self._ingest_worker.stop_watching()
        self._control.stop()
        _join(control, timings.pause)
        unfinished = (thread.name for thread in (*threads, *control) if thread.is_alive())
        say("stopped", unfinished=", ".join(unfinished))


def notify_watchdog(snapshot: HealthSnapshot, interval: float | None) -> None:
    """Notify systemd's watchdog while all parts answer. interval: seconds, as `watchdog_interval`."""
    if interval and not stalled_part(snapshot, within=interval / 2):
        notify(WATCHDOG)


def _join(threads: Sequence[threading.Thread], timeout: float) -> None:
    until = time.monotonic() + timeout
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
