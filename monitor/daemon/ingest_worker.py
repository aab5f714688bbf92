"""Signs of dropped files → take-ins, one after the other on one thread, which also keeps the folders watched.

    sign (an event, a scan) → settled? → a lane by size → read, stored, acknowledged

Everything here but `hear`, `ask_for_check` and `wake` belongs to that thread.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from monitor.collect.watching.file_queue import FileQueue
from monitor.collect.watching.scan_schedule import POLL
from monitor.collect.watching.settle import FileProbe, SettleQueue, has_writer
from monitor.collect.watching.supervisor import Scan, Supervisor, WatchStatus
from monitor.daemon.ingester import Ingester, IngestOutcome
from monitor.daemon.operator_alerts import OperatorAlerts
from monitor.errors import Interrupted, MonitorError, StoreError
from monitor.health import daemon_state
from monitor.health.liveness import Liveness
from monitor.health.publisher import NAMES_SHOWN, StatePublisher, log_standing, watch_of
from monitor.logs import say, warn
from monitor.model import Kind, Mode
from monitor.ports import Clock, Store

MANY, GROUP, GROUP_SECONDS = 50, 500, 0.25  # small files waiting → how many at most, and for how long, share a commit
LOOKS = 500  # at waiting files before the next take-in
REST = 15.0  # seconds: the longest wait for a sign


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchTimings:
    """How patient the daemon is; seconds."""

    settle: float = 2.0
    rescan: float = 60.0
    poll: float = POLL
    partial_grace: float = 600.0
    mode: str = "auto"  # auto | events | poll


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sign:
    """What the thread is told; path None: look after the folders, b"": only wake up."""

    path: bytes | None = None
    is_closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """What is known of a settled file, for the case that it must wait again."""

    pauses: int
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Carried:
    """A take-in that is not acknowledged yet."""

    taken: IngestOutcome
    seconds: float


class IngestWorker:
    """Takes in what is dropped into the sources' folders; `run` returns when it is told to stop."""

    def __init__(
        self,
        ingester: Ingester,
        operator: OperatorAlerts,
        *,
        store: Store,
        clock: Clock,
        timings: WatchTimings,
        liveness: Liveness,
        publisher: StatePublisher,
    ) -> None:
        self._ingester = ingester
        self._operator = operator
        self._store = store
        self._clock = clock
        self._timings = timings
        self._liveness = liveness
        self._publisher = publisher
        self._on_taken: Callable[[], None] = lambda: None
        self._signs: queue.SimpleQueue[_Sign] = queue.SimpleQueue()
        self._settle_queue = SettleQueue(timings.settle)
        self._file_queue = FileQueue()
        self._ready: dict[bytes, _Ready] = {}
        self._supervisor = Supervisor(
            [source.folder for source in ingester.sources],
            self.on_file_event,
            mode=timings.mode,
            rescan=timings.rescan,
            poll=timings.poll,
        )
        self._scans: list[Scan] = []
        self._told: dict[bytes, WatchStatus] = {}  # what was logged last of each folder
        self._ignored: dict[str, tuple[str, ...]] = {}
        self._next_overdue = 0.0
        self._stop = threading.Event()
        self._busy_with = b""  # the path of a large dump while it is taken in

    @property
    def folders(self) -> list[str]:
        """What is watched, as people wrote it."""
        return [source.folder.shown for source in self._ingester.sources]

    def on_file_event(self, path: bytes, *, is_closed: bool) -> None:
        """An event told of a path; from any thread."""
        self._signs.put(_Sign(path=path, is_closed=is_closed))

    def ask_for_check(self) -> None:
        """Have the folders looked after soon; from any thread."""
        self._signs.put(_Sign())

    def wake(self) -> None:
        """End the wait for a sign; from any thread."""
        self._signs.put(_Sign(path=b""))

    def begin(self) -> str:
        """Watch what can be watched, before anything is scanned; how the folders are watched: events, poll or mixed.

        Raises MonitorError when watch.mode asks for events and the system gives none.
        """
        self._check()
        states = {watch_status.state for watch_status in self._told.values()}
        if "polling" in states and self._timings.mode == "events":
            reason = next(each.reason for each in self._told.values() if each.state == "polling")
            self.end()
            raise MonitorError(f"{reason}; set watch.mode to auto")
        if "polling" not in states:
            return "poll" if self._timings.mode == "poll" else "events"
        return "mixed" if "watching" in states else "poll"

    def run(self, stop: threading.Event, *, on_taken: Callable[[], None] = lambda: None) -> None:
        """Take in until told to stop; a part that has begun is finished. on_taken: something may be due to be sent."""
        self._stop, self._on_taken = stop, on_taken
        while not stop.is_set():
            self._note(self._next_signs())
            self._scan_all()
            self._look_at_due()
            self._take_some()

    def end(self) -> None:
        """Watch no longer."""
        self._supervisor.watcher.stop()

    def _next_signs(self) -> list[_Sign]:
        """Wait for a sign or for the next look that is due, unless work waits; then empty the queue."""
        signs = list[_Sign]()
        if not self._file_queue and not self._scans:
            due = self._settle_queue.next_due()
            rest = REST if due is None else min(max(due - time.monotonic(), 0.0), REST)
            try:
                signs.append(self._signs.get(timeout=rest))
            except queue.Empty:
                return []
        while not self._signs.empty():
            signs.append(self._signs.get())
        return signs

    def _note(self, signs: Sequence[_Sign]) -> None:
        now, is_asked = time.monotonic(), False
        for sign in dict.fromkeys(signs):
            if sign.path is None:
                is_asked = True
            elif sign.path:
                self._supervisor.note_event(sign.path)
                note = self._settle_queue.add_closed if sign.is_closed else self._settle_queue.add_found
                note(sign.path, now)
        if is_asked:
            self._check()

    def _check(self) -> None:
        """Look after the folders, the tails that nobody completed, and our own signs of life."""
        now = time.monotonic()
        self._scans = self._supervisor.check(now, self._clock.now())
        self._log_standings(now)
        if now >= self._next_overdue:
            self._next_overdue = now + self._timings.rescan
            self._reject_overdue()
        self._publisher.publish(self._vitals(now))

    def _log_standings(self, now: float) -> None:
        watch_statuses = self._supervisor.statuses(now)
        for source in self._ingester.sources:
            watch_status, before = watch_statuses[source.folder.path], self._told.get(source.folder.path)
            if before is None or (before.state, before.since) != (watch_status.state, watch_status.since):
                log_standing(source.name, source.folder.shown, watch_status, is_first=before is None)
        self._told = dict(watch_statuses)

    def _scan_all(self) -> None:
        scans, self._scans = self._scans, []
        for scan in scans:
            began = time.monotonic()
            try:
                self._scan(scan, began)
            except StoreError as error:
                warn("store_busy", reason=error.message)
                self._supervisor.schedule.request(scan.path)
            except OSError:
                self._supervisor.schedule.request(scan.path)  # gone this moment: the next check says so
            else:
                self._supervisor.schedule.note_scan(scan.path, began=began, ended=time.monotonic())

    def _scan(self, scan: Scan, now: float) -> None:
        for source in self._ingester.sources:
            if source.folder.path != scan.path:
                continue
            found = self._ingester.find(source)
            first = [
                p for p in found.waiting if p in found.unheard and p not in self._settle_queue and p not in self._ready
            ]
            self._supervisor.note_found(scan, first, now)
            for path in found.waiting:
                self._settle_queue.add_found(path, now)
            if len(found.ignored) > len(self._ignored.get(source.name, ())):
                say("files_ignored", source=source.name, count=len(found.ignored), names=_few(found.ignored))
            self._ignored[source.name] = found.ignored

    def _look_at_due(self) -> None:
        now = time.monotonic()
        for path in islice(self._settle_queue.due(now), LOOKS):
            try:
                self._look_at(path, now)
            except StoreError as error:
                warn("store_busy", reason=error.message)
                self._settle_queue.postpone(path, now, postponements=0, since=self._settle_queue.since(path, now))

    def _look_at(self, path: bytes, now: float) -> None:
        source = self._ingester.source_of(path)
        sign = source.folder.signature_at(path) if source else None
        if source is None or sign is None or self._ingester.is_filed(path, source, sign):
            self._settle_queue.drop(path)
            if source and sign is None and path not in self._ready:
                say("file_vanished", source=source.name, name=source.folder.name_of(path))
            return
        ready = _Ready(pauses=self._settle_queue.postponements(path), since=self._settle_queue.since(path, now))
        writer = None if self._settle_queue.is_closed(path) else has_writer(path)
        if self._settle_queue.is_settled(path, FileProbe(signature=sign, has_writer=writer), now):
            self._ready[path] = ready
            self._file_queue.add(path, sign.size)

    def _take_some(self) -> None:
        """A small file or a group of them; a big one only while no small one waits."""
        if self._file_queue.small_count >= MANY:
            self._take_group()
        elif self._file_queue.small_count:
            self._finish([self._carry(path) for path in self._file_queue.take_small(1)])
        else:
            for path in self._file_queue.take_big():
                self._busy_with = path
                self._publisher.publish(self._vitals(time.monotonic()))
                self._finish([self._carry(path, between=self._let_small_ones_pass)])
                self._busy_with = b""

    def _let_small_ones_pass(self) -> None:
        """What a long take-in calls now and then; the folders stay watched. Raises Interrupted when all is to stop."""
        if self._stop.is_set():
            raise Interrupted("the monitor stops; this dump is taken in again at its next start")
        self._on_taken()
        while not self._signs.empty():
            self._note([self._signs.get()])
        self._scan_all()
        self._look_at_due()
        if self._file_queue.small_count:
            self._take_group()

    def _take_group(self) -> None:
        """Small files that share one transaction; nothing is said of any before all are durable."""
        until = time.monotonic() + GROUP_SECONDS
        group = list[_Carried]()
        try:
            with self._store.shared_transaction():
                while self._file_queue.small_count and len(group) < GROUP and time.monotonic() < until:
                    group += [self._carry(path) for path in self._file_queue.take_small(1)]
        except StoreError as error:
            warn("store_busy", reason=error.message)
            group = [replace(e, taken=replace(e.taken, report=None, is_later=True, fault=error.message)) for e in group]
        self._finish(group)

    def _carry(self, path: bytes, *, between: Callable[[], None] = lambda: None) -> _Carried:
        source = self._ingester.source_of(path)
        assert source is not None  # noqa: S101 - it was looked at
        began = time.monotonic()
        taken = self._ingester.ingest_file(path, source, mode=Mode.WATCH, between=between)
        return _Carried(taken=taken, seconds=time.monotonic() - began)

    def _finish(self, group: Sequence[_Carried]) -> None:
        now = time.monotonic()
        for each in group:  # first, so that who reads that a dump is stored does not find the monitor paused
            if each.taken.report or each.taken.fault:
                self._liveness.stumble(each.taken.fault)
        self._ingester.log_outcomes([each.taken for each in group])
        for each in group:
            path = each.taken.path
            if each.taken.is_later:
                self._postpone(path, now)
            else:
                self._ready.pop(path, None)
                self._settle_queue.start_rest(path, now, seconds=each.seconds)
            try:
                self._ingester.finish(each.taken)
            except StoreError as error:  # the file is stored; what could not be was a word to the operator
                warn("store_busy", reason=error.message)
        if not self._file_queue or any(each.taken.is_news for each in group):
            self._on_taken()

    def _postpone(self, path: bytes, now: float) -> None:
        ready = self._ready.pop(path, _Ready(pauses=0, since=now))  # a big one may have come twice in its own take-in
        self._settle_queue.postpone(path, now, postponements=ready.pauses, since=ready.since)

    def _reject_overdue(self) -> None:
        now = self._clock.now()
        try:
            count = self._store.reject_overdue(
                held_before=now - timedelta(seconds=self._timings.partial_grace), now=now
            )
        except StoreError as error:
            warn("store_busy", reason=error.message)
        else:
            if count:
                warn("tails_rejected", count=count)
                self._operator.overdue(count)
                self._ingester.counters.happened(Kind.REJECTED, count)

    def _vitals(self, now: float) -> daemon_state.DaemonState:
        at = self._clock.now()
        source = self._ingester.source_of(self._busy_with) if self._busy_with else None
        return daemon_state.DaemonState(
            pid=os.getpid(),
            at=f"{at:%Y-%m-%dT%H:%M:%S.%fZ}",
            paused=self._liveness.fault,
            busy_with=source.folder.name_of(self._busy_with) if source else "",
            overflows=self._supervisor.overflows,
            handler_errors=self._supervisor.watcher.errors,
            waiting=len(self._file_queue),
            sources=self._watches(now, at),
        )

    def _watches(self, now: float, at: datetime) -> dict[str, daemon_state.SourceState]:
        late: dict[str, list[float]] = {}
        for path, since in self._settle_queue.unsettled():
            source = self._ingester.source_of(path)
            if source:
                late.setdefault(source.name, []).append(since)
        return {
            source.name: watch_of(
                self._told[source.folder.path],
                ignored=self._ignored.get(source.name, ()),
                unsettled=len(waits := late.get(source.name, ())),
                oldest=at - timedelta(seconds=now - waits[0]) if waits else None,
                missed=self._supervisor.missed.get(source.folder.path, 0),
            )
            for source in self._ingester.sources
        }


def _few(names: Sequence[str]) -> str:
    more = ", …" if len(names) > NAMES_SHOWN else ""
    return ", ".join(names[:NAMES_SHOWN]) + more
