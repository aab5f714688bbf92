"""Sources, watchlists and channels → a process that takes in what is dropped and delivers what is due.

Threads: watchdog's own queue signs; one ingest thread settles files and takes them in; one thread per channel
delivers; one does what commands order; APScheduler's thread wakes the others and arms folders that appeared. The main
thread waits for a signal.
"""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from monitor.app.control import Control
from monitor.app.intake import Intake
from monitor.app.logs import fail, say, warn
from monitor.app.office import Office
from monitor.app.schedule import Schedule
from monitor.collect.settle import Look, Settling, has_writer
from monitor.collect.watch import Watcher
from monitor.errors import MonitorError, StoreError
from monitor.model import Mode, Signature
from monitor.ports import Store

TICK = 15.0  # seconds: bounds the lag of deliveries after a suspend or a clock jump
POLL = 5.0  # seconds between scans where the system gives no events
GRACE = 2.0  # seconds a stopping thread gets; a hung send is left to end with the process
PAUSE = 1.0  # seconds that an order gets which came last


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How patient the daemon is; seconds."""

    settle: float = 2.0
    rescan: float = 60.0
    partial_grace: float = 600.0
    mode: str = "auto"  # auto | events | poll


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sign:
    """What the ingest thread is told; path None: look into every folder."""

    path: bytes | None = None
    is_closed: bool = False


class Daemon:
    """One process on one state folder; `run` returns when it is told to stop."""

    def __init__(
        self,
        intake: Intake,
        office: Office,
        *,
        store: Store,
        pace: Pace,
        control: Control,
    ) -> None:
        self._intake = intake
        self._office = office
        self._store = store
        self._clock = office.clock
        self._pace = pace
        self._control = control
        self._couriers = office.couriers(on_told=self._wake_couriers)
        self._signs: queue.SimpleQueue[_Sign] = queue.SimpleQueue()
        self._settling = Settling(pace.settle)
        self._stop = threading.Event()
        self._waiter, self._waker = os.pipe()  # what ends the daemon: a signal's number, or 0 for a failed thread
        os.set_blocking(self._waker, False)
        self._failure: BaseException | None = None
        self._watcher = Watcher([source.folder for source in intake.sources], self._queue)
        self._missing: set[str] = set()

    def run(self) -> int:
        """Take in what waits, watch, deliver; returns the exit code. Raises what ended a thread."""
        self._listen()
        self._office.open()
        is_controlled = self._control.open()
        mode = self._watch()
        schedule = self._schedule(mode)
        threads = [self._thread("ingest", self._ingest_loop)]
        threads += [self._thread(f"deliver-{c.channel.name}", partial(c.run, self._stop)) for c in self._couriers]
        control = [self._thread("control", partial(self._control.serve, self._wake_couriers))] if is_controlled else []
        watching = ", ".join(source.folder.shown for source in self._intake.sources)
        say("started", mode=mode, watching=watching, channels=len(self._couriers))
        number = self._wait()
        say("stopping", signal=signal.Signals(number).name if number else "")
        self._end(schedule, threads, control)
        if self._failure:
            raise self._failure
        return 130 if number == signal.SIGINT else 0

    def _listen(self) -> None:
        """Signals write their number into a pipe: a handler that took a lock could stop in the middle of another."""
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)

    def _wait(self) -> int:
        """Until a signal comes (its number) or a thread fails (0); what comes later changes nothing any more."""
        number = os.read(self._waiter, 1)[0]
        self._stop.set()
        self._signs.put(_Sign(path=b""))
        self._wake_couriers()
        return number

    def _watch(self) -> str:
        """Arm the folders first, scan them second: what comes in between is seen twice, not missed."""
        mode = "poll" if self._pace.mode == "poll" else "events"
        if mode == "events":
            try:
                self._watcher.start()
            except OSError as error:
                if self._pace.mode == "events":
                    raise MonitorError(f"the system gives no file events: {error}; set watch.mode to auto") from error
                warn("events_unavailable", reason=str(error), instead=f"a scan every {POLL:.0f} s")
                mode = "poll"
        self._signs.put(_Sign())
        return mode

    def _schedule(self, mode: str) -> Schedule:
        schedule = Schedule()
        schedule.every(POLL if mode == "poll" else self._pace.rescan, self._rescan, name="rescan")
        schedule.every(TICK, self._tick, name="tick")
        schedule.start()
        return schedule

    def _rescan(self) -> None:
        self._signs.put(_Sign())

    def _tick(self) -> None:
        try:
            if self._watcher.is_alive and self._watcher.arm():
                self._rescan()
        except OSError as error:  # a folder that vanished this moment, or no watch to be had: the rescan covers it
            warn("watch_failed", reason=error.strerror)
        self._keep_office()
        self._wake_couriers()

    def _keep_office(self) -> None:
        try:
            self._office.form_unclaimed()
            self._office.expire()
        except StoreError as error:
            warn("store_busy", reason=error.message)

    def _queue(self, path: bytes, *, is_closed: bool) -> None:
        self._signs.put(_Sign(path=path, is_closed=is_closed))

    def _wake_couriers(self) -> None:
        for courier in self._couriers:
            courier.wake()

    def _ingest_loop(self) -> None:
        while not self._stop.is_set():
            for sign in dict.fromkeys(self._next_signs()):  # looking everywhere once is enough
                self._note(sign)
            for path in self._settling.due(time.monotonic()):
                if self._stop.is_set():
                    return
                self._try_to_take(path)

    def _next_signs(self) -> list[_Sign]:
        """Wait for a sign or for the next look that is due, then empty the queue."""
        due = self._settling.next_due()
        rest = TICK if due is None else min(max(due - time.monotonic(), 0.0), TICK)
        try:
            signs = [self._signs.get(timeout=rest)]
        except queue.Empty:
            return []
        while not self._signs.empty():
            signs.append(self._signs.get())
        return signs

    def _note(self, sign: _Sign) -> None:
        now = time.monotonic()
        if sign.path is None:
            self._scan(now)
            self._reject_overdue()
        elif sign.is_closed:
            self._settling.closed(sign.path, now)
        else:
            self._settling.found(sign.path, now)

    def _scan(self, now: float) -> None:
        for source in self._intake.sources:
            try:
                waiting = self._intake.waiting(source)
            except StoreError as error:
                warn("store_busy", reason=error.message)
                continue
            except OSError as error:
                if source.name not in self._missing:
                    warn("folder_missing", source=source.name, path=source.folder.shown, reason=error.strerror)
                self._missing.add(source.name)
                continue
            self._missing.discard(source.name)
            for path in waiting:
                self._settling.found(path, now)

    def _try_to_take(self, path: bytes) -> None:
        try:
            self._try(path)
        except StoreError as error:
            warn("store_busy", reason=error.message)
            self._settling.postpone(path, time.monotonic(), pauses=0)

    def _try(self, path: bytes) -> None:
        source = self._intake.source_of(path)
        sign = source.folder.look(path) if source else None
        if source is None or sign is None:
            self._settling.drop(path)
            return
        pauses = self._settling.pauses(path)
        look = Look(signature=sign, has_writer=has_writer(path))
        if not self._settling.is_settled(path, look, time.monotonic()):
            return
        if self._is_known(path, source.name, sign):
            return
        taken = self._intake.take_in(path, source, mode=Mode.WATCH)
        if taken.is_later:
            self._settling.postpone(path, time.monotonic(), pauses=pauses)
        self._wake_couriers()

    def _is_known(self, path: bytes, source: str, sign: Signature) -> bool:
        """Our own ledger's row still fits: a touch of nothing, or the second sign of one write."""
        filed = self._store.filed(source, path)
        return filed is not None and filed.signature == sign

    def _reject_overdue(self) -> None:
        now = self._clock.now()
        try:
            count = self._store.reject_overdue(held_before=now - timedelta(seconds=self._pace.partial_grace), now=now)
        except StoreError as error:
            warn("store_busy", reason=error.message)
        else:
            if count:
                warn("tails_rejected", count=count)
                self._office.operator.overdue(count)

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
        os.write(self._waker, b"\0")

    def _end(
        self, schedule: Schedule, threads: Sequence[threading.Thread], control: Sequence[threading.Thread]
    ) -> None:
        """Orders are taken to the last: between the socket's end and the lock's nobody could give one."""
        schedule.stop()
        self._watcher.stop()
        _join(threads, GRACE)
        self._control.stop()
        _join(control, PAUSE)
        unfinished = (thread.name for thread in (*threads, *control) if thread.is_alive())
        say("stopped", unfinished=", ".join(unfinished))


def _join(threads: Sequence[threading.Thread], grace: float) -> None:
    until = time.monotonic() + grace
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
