"""Folders as they are each second → what is heard of them, and which must be scanned now; never deaf without saying so.

The naive way is two lines: start an observer, handle its events. It goes deaf without a word when the kernel's queue
overflows, when the folder is deleted, renamed away, mounted over or closed to us, and when one of its threads dies.
So each second every folder is looked at, and whatever is in doubt is armed anew first and scanned second.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from monitor.collect.watching.folder import Folder
from monitor.collect.watching.mounts import remote_file_system
from monitor.collect.watching.scan_schedule import POLL, ScanSchedule
from monitor.collect.watching.watcher import FolderIdentity, OnEvent, Watcher, folder_identity
from monitor.errors import MonitorError

DEGRADED_FOR = 60.0  # seconds for which a loss of events shows, though a scan has made it good
MISSED_AFTER = 2.0  # seconds that the event of a file gets which a scan has found first
EVENT_TIMEOUT = 0.9  # seconds that the event of a changed folder gets; less than from one check to the next


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchStatus:
    """How one folder is watched."""

    state: str  # watching | polling | waiting | degraded
    since: datetime
    reason: str = ""

    @property
    def is_healthy(self) -> bool:
        """Whether what is dropped there is found soon."""
        return self.state in ("watching", "polling")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A folder to be scanned now."""

    path: bytes
    is_rescan: bool  # events should have told of whatever it finds


@dataclass(frozen=True, slots=True)
class _FolderChange:
    """When a folder's list of names was seen to have changed."""

    mtime_ns: int
    after: float  # the check before; an event of the change came later than that
    seen: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _EventLoss:
    reason: str
    since: datetime
    until: float


def mount_table() -> bytes:
    """The kernel's text; empty where there is none."""
    try:
        with open("/proc/self/mountinfo", "rb") as file:
            return file.read()
    except OSError:
        return b""


def require_events(folders: Iterable[Folder]) -> None:
    """Try whether the system gives events of these folders, as watch.mode asks. Raises MonitorError."""
    trial = Supervisor(folders, lambda _, *, is_closed: None, mode="events")
    try:
        trial.check(0.0, datetime.fromtimestamp(0, UTC))  # when, nobody asks
        reasons = [each.reason for each in trial.statuses(0.0).values() if each.state == "polling"]
    finally:
        trial.watcher.stop()
    if reasons:
        raise MonitorError(f"{reasons[0]}; set watch.mode to auto")


class Supervisor:
    """Keeps every folder heard or polled. One thread calls it; `losses` alone is for the library's threads."""

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
        self.overflows = 0  # of the kernel's queue
        self.missed: dict[bytes, int] = {}  # files by folder that a rescan found and no event told of
        self._mode = mode
        self._read_mounts = read_mounts
        self._scan_schedule = ScanSchedule(rescan=rescan, poll=poll)
        self._statuses: dict[bytes, WatchStatus] = {}
        self._losses: dict[bytes, _EventLoss] = {}
        self._changes: dict[bytes, _FolderChange] = {}
        self._remote_types: dict[bytes, tuple[FolderIdentity, str]] = {}
        self._unreported: dict[bytes, tuple[bytes, float]] = {}  # path → its folder, when a rescan found it
        self._last_check = 0.0
        self._seen_overflows = self._seen_errors = 0

    def check(self, now: float, at: datetime) -> list[Scan]:
        """Look at every folder, arm what can be armed; what must be scanned now, in the order of the folders."""
        self._check_losses(now, at)
        for path in self.watcher.paths:
            self._check_folder(path, now, at)
        self._count_missed(now, at)
        self._last_check = now
        return [scan for path in self.watcher.paths for scan in self._due_scans(path, now)]

    def status(self, path: bytes, now: float) -> WatchStatus:
        """How a folder is watched; a loss shows for a while."""
        watch_status, loss = self._statuses[path], self._losses.get(path)
        if watch_status.state == "watching" and loss and now < loss.until:
            return WatchStatus(state="degraded", reason=loss.reason, since=loss.since)
        return watch_status

    def statuses(self, now: float) -> Mapping[bytes, WatchStatus]:
        """The same of every folder."""
        return {path: self.status(path, now) for path in self._statuses}

    def note_event(self, path: bytes) -> None:
        """An event told of a path; a scan that found it first was only quicker."""
        self._unreported.pop(path, None)

    def note_found(self, scan: Scan, paths: Iterable[bytes], now: float) -> None:
        """Files that a scan found first."""
        if scan.is_rescan:
            self._unreported.update(dict.fromkeys(paths, (scan.path, now)))

    def scanned(self, path: bytes, *, began: float, ended: float) -> None:
        """A scan has ended."""
        self._scan_schedule.note_scan(path, began=began, ended=ended)

    def want(self, path: bytes) -> None:
        """Have a folder scanned soon."""
        self._scan_schedule.request(path)

    def _count_overflow(self) -> None:
        self.overflows += 1

    def _check_losses(self, now: float, at: datetime) -> None:
        overflows, errors = self.overflows, self.watcher.errors
        if overflows > self._seen_overflows:
            self._record_loss(self.watcher.paths, "the kernel's queue of events overflowed", now, at)
        if errors > self._seen_errors:
            self._record_loss(self.watcher.paths, "an event could not be handled", now, at)
        self._seen_overflows, self._seen_errors = overflows, errors

    def _record_loss(self, paths: Iterable[bytes], reason: str, now: float, at: datetime) -> None:
        for path in paths:
            before = self._losses.get(path)
            since = before.since if before and now < before.until else at
            self._losses[path] = _EventLoss(reason=reason, since=since, until=now + DEGRADED_FOR)
            self._scan_schedule.request(path)

    def _check_folder(self, path: bytes, now: float, at: datetime) -> None:
        place = folder_identity(path)
        if isinstance(place, str):
            self.watcher.unwatch(path)
            self._set_status(path, "waiting", place, at)
            return
        reason = self._poll_reason(path, place)
        if reason:
            self.watcher.unwatch(path)
            self._set_status(path, "polling", reason, at)
        elif not self.watcher.is_watching(path, place) or self._is_unheard(path, place, now):
            self._start_watch(path, place, now, at)

    def _start_watch(self, path: bytes, place: FolderIdentity, now: float, at: datetime) -> None:
        try:
            self.watcher.watch(path, place)
        except OSError as error:
            self._set_status(path, "polling", f"the system gives no file events: {error.strerror or error}", at)
            return
        self._changes[path] = _FolderChange(place.mtime_ns, now, now)
        self._scan_schedule.request(path)
        self._set_status(path, "watching", "", at)

    def _set_status(self, path: bytes, state: str, reason: str, at: datetime) -> None:
        before = self._statuses.get(path)
        if before is None or before.state != state:
            self._scan_schedule.request(path)
            self._statuses[path] = WatchStatus(state=state, reason=reason, since=at)
        else:
            self._statuses[path] = replace(before, reason=reason)

    def _poll_reason(self, path: bytes, place: FolderIdentity) -> str:
        """Why a folder's events are not to be relied on; empty: they are."""
        if self._mode != "auto":
            return "watch.mode is poll" if self._mode == "poll" else ""
        known = self._remote_types.get(path)
        if known is None or not known[0].is_same_folder(place):  # what is mounted over it is another folder
            known = self._remote_types[path] = (place, remote_file_system(self._read_mounts(), os.path.realpath(path)))
        return f"{known[1]} gives no events of what other machines write" if known[1] else ""

    def _is_unheard(self, path: bytes, place: FolderIdentity, now: float) -> bool:
        """Names came or went in the folder, and a while later no event has told of any."""
        change, is_told = self._changes[path], self.watcher.last_event(path) >= self._changes[path].after
        if change.mtime_ns != place.mtime_ns and is_told:
            self._changes[path] = _FolderChange(place.mtime_ns, self._last_check, now)
            return False
        return not is_told and now - change.seen >= EVENT_TIMEOUT

    def _count_missed(self, now: float, at: datetime) -> None:
        late = {path: folder for path, (folder, found) in self._unreported.items() if now - found >= MISSED_AFTER}
        for path, folder in late.items():
            del self._unreported[path]
            self.missed[folder] = self.missed.get(folder, 0) + 1
            self.watcher.unwatch(folder)  # it is armed anew by the next check
        for folder in dict.fromkeys(late.values()):
            self._record_loss([folder], "files came that no event told of", now, at)

    def _due_scans(self, path: bytes, now: float) -> list[Scan]:
        state = self._statuses[path].state
        if state == "waiting":
            return []
        if self._scan_schedule.is_requested(path, now):
            return [Scan(path=path, is_rescan=False)]
        if self._scan_schedule.is_due(path, now, is_polled=state == "polling"):
            return [Scan(path=path, is_rescan=state == "watching")]
        return []
