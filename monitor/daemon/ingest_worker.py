"""Ingest dropped files, one after the other on one thread, which also keeps the folders watched.

    an event or a scan finds a path → it settles → it is queued by size → it is ingested

Everything here but `on_file_event`, `request_check` and `wake` belongs to that thread.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from monitor.collect.source import Source
from monitor.collect.watching.file_queue import FileQueue
from monitor.collect.watching.settle import MAX_RETRY_FAILED, FileProbe, SettleQueue, has_writer
from monitor.collect.watching.supervisor import Scan, Supervisor, WatchStatus
from monitor.daemon.garbage import seldom_collected
from monitor.daemon.ingester import FileState, Ingester, IngestOutcome, first_names, log_ignored
from monitor.daemon.pacing import WatchTimings
from monitor.errors import Interrupted, MonitorError, StoreDown, StoreError
from monitor.health.daemon_state import NAMES_SHOWN, DaemonState, SourceState, UnreadPaths
from monitor.health.liveness import Liveness
from monitor.health.publisher import StatePublisher, log_watch_status, rfc3339
from monitor.ingest_values import Mode
from monitor.logs import say, warn, warn_store
from monitor.model import FileSignature, Kind

GROUP_FROM = 50  # small files waiting: from then on many share one commit
MAX_PROBES = 500  # of waiting files before the next ingest
MAX_WAIT = 15.0  # seconds: the longest wait for an event
MAX_STORE_WAIT = 0.5  # seconds between two looks whether the store is back: another thread may have found it so


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """What wakes the thread: a path to ingest; None: check the folders; b"": nothing else."""

    path: bytes | None = None
    is_closed: bool = False


@dataclass(eq=False, kw_only=True)
class IngestWorker:
    """Ingests what is dropped into the folders of the sources; `run` returns when it is asked to stop."""

    ingester: Ingester
    timings: WatchTimings
    liveness: Liveness
    publisher: StatePublisher

    def __post_init__(self) -> None:
        self._operator, self._store = self.ingester.operator, self.ingester.store
        self._on_ingested: Callable[[], None] = lambda: None
        self._events: queue.SimpleQueue[_Event] = queue.SimpleQueue()
        self._settle_queue = SettleQueue(self.timings.settle)
        self._file_queue = FileQueue()
        self._queued: dict[bytes, tuple[int, float]] = {}  # path → postponements and since, if it must settle again
        self._supervisor = Supervisor(
            [source.folder for source in self.ingester.sources],
            self.on_file_event,
            mode=self.timings.mode,
            rescan=self.timings.rescan,
            poll=self.timings.poll,
        )
        self._scans: list[Scan] = []
        self._statuses: dict[bytes, WatchStatus] = {}  # as last logged, by folder
        self._unread: dict[str, UnreadPaths] = {}  # by source
        self._failed: dict[bytes, None] = {}  # files whose ingest an error in this program has failed
        self._late: set[bytes] = set()  # unsettled files of which the operators were alerted
        self._next_overdue = 0.0
        self._stop = threading.Event()
        self._busy_with = b""  # the path of a large dump while it is ingested

    @property
    def folders(self) -> list[str]:
        """The watched folders, as the configuration writes them."""
        return [source.folder.shown for source in self.ingester.sources]

    def on_file_event(self, path: bytes, *, is_closed: bool) -> None:
        """Queue a path that an event has reported; from any thread."""
        self._events.put(_Event(path=path, is_closed=is_closed))

    def request_check(self) -> None:
        """Ask for a check of the folders; from any thread."""
        self._events.put(_Event())

    def wake(self) -> None:
        """End the wait for an event; from any thread."""
        self._events.put(_Event(path=b""))

    def start_watching(self) -> str:
        """Start to watch the folders, before any scan. Return how they are watched: events, poll or mixed.

        Raises MonitorError when watch.mode requires events and the system has none.
        """
        self._check()
        states = {watch_status.state for watch_status in self._statuses.values()}
        if "polling" in states and self.timings.mode == "events":
            reason = next(each.reason for each in self._statuses.values() if each.state == "polling")
            self.stop_watching()
            raise MonitorError(f"{reason}; set watch.mode to auto")
        if "polling" not in states:
            return "poll" if self.timings.mode == "poll" else "events"
        return "mixed" if "watching" in states else "poll"

    def run(self, stop: threading.Event, *, on_ingested: Callable[[], None] = lambda: None) -> None:
        """Ingest until `stop`; a part that has begun is finished. on_ingested: messages may be due."""
        self._stop, self._on_ingested = stop, on_ingested
        while not stop.is_set():
            self._handle_events(self._next_events())
            if not self._store.retry_after():
                self._scan_all()
                self._probe_due()
                self._ingest_next()

    def stop_watching(self) -> None:
        """Stop watching the folders."""
        self._supervisor.watcher.stop()

    def _next_events(self) -> list[_Event]:
        """Wait for an event or for the next probe that is due, unless work waits; then empty the queue."""
        events = list[_Event]()
        if wait := self._wait():
            with suppress(queue.Empty):
                events.append(self._events.get(timeout=wait))
        while not self._events.empty():
            events.append(self._events.get())
        return events

    def _wait(self) -> float:
        """Return the seconds until there is something to do; while the store is down all work waits for it."""
        if down := self._store.retry_after():
            return min(down, MAX_STORE_WAIT)
        if self._file_queue or self._scans:
            return 0.0
        due = self._settle_queue.next_due()
        return MAX_WAIT if due is None else min(max(due - time.monotonic(), 0.0), MAX_WAIT)

    def _handle_events(self, events: Sequence[_Event]) -> None:
        now = time.monotonic()
        for event in dict.fromkeys(events):
            if event.path:
                self._supervisor.note_event(event.path)
                note = self._settle_queue.add_closed if event.is_closed else self._settle_queue.add_found
                note(event.path, now)
        if any(event.path is None for event in events):
            self._check()

    def _check(self) -> None:
        """Check the folders, reject unfinished dumps that are overdue, and publish the state."""
        now = time.monotonic()
        self._scans = self._supervisor.check(now, self._operator.clock.now())
        self._log_watch_statuses(now)
        if now >= self._next_overdue:
            self._next_overdue = now + self.timings.rescan
            self._reject_overdue()
            self._report_late(now)
        self.publisher.publish(self._daemon_state(now))

    def _log_watch_statuses(self, now: float) -> None:
        watch_statuses = self._supervisor.statuses(now)
        for source in self.ingester.sources:
            watch_status, before = watch_statuses[source.folder.path], self._statuses.get(source.folder.path)
            if before is None or (before.state, before.since) != (watch_status.state, watch_status.since):
                log_watch_status(source.name, source.folder.shown, watch_status, is_first=before is None)
        self._statuses = dict(watch_statuses)

    def _scan_all(self) -> None:
        scans, self._scans = self._scans, []
        for scan in scans:
            began = time.monotonic()
            try:
                self._scan(scan, began)
            except StoreError as error:
                warn_store(error)
                self._supervisor.schedule.request(scan.path)
            except OSError:
                self._supervisor.schedule.request(scan.path)  # the folder has just vanished: the next check logs it
            else:
                self._supervisor.schedule.note_scan(scan.path, began=began, ended=time.monotonic())

    def _scan(self, scan: Scan, now: float) -> None:
        for source in self.ingester.sources:
            if source.folder.path != scan.path:
                continue
            result = self.ingester.scan(source)
            waiting = (self._settle_queue, self._queued)
            missed = [path for path in result.pending if path in result.unknown and not any(path in w for w in waiting)]
            self._supervisor.note_found(scan, missed, now)
            for path in result.pending:
                self._settle_queue.add_found(path, now)
            for path in result.unproven:
                self._settle_queue.add_second_look(path, now)
            self._note_unread(source.name, result.unread)

    def _note_unread(self, source: str, unread: UnreadPaths) -> None:
        """Log what a scan has left out, where it is more than before."""
        before = self._unread.get(source, UnreadPaths())
        self._unread[source] = unread
        if unread.ignored > before.ignored:
            log_ignored(source, unread)
        if unread.unreadable > before.unreadable:
            names = first_names(unread.unreadable, unread.unreadable_names)
            warn("paths_unreadable", source=source, count=unread.unreadable, names=names)
            self._operator.paths_unreadable(source, unread.unreadable_names)

    def _probe_due(self) -> None:
        now = time.monotonic()
        for path in islice(self._settle_queue.due(now), MAX_PROBES):
            try:
                self._probe(path, now)
            except StoreDown:
                return  # all others wait for the same; they stay due
            except StoreError as error:
                warn_store(error)
                self._settle_queue.postpone(path, now, postponements=0, since=self._settle_queue.since(path, now))

    def _probe(self, path: bytes, now: float) -> None:
        source = self.ingester.source_of(path)
        signature = source.folder.signature_at(path) if source else None
        state = self.ingester.file_state(path, source, signature) if source and signature else FileState.KNOWN
        if source is None or signature is None or state is FileState.KNOWN:
            self._settle_queue.drop(path)
            self._failed.pop(path, None)
            if source and signature is None and path not in self._queued:
                say("file_vanished", source=source.name, name=source.folder.name_of(path))
        elif state is FileState.UNPROVEN and not self._settle_queue.is_second_look(path):
            self._settle_queue.drop(path)
            self._settle_queue.add_second_look(path, now)
        elif self._is_settled(path, source, signature, now):
            self._file_queue.add(path, 0 if signature.size > source.max_file else signature.size)

    def _is_settled(self, path: bytes, source: Source, signature: FileSignature, now: float) -> bool:
        """Return whether to read a file now; one that is too large to be read need not be complete."""
        state = self._settle_queue.postponements(path), self._settle_queue.since(path, now)
        if signature.size > source.max_file:
            self._settle_queue.drop(path)
        else:
            writer = None if self._settle_queue.is_closed(path) else has_writer(path, root=source.folder.path)
            if not self._settle_queue.is_settled(path, FileProbe(signature=signature, has_writer=writer), now):
                return False
        self._queued[path] = state
        return True

    @seldom_collected()
    def _ingest_next(self) -> None:
        """Ingest one small file or a group of them; a large one only while no small one waits."""
        if self._file_queue.small_count >= GROUP_FROM:
            self._ingest_group()
        elif self._file_queue.small_count:
            self._finish([self._ingest(path) for path in self._file_queue.take_small(1)])
        else:
            for path in self._file_queue.take_big():
                self._busy_with = path
                self.publisher.publish(self._daemon_state(time.monotonic()))
                self._finish([self._ingest(path, between=self._ingest_small_files)])
                self._busy_with = b""

    def _ingest_small_files(self) -> None:
        """Ingest small files between two parts of a large one; the folders stay watched. Raises Interrupted."""
        if self._stop.is_set():
            raise Interrupted("the monitor stops; it ingests this dump again at its next start")
        self._on_ingested()
        while not self._events.empty():
            self._handle_events([self._events.get()])
        self._scan_all()
        self._probe_due()
        if self._file_queue.small_count:
            self._ingest_group()

    def _ingest_group(self) -> None:
        """Ingest small files in one transaction; none is logged before all are durable."""
        self._finish(self.ingester.ingest_group(self._small_files(), mode=Mode.WATCH))

    def _small_files(self) -> Iterator[tuple[bytes, Source]]:
        """Yield small files; where the store is shared those of one source, whose turn the group is."""
        waiting = self._file_queue.small_files()
        for path in waiting:
            source = self._source_of(path)
            if not self._store.is_shared or source is self._source_of(waiting[0]):
                self._file_queue.drop_small(path)
                yield path, source

    def _ingest(self, path: bytes, *, between: Callable[[], None] = lambda: None) -> IngestOutcome:
        began = time.monotonic()
        outcome = self.ingester.ingest_file(path, self._source_of(path), mode=Mode.WATCH, between=between)
        return replace(outcome, seconds=time.monotonic() - began)

    def _source_of(self, path: bytes) -> Source:
        source = self.ingester.source_of(path)
        assert source is not None  # noqa: S101 - `_probe` has found it
        return source

    def _finish(self, group: Sequence[IngestOutcome]) -> None:
        now = time.monotonic()
        for outcome in group:  # first, so that whoever reads that a dump is stored does not find the monitor paused
            if outcome.report or outcome.fault:
                self.liveness.set_ingest_fault(outcome.fault)
        self.ingester.log_outcomes(group)
        for outcome in group:
            # A large file may have been queued twice, by an event during its own ingest.
            postponements, since = self._queued.pop(outcome.path, (0, now))
            if outcome.is_failed:
                self._failed[outcome.path] = None
                self._settle_queue.postpone(
                    outcome.path,
                    now,
                    postponements=postponements,
                    since=since,
                    pauses=(self.timings.retry_failed, MAX_RETRY_FAILED),
                )
            elif outcome.fault and self._store.retry_after():
                self._settle_queue.add_closed(outcome.path, now)  # it is due as soon as the store is back
            elif outcome.is_postponed:
                self._settle_queue.postpone(outcome.path, now, postponements=postponements, since=since)
            else:
                self._failed.pop(outcome.path, None)
                self._settle_queue.start_rest(outcome.path, now, seconds=outcome.seconds)
            try:
                self.ingester.finish(outcome)
            except StoreError as error:  # the file is stored; only the alert to the operator is not
                warn_store(error)
        has_new = any(each.report and each.report.status != "duplicate" for each in group)
        if has_new or not (self._file_queue or (group and all(each.is_postponed for each in group))):
            self._on_ingested()

    def _reject_overdue(self) -> None:
        now = self._operator.clock.now()
        held_before = now - timedelta(seconds=self.timings.partial_grace)
        try:
            overdue = self.ingester.reject_alerts.reject_overdue(held_before=held_before, now=now)
        except StoreError as error:
            warn_store(error)
            return
        if overdue.total:
            warn("tails_rejected", count=overdue.total, empty=overdue.empty)
            self.ingester.counters.count_events(Kind.REJECTED, overdue.total)

    def _report_late(self, now: float) -> None:
        """Alert the operators once to files that stay unsettled."""
        late = [path for path, since in self._settle_queue.unsettled() if now - since >= self.timings.late]
        for source in self.ingester.sources:
            news = [path for path in late if path not in self._late and self.ingester.source_of(path) is source]
            if news:
                names = [source.folder.name_of(path) for path in news]
                warn("files_unsettled", source=source.name, count=len(news), names=first_names(len(names), names))
                self._operator.files_unsettled(source.name, names[:NAMES_SHOWN])
        self._late = set(late)

    def _daemon_state(self, now: float) -> DaemonState:
        reading = self._operator.clock.reading()
        at = reading.at
        source = self.ingester.source_of(self._busy_with) if self._busy_with else None
        return DaemonState(
            pid=os.getpid(),
            at=f"{reading.wall:%Y-%m-%dT%H:%M:%S.%fZ}",
            paused=self.liveness.fault,
            busy_with=source.folder.name_of(self._busy_with) if source else "",
            overflows=self._supervisor.overflows,
            handler_errors=self._supervisor.watcher.errors,
            waiting=len(self._file_queue),
            clock_ahead=round(self._operator.clock.offset().total_seconds()),
            sources=self._source_states(now, at),
        )

    def _source_states(self, now: float, at: datetime) -> dict[str, SourceState]:
        unsettled: dict[str, list[tuple[bytes, float]]] = {}
        for path, since in self._settle_queue.unsettled():
            if source := self.ingester.source_of(path):
                unsettled.setdefault(source.name, []).append((path, since))
        return {
            source.name: self._source_state(source, unsettled.get(source.name, []), now, at)
            for source in self.ingester.sources
        }

    def _source_state(
        self, source: Source, unsettled: Sequence[tuple[bytes, float]], now: float, at: datetime
    ) -> SourceState:
        status, name_of = self._statuses[source.folder.path], source.folder.name_of
        failed = [path for path, _ in unsettled if path in self._failed]
        return SourceState(
            **asdict(self._unread.get(source.name, UnreadPaths())),
            state=status.state,
            since=rfc3339(status.since),
            reason=status.reason,
            unsettled=len(unsettled),
            unsettled_names=tuple(name_of(path) for path, _ in unsettled[:NAMES_SHOWN]),
            oldest_unsettled=rfc3339(at - timedelta(seconds=now - unsettled[0][1])) if unsettled else None,
            failed=len(failed),
            failed_names=tuple(map(name_of, failed[:NAMES_SHOWN])),
            missed_by_events=self._supervisor.missed.get(source.folder.path, 0),
        )
