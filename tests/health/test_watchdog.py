"""Send no WATCHDOG=1 once a part of the daemon is dead: real parts, a real socket, and a clock of our own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from monitor.daemon.daemon import notify_watchdog
from monitor.daemon.scheduler import Scheduler
from monitor.health.daemon_state import DaemonState, SourceState
from monitor.health.liveness import Liveness, not_ready_reason, stalled_part
from monitor.health.publisher import StatePublisher
from monitor.store.sqlite.database import open_for_writing
from monitor.systemd.sd_notify import WATCHDOG
from tests.end_to_end.ingesting import running_ingest
from tests.servers import Arrivals, short_path

INTERVAL = 120.0  # seconds, as WatchdogSec in the unit
WATCHES = {"motie": SourceState(state="watching", since="2026-11-22T03:00:00Z")}


@dataclass(slots=True)
class WatchedDaemon:
    """A `Liveness` whose clock stands still, and the service manager that it notifies."""

    manager: socket.socket
    now: float = 1000.0
    liveness: Liveness = field(init=False)

    def __post_init__(self) -> None:
        self.liveness = Liveness(seconds=lambda: self.now)

    def is_notified(self) -> bool:
        """Return whether the manager is notified now that the daemon is alive."""
        notify_watchdog(self.liveness.snapshot(), INTERVAL)
        try:
            return self.manager.recv(100).decode() == WATCHDOG
        except BlockingIOError:
            return False


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WatchedDaemon]:
    monkeypatch.chdir(tmp_path)
    with short_path(tmp_path / "n") as address, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        manager.bind(address)
        manager.setblocking(False)
        yield WatchedDaemon(manager)


class ReportEvents(Liveness):
    """Keeps the names of the parts that report, for a test that waits on them."""

    def __init__(self, *, seconds: Callable[[], float]) -> None:
        super().__init__(seconds=seconds)
        self.seen: Arrivals[str] = Arrivals()

    def report_watches(self, watches: Mapping[str, SourceState], *, is_busy: bool = False) -> None:
        super().report_watches(WATCHES)
        self.seen.add("watcher")

    def report_scheduler(self) -> None:
        super().report_scheduler()
        self.seen.add("scheduler")


def test_the_manager_is_notified_while_all_answer(watched: WatchedDaemon) -> None:
    assert watched.is_notified()
    watched.now += INTERVAL / 2
    assert not watched.is_notified()
    watched.liveness.report_watches(WATCHES)
    assert not watched.is_notified()
    watched.liveness.report_scheduler()
    assert watched.is_notified()
    assert not_ready_reason(watched.liveness.snapshot()) == ""


def test_what_status_reads_is_written_before_the_health_page_says_it() -> None:
    liveness, said = Liveness(), list[str]()
    publisher = StatePublisher(liveness, lambda _: said.append(not_ready_reason(liveness.snapshot())))
    for state in ("watching", "waiting", "watching"):
        watch = SourceState(state=state, since="2026-11-22T03:00:00Z")
        publisher.publish(DaemonState(pid=1, at="2026-11-22T03:00:00Z", sources={"motie": watch}))
    assert (said[0], said[1], not_ready_reason(liveness.snapshot())) == ("starting", "", "")
    assert said[2].startswith("waiting for a folder")


def test_where_no_watchdog_waits_nothing_is_sent(watched: WatchedDaemon) -> None:
    notify_watchdog(watched.liveness.snapshot(), None)
    with pytest.raises(BlockingIOError):
        watched.manager.recv(100)


def test_an_ingest_thread_that_is_dead_keeps_the_manager_from_being_notified(
    watched: WatchedDaemon, tmp_path: Path
) -> None:
    watched.liveness = reports = ReportEvents(seconds=lambda: watched.now)
    with running_ingest(tmp_path / "p", liveness=reports):
        watched.now += INTERVAL
        reports.report_scheduler()
        reports.seen.wait_for(len(reports.seen.so_far()) + 2)  # the one that is under way may be of the time before
        assert watched.is_notified()
    watched.now += INTERVAL
    reports.report_scheduler()
    assert stalled_part(reports.snapshot(), within=INTERVAL / 2) == "the watcher has not answered for 120 s"
    assert not watched.is_notified()


def test_a_scheduler_that_is_dead_keeps_the_manager_from_being_notified(watched: WatchedDaemon) -> None:
    watched.liveness = reports = ReportEvents(seconds=lambda: watched.now)
    schedule = Scheduler()
    schedule.every(0.01, reports.report_scheduler, name="check")
    schedule.start()
    reports.seen.wait_for(1)
    schedule.stop()
    watched.now += INTERVAL
    reports.report_watches(WATCHES)
    assert stalled_part(reports.snapshot(), within=INTERVAL / 2) == "the scheduler has not answered for 120 s"
    assert not watched.is_notified()


def test_a_store_that_hangs_keeps_the_manager_from_being_notified_until_it_answers(
    watched: WatchedDaemon, tmp_path: Path
) -> None:
    handle, asked = open_for_writing(tmp_path / "state"), threading.Event()

    def tick() -> None:
        watched.liveness.begin_store_check()
        asked.set()
        handle.check_writable()
        watched.liveness.end_store_check()

    thread = threading.Thread(target=tick)
    with handle.transaction():
        thread.start()
        assert asked.wait(30)
        watched.now += INTERVAL
        watched.liveness.report_watches(WATCHES)
        watched.liveness.report_scheduler()
        assert stalled_part(watched.liveness.snapshot(), within=INTERVAL / 2) == "the store has not answered for 120 s"
        assert not watched.is_notified()
    thread.join(30)
    assert watched.is_notified()
    handle.close()


def test_a_store_that_says_no_has_answered(watched: WatchedDaemon) -> None:
    watched.liveness.report_watches(WATCHES)
    watched.liveness.begin_store_check()
    watched.liveness.end_store_check("the disk is full")
    assert watched.is_notified()
    assert not_ready_reason(watched.liveness.snapshot()) == "paused: the disk is full"
    watched.liveness.begin_store_check()
    watched.liveness.end_store_check()
    assert not_ready_reason(watched.liveness.snapshot()) == ""


def test_a_store_with_no_room_for_a_dump_is_at_fault_until_one_is_stored(watched: WatchedDaemon) -> None:
    unsettled = {"motie": SourceState(state="watching", since="2026-11-22T03:00:00Z", unsettled=1)}
    watched.liveness.report_watches(unsettled)
    watched.liveness.set_ingest_fault("the disk is full")
    watched.liveness.end_store_check()
    watched.liveness.report_watches(unsettled)
    assert not_ready_reason(watched.liveness.snapshot()) == "paused: the disk is full"
    watched.liveness.set_ingest_fault("")
    assert not_ready_reason(watched.liveness.snapshot()) == ""


def test_a_store_with_no_room_for_a_dump_that_is_gone_is_at_fault_no_more(watched: WatchedDaemon) -> None:
    watched.liveness.set_ingest_fault("the disk is full")
    watched.liveness.report_watches(WATCHES)
    assert not_ready_reason(watched.liveness.snapshot()) == ""
