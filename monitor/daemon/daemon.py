"""Sources, watchlists and channels → a process that takes in what is dropped and delivers what is due.

Threads: watchdog's own queue signs; one ingest thread keeps the folders watched and takes files in; one thread per
channel delivers; one does what commands order; APScheduler's thread wakes the others. The main thread waits for a
signal.
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

# Seconds after which a busy thread gives way. With Python's own 5 ms, a thread that reads events while files are taken
# in waits so long, and the taking-in for it so often, that the kernel's queue fills up.
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
    """What a daemon does besides taking in and delivering."""

    each_tick: Sequence[Callable[[], object]]  # asks the store for something; StoreError: another time
    threads: Mapping[str, Callable[[threading.Event], None]]  # by the name of its thread; runs until the event is set


class Daemon:
    """One process on one state folder; `run` returns when it is told to stop."""

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
        """Take in what waits, watch, deliver. Raises what ended a thread.

        Returns the exit code; None: it ended to make room for what the renewal has built.
        """
        sys.setswitchinterval(SWITCH_INTERVAL)
        self._signal_queue.install_handlers()
        self._dispatcher.start()
        is_controlled = self._control.open()
        mode = self._ingest_worker.start_watching()
        schedule = self._start_scheduler(timings)
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
        self._shut_down(number, schedule, timings, threads, control)
        if self._failure:
            raise self._failure
        return None if number == signal.SIGHUP else 130 if number == signal.SIGINT else 0

    def _wait(self) -> int:
        """Until a signal ends it (its number) or a thread fails; a configuration that cannot be used ends nothing."""
        while True:
            number = self._signal_queue.wait()
            if number != signal.SIGHUP or self._reload():
                break
            self._wake_delivery()  # the operator is told
        self._stop.set()
        self._ingest_worker.wake()
        self._wake_delivery()
        return number

    def _reload(self) -> bool:
        is_good = self._reloader.reload()
        self._dispatcher.counters.set_config_valid(is_valid=is_good)
        return is_good

    def _start_scheduler(self, timings: Timings) -> Scheduler:
        schedule = Scheduler()
        schedule.every(timings.check, self._check, name="check")
        schedule.every(timings.tick, self._tick, name="tick")
        schedule.start()
        return schedule

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
        """Why the store could not do them; "": they are done."""
        try:
            for chore in self._jobs.each_tick:
                chore()
        except StoreError as error:
            warn("store_busy", reason=error.message)
            return error.message
        return ""

    def _wake_delivery(self) -> None:
        for worker in self._workers:
            worker.wake()

    def _thread(self, name: str, work: Callable[[], None]) -> threading.Thread:
        """A daemon thread whose death ends the process: a monitor without one of its threads would be deaf or mute."""

        def guarded() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - told by the main thread, which ends the process
                self._fail(error)

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        thread.start()
        return thread

    def _fail(self, error: BaseException) -> None:
        fail("thread_failed", error)
        self._failure = error
        self._signal_queue.put(THREAD_FAILED)

    def _shut_down(
        self,
        number: int,
        schedule: Scheduler,
        timings: Timings,
        threads: Sequence[threading.Thread],
        control: Sequence[threading.Thread],
    ) -> None:
        """Orders are taken to the last: between the socket's end and the lock's nobody could give one."""
        say("stopping", signal=signal.Signals(number).name if number else "")
        notify(*(reloading() if number == signal.SIGHUP else (STOPPING,)))
        schedule.stop()
        _join(threads, timings.grace)
        self._ingest_worker.stop_watching()
        self._control.stop()
        _join(control, timings.pause)
        unfinished = (thread.name for thread in (*threads, *control) if thread.is_alive())
        say("stopped", unfinished=", ".join(unfinished))


def notify_watchdog(snapshot: HealthSnapshot, interval: float | None) -> None:
    """Only while watcher, scheduler and store answer. interval: seconds, as `watchdog_interval`."""
    if interval and not stalled_part(snapshot, within=interval / 2):
        notify(WATCHDOG)


def _join(threads: Sequence[threading.Thread], timeout: float) -> None:
    until = time.monotonic() + timeout
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
