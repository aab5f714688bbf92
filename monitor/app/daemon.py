"""Sources, watchlists and channels → a process that takes in what is dropped and delivers what is due.

Threads: watchdog's own queue signs; one ingest thread keeps the folders watched and takes files in; one thread per
channel delivers; one does what commands order; APScheduler's thread wakes the others. The main thread waits for a
signal.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from monitor.app.control import Control
from monitor.app.logs import fail, say, warn
from monitor.app.office import Office
from monitor.app.pickup import Pickup
from monitor.app.schedule import Schedule
from monitor.app.upkeep import Upkeep
from monitor.errors import StoreError

TICK = 15.0  # seconds: bounds the lag of deliveries after a suspend or a clock jump
CHECK = 1.0  # seconds between two looks at the watched folders
GRACE = 2.0  # seconds a stopping thread gets; a hung send is left to end with the process
PAUSE = 1.0  # seconds that an order gets which came last


class Daemon:
    """One process on one state folder; `run` returns when it is told to stop."""

    def __init__(
        self,
        pickup: Pickup,
        office: Office,
        *,
        control: Control,
        upkeep: Upkeep,
    ) -> None:
        self._pickup = pickup
        self._office = office
        self._control = control
        self._upkeep = upkeep
        self._couriers = office.couriers(on_told=self._wake_couriers)
        self._stop = threading.Event()
        self._waiter, self._waker = os.pipe()  # what ends the daemon: a signal's number, or 0 for a failed thread
        os.set_blocking(self._waker, False)
        self._failure: BaseException | None = None

    def run(self) -> int:
        """Take in what waits, watch, deliver; returns the exit code. Raises what ended a thread."""
        self._listen()
        self._office.open()
        is_controlled = self._control.open()
        mode = self._pickup.begin()
        schedule = self._schedule()
        threads = [self._thread("ingest", partial(self._pickup.run, self._stop, on_taken=self._wake_couriers))]
        threads += [self._thread("upkeep", partial(self._upkeep.run, self._stop))]
        threads += [self._thread(f"deliver-{c.channel.name}", partial(c.run, self._stop)) for c in self._couriers]
        control = [self._thread("control", partial(self._control.serve, self._wake_couriers))] if is_controlled else []
        watching = ", ".join(self._pickup.folders)
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
        self._pickup.wake()
        self._wake_couriers()
        return number

    def _schedule(self) -> Schedule:
        schedule = Schedule()
        schedule.every(CHECK, self._pickup.ask_for_check, name="check")
        schedule.every(TICK, self._tick, name="tick")
        schedule.start()
        return schedule

    def _tick(self) -> None:
        self._keep_office()
        self._wake_couriers()

    def _keep_office(self) -> None:
        try:
            self._office.form_unclaimed()
            self._office.expire()
        except StoreError as error:
            warn("store_busy", reason=error.message)

    def _wake_couriers(self) -> None:
        for courier in self._couriers:
            courier.wake()

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
        _join(threads, GRACE)
        self._pickup.end()
        self._control.stop()
        _join(control, PAUSE)
        unfinished = (thread.name for thread in (*threads, *control) if thread.is_alive())
        say("stopped", unfinished=", ".join(unfinished))


def _join(threads: Sequence[threading.Thread], grace: float) -> None:
    until = time.monotonic() + grace
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
