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
from typing import TYPE_CHECKING, Any

from monitor.collect.watching.scan_schedule import POLL
from monitor.daemon.dispatcher import Dispatcher
from monitor.daemon.ingest_worker import IngestWorker
from monitor.daemon.reload import ConfigReloader
from monitor.daemon.scheduler import Scheduler
from monitor.daemon.signals import THREAD_FAILED, SignalQueue
from monitor.errors import StoreDamaged, StoreError, StoreUnavailable
from monitor.health.liveness import HealthSnapshot, Liveness, stalled_part
from monitor.logs import fail, say, warn_store
from monitor.systemd.sd_notify import READY, STOPPING, WATCHDOG, notify, reloading, watchdog_interval

if TYPE_CHECKING:
    from monitor.daemon.fetch_worker import FetchWorker
    from monitor.web.daemon_app import ControlServer

# Seconds after which a busy thread yields. With Python's default of 5 ms, the thread that reads file events waits so
# long during an ingest that the kernel's event queue fills up.
SWITCH_INTERVAL = 0.0002


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Intervals and time limits of a daemon, all in seconds."""

    tick: float = 15.0  # between two; bounds the lag of deliveries after a suspend or a clock jump
    check: float = 1.0  # between two checks of the watched folders and of the configuration
    poll: float = POLL  # between two scans of a folder without file events
    grace: float = 2.0  # for the threads to stop; a hung send is left to end with the process
    pause: float = 1.0  # for a command that came last


DEFAULT_TIMINGS = Timings()


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodicJobs:
    """The work of a daemon besides ingest and delivery."""

    each_tick: Sequence[Callable[[], object]]  # use the store; after a StoreError the next tick tries again
    threads: Mapping[str, Callable[[threading.Event], None]]  # by thread name; each runs until the event is set
    fetch_workers: Sequence[FetchWorker] = ()


@dataclass(eq=False, kw_only=True)
class Daemon:
    """The threads of one process on one configuration; `run` returns after a signal."""

    ingest_worker: IngestWorker
    dispatcher: Dispatcher
    control: ControlServer
    signal_queue: SignalQueue
    reloader: ConfigReloader[Any]
    liveness: Liveness
    jobs: PeriodicJobs

    def __post_init__(self) -> None:
        self._workers = self.dispatcher.delivery_workers(
            on_alert=self._wake_delivery, on_refusal=partial(reload_files, self.reloader, self.signal_queue)
        )
        self._stop = threading.Event()
        self._has_begun = False  # delivery takes up what earlier processes left
        self._failure: BaseException | None = None

    def run(self, timings: Timings = DEFAULT_TIMINGS) -> int | None:
        """Ingest, watch and deliver until a signal. Raises the error that ended a thread.

        Returns the exit code; None: it ended for a changed configuration.
        """
        sys.setswitchinterval(SWITCH_INTERVAL)
        self.signal_queue.install_handlers()
        self._begin_or_postpone()
        is_controlled = self.control.open()
        mode = self.ingest_worker.start_watching()
        scheduler = self._start_scheduler(timings)
        ingest = partial(self.ingest_worker.run, on_ingested=self._wake_delivery)
        work: dict[str, Callable[[threading.Event], None]] = {"ingest": ingest, **self.jobs.threads}
        work |= {f"deliver-{worker.channel.name}": worker.run for worker in self._workers}
        threads = [self._thread(name, partial(run, self._stop)) for name, run in work.items()]
        control = [self._thread("control", partial(self.control.serve, self._wake_delivery))] if is_controlled else []
        watching = ", ".join(self.ingest_worker.folders)
        say("started", mode=mode, watching=watching, channels=len(self._workers))
        notify(READY, f"STATUS=watching {watching}")
        number = self._wait()
        self._shut_down(number, scheduler, timings, threads, control)
        if self._failure:
            raise self._failure
        return None if number == signal.SIGHUP else 130 if number == signal.SIGINT else 0

    def _begin_or_postpone(self) -> None:
        """Prepare delivery; where the store cannot be written now, the ticks do it."""
        try:
            self._begin()
        except (StoreUnavailable, StoreDamaged) as error:
            warn_store(error)
            self.liveness.end_store_check(error.message)

    def _begin(self) -> None:
        if not self._has_begun:
            self.dispatcher.start()
            self._has_begun = True

    def _wait(self) -> int:
        """Wait for a signal, a failed thread or a usable configuration. Return the number that came."""
        while True:
            number = self.signal_queue.wait()
            if number != signal.SIGHUP:
                break
            self.dispatcher.counters.is_config_valid = self.reloader.reload()
            if self.dispatcher.counters.is_config_valid:
                break
            self._wake_delivery()  # for the alert to the operator
        self._stop.set()
        self.ingest_worker.wake()
        self._wake_delivery()
        return number

    def _start_scheduler(self, timings: Timings) -> Scheduler:
        scheduler = Scheduler()
        scheduler.every(timings.check, self._check, name="check")
        scheduler.every(timings.tick, self._tick, name="tick")
        for worker in self.jobs.fetch_workers:
            worker.start_if_due()
            scheduler.every(worker.interval, worker.start_if_due, name=f"fetch-{worker.fetcher.source}")
        scheduler.start()
        return scheduler

    def _check(self) -> None:
        self.ingest_worker.request_check()
        if self.reloader.has_changed():
            self.signal_queue.put(signal.SIGHUP)
        self.liveness.report_scheduler()
        notify_watchdog(self.liveness.snapshot(), watchdog_interval())

    def _tick(self) -> None:
        self.liveness.begin_store_check()
        fault = ""
        # Verdicts first: before a job takes a message back whose verdict only waits for the store.
        verdicts = [worker.record_ended for worker in self._workers]
        for job in (*verdicts, self._begin, *self.jobs.each_tick):
            try:
                job()
            except StoreError as error:
                warn_store(error)
                fault = error.message
                if not isinstance(error, StoreDamaged):  # each of the others would wait for the same lock or disk
                    break
        self.liveness.end_store_check(fault)
        self._wake_delivery()

    def fail(self, error: BaseException) -> None:
        """End, for a thread that the process needs has ended in this error; from any thread."""
        self._failure = error
        self.signal_queue.put(THREAD_FAILED)

    def _wake_delivery(self) -> None:
        for worker in self._workers:
            worker.wake()
        self.dispatcher.ownership.announce()

    def _thread(self, name: str, work: Callable[[], None]) -> threading.Thread:
        """Start a daemon thread whose failure ends the process, because a monitor needs all of its threads."""

        def guarded() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - the main thread raises it and ends the process
                fail("thread_failed", error)
                self.fail(error)

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
        self.ingest_worker.stop_watching()
        self.control.stop()
        _join(control, timings.pause)
        self.dispatcher.operator.retry_postponed()
        unfinished = (thread.name for thread in (*threads, *control) if thread.is_alive())
        say("stopped", unfinished=", ".join(unfinished))


def reload_files(reloader: ConfigReloader[Any], signal_queue: SignalQueue) -> None:
    """Reload a configuration with values from files, such as passwords; a replaced file may look as it did before."""
    if reloader.reads_files:
        signal_queue.put(signal.SIGHUP)


def notify_watchdog(snapshot: HealthSnapshot, interval: float | None) -> None:
    """Notify systemd's watchdog while all parts answer. interval: seconds, as `watchdog_interval`."""
    if interval and not stalled_part(snapshot, within=interval / 2):
        notify(WATCHDOG)


def _join(threads: Sequence[threading.Thread], timeout: float) -> None:
    until = time.monotonic() + timeout
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
