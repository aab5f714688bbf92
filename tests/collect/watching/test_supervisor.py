"""What each second's check of the folders does, on real folders and with a clock of its own."""

from __future__ import annotations

import os
import queue
import resource
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.collect.watching.folder import Folder
from monitor.collect.watching.scan_schedule import POLL
from monitor.collect.watching.supervisor import (
    DEGRADED_FOR,
    MISSED_AFTER,
    Scan,
    Supervisor,
    WatchStatus,
    require_events,
)
from monitor.errors import MonitorError
from tests.collect.samples import put
from tests.kernel import no_instances

START = datetime(2026, 11, 22, tzinfo=UTC)
DEADLINE = 30.0
NFS = b"22 1 0:30 / / rw - nfs4 nas:/ rw\n"


@dataclass(slots=True)
class Guard:
    """A supervisor with a clock of its own, one second further at each check, but always behind that of the events."""

    supervisor: Supervisor
    events: queue.Queue[bytes]
    began: float = field(default_factory=lambda: time.monotonic() - 1e6)
    now: float = field(default_factory=lambda: time.monotonic() - 1e6)

    def check(self) -> list[Scan]:
        """One second later; every scan that is asked for is made, and takes no time."""
        self.now += 1.0
        scans = self.supervisor.check(self.now, START + timedelta(seconds=self.now - self.began))
        for scan in scans:
            self.supervisor.schedule.note_scan(scan.path, began=self.now, ended=self.now)
        return scans

    def watch_status(self, path: Path) -> WatchStatus:
        return self.supervisor.statuses(self.now)[os.fsencode(path)]

    def settle(self) -> None:
        """Check until nothing is asked for."""
        while self.check():
            pass

    def assert_watched(self, path: Path) -> None:
        """A file dropped there gives an event."""
        mine = put(path / "watched.txt")
        while self.events.get(timeout=DEADLINE) != mine:
            pass


@contextmanager
def guarding(*paths: Path, mode: str = "auto", rescan: float = 1e9, mounts: bytes = b"") -> Iterator[Guard]:
    events: queue.Queue[bytes] = queue.Queue()
    folders = [Folder(source=path.name, path=os.fsencode(path)) for path in paths]

    def on_event(path: bytes, *, is_closed: bool) -> None:
        del is_closed
        events.put(path)

    supervisor = Supervisor(folders, on_event, mode=mode, rescan=rescan, read_mounts=lambda: mounts)
    try:
        yield Guard(supervisor, events)
    finally:
        supervisor.watcher.stop()


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


def named(scans: Sequence[Scan]) -> list[str]:
    return [Path(os.fsdecode(scan.path)).name for scan in scans]


def test_a_folder_is_watched_and_then_scanned_once(inbox: Path) -> None:
    with guarding(inbox) as guard:
        assert [(scan.path, scan.is_rescan) for scan in guard.check()] == [(os.fsencode(inbox), False)]
        assert guard.watch_status(inbox) == WatchStatus(state="watching", since=guard.watch_status(inbox).since)
        assert [guard.check() for _ in range(5)] == [[]] * 5
        guard.assert_watched(inbox)


def remake(inbox: Path) -> None:
    shutil.rmtree(inbox)
    inbox.mkdir()


def rename_away(inbox: Path) -> None:
    inbox.rename(inbox.parent / "away")
    inbox.mkdir()


@pytest.mark.parametrize("act", [remake, rename_away])
def test_a_folder_made_again_is_watched_first_and_scanned_second(act: Callable[[Path], None], inbox: Path) -> None:
    with guarding(inbox) as guard:
        guard.settle()
        act(inbox)
        end = time.monotonic() + DEADLINE
        while not named(guard.check()):  # a deleted folder's inode may be used again; the kernel tells us at once
            assert time.monotonic() < end
        assert guard.watch_status(inbox).state == "watching"
        guard.assert_watched(inbox)


def test_a_missing_folder_is_waited_for_and_reported(inbox: Path) -> None:
    with guarding(inbox) as guard:
        guard.settle()
        inbox.rmdir()

        assert guard.check() == []
        gone = guard.watch_status(inbox)
        assert (gone.state, gone.reason) == ("waiting", "the folder is missing")
        guard.check()
        assert guard.watch_status(inbox).since == gone.since

        inbox.mkdir()
        assert named(guard.check()) == ["in"]
        assert guard.watch_status(inbox).state == "watching"
        guard.assert_watched(inbox)


@pytest.mark.parametrize("make", [put, lambda path: path.symlink_to("nowhere")])
def test_what_is_no_folder_is_waited_for(make: Callable[[Path], object], tmp_path: Path) -> None:
    make(tmp_path / "in")
    with guarding(tmp_path / "in") as guard:
        assert guard.check() == []
        assert guard.watch_status(tmp_path / "in").state == "waiting"


def test_a_remote_file_system_is_polled_and_its_neighbour_watched(inbox: Path) -> None:
    far = inbox.parent / "far"
    far.mkdir()
    mounts = b"21 1 8:1 / / rw - ext4 x rw\n22 21 0:30 / " + os.fsencode(far) + b" rw - nfs4 nas:/ rw\n"
    with guarding(inbox, far, mounts=mounts) as guard:
        assert named(guard.check()) == ["in", "far"]
        assert guard.watch_status(inbox).state == "watching"
        assert guard.watch_status(far).state == "polling"
        assert "nfs4" in guard.watch_status(far).reason
        scans = [scan for _ in range(int(POLL) + 1) for scan in guard.check()]
        assert named(scans) == ["far"]
        assert not scans[0].is_rescan


# (watch.mode, the table of mounts, the state)
MODES = [("events", NFS, "watching"), ("poll", b"", "polling"), ("auto", NFS, "polling"), ("auto", b"", "watching")]


@pytest.mark.parametrize(("mode", "mounts", "state"), MODES)
def test_the_mode_decides_unless_it_is_auto(mode: str, mounts: bytes, state: str, inbox: Path) -> None:
    with guarding(inbox, mode=mode, mounts=mounts) as guard:
        guard.check()
        assert guard.watch_status(inbox).state == state


@pytest.mark.alone
def test_without_inotify_a_folder_is_polled_until_there_is_some_again(inbox: Path) -> None:
    with guarding(inbox) as guard:
        with no_instances():
            assert named(guard.check()) == ["in"]
            polled = guard.watch_status(inbox)
            assert polled.state == "polling"
            assert "the system gives no file events" in polled.reason
        end = time.monotonic() + DEADLINE  # for the kernel to free what was taken
        while guard.watch_status(inbox).state != "watching":
            assert time.monotonic() < end
            guard.check()
        guard.assert_watched(inbox)


@contextmanager
def no_descriptors() -> Iterator[None]:
    """Too few descriptors for events, in this process alone: other tests keep theirs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.open(os.devnull, os.O_RDONLY)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + 1, hard))  # one, to list a folder
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_required_events_that_the_system_does_not_give_are_an_error(inbox: Path) -> None:
    folder = Folder(source="motie", path=os.fsencode(inbox), files=("*.txt",))
    with (
        pytest.raises(MonitorError, match=r"the system gives no file events.*set watch\.mode to auto"),
        no_descriptors(),
    ):
        require_events([folder])


def test_a_folder_that_is_watched_or_missing_is_no_error(inbox: Path) -> None:
    paths = (inbox, inbox / "missing")
    require_events([Folder(source="motie", path=os.fsencode(path), files=("*.txt",)) for path in paths])


def test_a_rescan_is_steady_and_known_as_such(inbox: Path) -> None:
    with guarding(inbox, rescan=3.0) as guard:
        scans = [guard.check() for _ in range(7)]
    assert [[scan.is_rescan for scan in each] for each in scans] == [[False], [], [], [True], [], [], [True]]


def test_a_file_without_an_event_degrades_its_folder_for_a_while(inbox: Path) -> None:
    with guarding(inbox, rescan=3.0) as guard:
        guard.settle()
        guard.supervisor.note_found(Scan(path=os.fsencode(inbox), is_rescan=True), [b"/in/a", b"/in/b"], guard.now)
        guard.supervisor.note_event(b"/in/a")
        assert guard.watch_status(inbox).state == "watching"
        checks = int(MISSED_AFTER) + 1
        for _ in range(checks):
            guard.check()
        degraded = guard.watch_status(inbox)
        assert (degraded.state, degraded.reason) == ("degraded", "files arrived without a file event")
        assert guard.supervisor.missed == {os.fsencode(inbox): 1}
        for _ in range(int(DEGRADED_FOR)):
            guard.check()
        assert guard.watch_status(inbox).state == "watching"
        guard.assert_watched(inbox)


def test_what_other_scans_find_is_not_missed(inbox: Path) -> None:
    with guarding(inbox) as guard:
        guard.settle()
        guard.supervisor.note_found(Scan(path=os.fsencode(inbox), is_rescan=False), [b"/in/a"], guard.now)
        for _ in range(5):
            guard.check()
        assert guard.supervisor.missed == {}
        assert guard.watch_status(inbox).state == "watching"


def test_an_overflow_degrades_every_folder_and_has_them_scanned(inbox: Path) -> None:
    other = inbox.parent / "other"
    other.mkdir()
    with guarding(inbox, other) as guard:
        guard.settle()
        guard.supervisor._count_overflow()
        assert named(guard.check()) == ["in", "other"]
        assert guard.watch_status(other).reason == "the kernel's queue of events overflowed"
        assert guard.check() == []


def test_names_that_change_without_an_event_start_the_watch_again(inbox: Path) -> None:
    """As after an unmount and a mount of the same folder, which leaves its device and inode as they were."""
    with guarding(inbox) as guard:
        guard.settle()
        observer: Any = guard.supervisor.watcher._observer
        for emitter in observer.emitters:
            group = emitter._inotify
            group._remove_callbacks(list(group._active_callbacks_by_watch))  # the thread lives on and gets no events
        put(inbox / "unreported.txt")
        guard.supervisor.watcher._handlers[os.fsencode(inbox)].last_event = -1e9
        scans = [scan for _ in range(3) for scan in guard.check()]
        assert named(scans) == ["in"]
        guard.assert_watched(inbox)


def test_deleting_and_creating_give_events_and_start_no_watch_again(inbox: Path) -> None:
    with guarding(inbox) as guard:
        guard.settle()
        for name in ("a.txt", ".b.part"):
            put(inbox / name)
            (inbox / name).unlink()
        (inbox / "sub").mkdir()
        (inbox / "sub").rmdir()
        guard.assert_watched(inbox)
        assert [guard.check() for _ in range(4)] == [[]] * 4


def test_a_folder_that_vanishes_while_its_watch_starts_is_no_error(inbox: Path) -> None:
    with guarding(inbox) as guard:
        for _ in range(20):
            with suppress(FileNotFoundError):
                shutil.rmtree(inbox)
            guard.check()
            assert guard.watch_status(inbox).state == "waiting"
            inbox.mkdir()
            guard.check()
            assert guard.watch_status(inbox).state == "watching"
