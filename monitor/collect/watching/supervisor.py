"""Check every second how each folder is watched, start lost watches again, and decide which folders to scan now.

The naive way is two lines: start an observer, handle its events. It silently loses events when the kernel's queue
overflows, when the folder is deleted, renamed, mounted over or made unreadable, and when one of its threads dies. So
every folder is checked each second. In doubt the watch is started again first, and the folder scanned second.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from monitor.collect.watching.folder import Folder
from monitor.collect.watching.mounts import remote_file_system
from monitor.collect.watching.scan_schedule import POLL, ScanSchedule
from monitor.collect.watching.watcher import FolderStat, OnEvent, Watcher, stat_folder
from monitor.errors import MonitorError
from monitor.frozen import dataclass

DEGRADED_FOR = 60.0  # seconds for which a loss of events is reported, though a scan has found the files
MISSED_AFTER = 2.0  # seconds within which the event of a file must arrive that a scan has found first
EVENT_TIMEOUT = 0.9  # seconds within which the event of a changed folder must arrive; less than between two checks


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchStatus:
    """How one folder is watched."""

    state: str  # watching | polling | waiting | degraded
    since: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A folder to scan now."""

    path: bytes
    is_rescan: bool  # every file it finds should have had an event


@dataclass(frozen=True, slots=True)
class _FolderChange:
    """The last change seen of a folder's list of names."""

    mtime_ns: int
    after: float  # the time of the check before; an event of the change arrives later
    seen: float


def mount_table() -> bytes:
    """Return the text of /proc/self/mountinfo; empty where it does not exist."""
    try:
        with open("/proc/self/mountinfo", "rb") as file:
            return file.read()
    except OSError:
        return b""


def require_events(folders: Iterable[Folder]) -> None:
    """Raise MonitorError where the system gives no file events for one of these folders."""
    trial = Supervisor(folders, lambda _, *, is_closed: None, mode="events")
    try:
        trial.check(0.0, datetime.fromtimestamp(0, UTC))  # any time will do
        reasons = [each.reason for each in trial.statuses(0.0).values() if each.state == "polling"]
    finally:
        trial.watcher.stop()
    if reasons:
        raise MonitorError(f"{reasons[0]}; set watch.mode to auto")


class Supervisor:
    """Keeps every folder watched or polled; one thread calls it."""

    def __init__(
        self,
        folders: Iterable[Folder],
        on_event: OnEvent,
        *,
        mode: str = "auto",
        rescan: float = 60.0,
        poll: float = POLL,
        read_mounts: Callable[[], bytes] = mount_table,
    ) -> None:
        """mode: auto, events or poll, as watch.mode."""
        self.watcher = Watcher(folders, on_event, on_overflow=self._count_overflow)
        self.schedule = ScanSchedule(rescan=rescan, poll=poll)
        self.overflows = 0  # of the kernel's queue
        self.missed: Counter[bytes] = Counter()  # by folder: files that a rescan found and that had no event
        self._mode = mode
        self._read_mounts = read_mounts
        self._statuses: dict[bytes, WatchStatus] = {}
        self._losses: dict[bytes, tuple[WatchStatus, float]] = {}  # what is reported, and until when
        self._changes: dict[bytes, _FolderChange] = {}
        self._remote_types: dict[bytes, tuple[FolderStat, str]] = {}
        self._unreported: dict[bytes, tuple[bytes, float]] = {}  # file → its folder, when a rescan found it
        self._last_check = 0.0
        self._seen_overflows = self._seen_errors = 0

    def check(self, now: float, at: datetime) -> list[Scan]:
        """Check every folder and watch those that can be watched; return the scans to make now."""
        self._check_losses(now, at)
        for path in self.watcher.paths:
            self._check_folder(path, now, at)
        self._count_missed(now, at)
        self._last_check = now
        return list(self._due_scans(now))

    def statuses(self, now: float) -> Mapping[bytes, WatchStatus]:
        """Return how every folder is watched; a loss of events is reported for a while."""
        losses = {path: status for path, (status, until) in self._losses.items() if now < until}
        return {
            path: losses.get(path, status) if status.state == "watching" else status
            for path, status in self._statuses.items()
        }

    def note_event(self, path: bytes) -> None:
        """Note that a file had an event; a scan that found it first was only quicker."""
        self._unreported.pop(path, None)

    def note_found(self, scan: Scan, paths: Iterable[bytes], now: float) -> None:
        """Note files that a scan found before any event."""
        if scan.is_rescan:
            self._unreported.update(dict.fromkeys(paths, (scan.path, now)))

    def _count_overflow(self) -> None:
        self.overflows += 1  # on watchdog's thread

    def _check_losses(self, now: float, at: datetime) -> None:
        overflows, errors = self.overflows, self.watcher.errors
        if overflows > self._seen_overflows:
            self._record_loss(self.watcher.paths, "the kernel's queue of events overflowed", now, at)
        if errors > self._seen_errors:
            self._record_loss(self.watcher.paths, "an event could not be handled", now, at)
        self._seen_overflows, self._seen_errors = overflows, errors

    def _record_loss(self, paths: Iterable[bytes], reason: str, now: float, at: datetime) -> None:
        for path in paths:
            before, until = self._losses.get(path, (None, now))
            since = before.since if before and now < until else at
            self._losses[path] = WatchStatus(state="degraded", reason=reason, since=since), now + DEGRADED_FOR
            self.schedule.request(path)

    def _check_folder(self, path: bytes, now: float, at: datetime) -> None:
        folder = stat_folder(path)
        if isinstance(folder, str):
            state, reason = "waiting", folder
        elif reason := self._poll_reason(path, folder):
            state = "polling"
        elif self.watcher.is_watching(path, folder) and not self._lacks_event(path, folder, now):
            return
        else:
            reason = self._start_watch(path, folder, now)
            state = "polling" if reason else "watching"
        if state != "watching":
            self.watcher.unwatch(path)
        before = self._statuses.get(path)
        if before is None or before.state != state:
            self.schedule.request(path)
            self._statuses[path] = WatchStatus(state=state, reason=reason, since=at)
        else:
            self._statuses[path] = replace(before, reason=reason)

    def _start_watch(self, path: bytes, folder: FolderStat, now: float) -> str:
        """Return why the system gives no watch; empty: the folder is watched."""
        try:
            self.watcher.watch(path, folder)
        except OSError as error:
            return f"the system gives no file events: {error.strerror or error}"
        self._changes[path] = _FolderChange(folder.mtime_ns, now, now)
        self.schedule.request(path)
        return ""

    def _poll_reason(self, path: bytes, folder: FolderStat) -> str:
        """Return why a folder is polled; empty: it is watched."""
        if self._mode != "auto":
            return "watch.mode is poll" if self._mode == "poll" else ""
        known = self._remote_types.get(path)
        if known is None or not known[0].is_same_folder(folder):  # what is mounted over it is another folder
            known = self._remote_types[path] = (folder, remote_file_system(self._read_mounts(), os.path.realpath(path)))
        return f"{known[1]} gives no events for files that other machines write" if known[1] else ""

    def _lacks_event(self, path: bytes, folder: FolderStat, now: float) -> bool:
        """Return whether names in the folder changed and no event of it arrived in time."""
        change = self._changes[path]
        has_event = self.watcher.last_event(path) >= change.after
        if has_event and change.mtime_ns != folder.mtime_ns:
            self._changes[path] = _FolderChange(folder.mtime_ns, self._last_check, now)
        return not has_event and now - change.seen >= EVENT_TIMEOUT

    def _count_missed(self, now: float, at: datetime) -> None:
        late = {path: folder for path, (folder, found) in self._unreported.items() if now - found >= MISSED_AFTER}
        for path, folder in late.items():
            del self._unreported[path]
            self.missed[folder] += 1
            self.watcher.unwatch(folder)  # the next check watches it again
        self._record_loss(dict.fromkeys(late.values()), "files arrived without a file event", now, at)

    def _due_scans(self, now: float) -> Iterator[Scan]:
        for path, status in self._statuses.items():
            is_requested = self.schedule.is_requested(path, now)
            is_due = is_requested or self.schedule.is_due(path, now, is_polled=status.state == "polling")
            if is_due and status.state != "waiting":
                yield Scan(path=path, is_rescan=status.state == "watching" and not is_requested)
