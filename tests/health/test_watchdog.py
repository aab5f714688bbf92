"""No WATCHDOG=1 once a part of the daemon is dead: real parts that die, a real socket, and a clock that is told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from monitor.daemon.daemon import tell_watchdog
from monitor.daemon.scheduler import Scheduler
from monitor.health.daemon_state import DaemonState, SourceState
from monitor.health.liveness import Liveness, not_ready_reason, stalled_part
from monitor.health.publisher import StatePublisher
from monitor.store.sqlite.database import open_for_writing
from monitor.systemd.sd_notify import WATCHDOG
from tests.end_to_end.ingesting import picking
from tests.servers import Arrivals, short_path

INTERVAL = 120.0  # seconds, as WatchdogSec in the unit
HEARD = {"motie": SourceState(state="watching", since="2026-11-22T03:00:00Z")}


@dataclass(slots=True)
class Ward:
    """A vigil whose clock stands still, and the service manager that hears of it."""

    manager: socket.socket
    now: float = 1000.0
    liveness: Liveness = field(init=False)

    def __post_init__(self) -> None:
        self.liveness = Liveness(seconds=lambda: self.now)

    def is_told(self) -> bool:
        """Whether the manager is told now that the daemon lives."""
        tell_watchdog(self.liveness.snapshot(), INTERVAL)
        try:
            return self.manager.recv(100).decode() == WATCHDOG
        except BlockingIOError:
            return False


@pytest.fixture
def ward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ward]:
    monkeypatch.chdir(tmp_path)
    with short_path(tmp_path / "n") as address, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        manager.bind(address)
        manager.setblocking(False)
        yield Ward(manager)


class Signs(Liveness):
    """Counts what it hears, for a test that waits on it."""

    def __init__(self, *, seconds: Callable[[], float]) -> None:
        super().__init__(seconds=seconds)
        self.heard: Arrivals[str] = Arrivals()

    def watch(self, watches: Mapping[str, SourceState], *, is_busy: bool = False) -> None:
        super().watch(HEARD)
        self.heard.add("watcher")

    def tick(self) -> None:
        super().tick()
        self.heard.add("scheduler")


def test_the_manager_is_told_while_all_answer(ward: Ward) -> None:
    assert ward.is_told()
    ward.now += INTERVAL / 2
    assert not ward.is_told()
    ward.liveness.watch(HEARD)
    assert not ward.is_told()
    ward.liveness.tick()
    assert ward.is_told()
    assert not_ready_reason(ward.liveness.snapshot()) == ""


def test_what_status_reads_is_written_before_the_health_page_says_it() -> None:
    liveness, said = Liveness(), list[str]()
    publisher = StatePublisher(liveness, lambda _: said.append(not_ready_reason(liveness.snapshot())))
    for state in ("watching", "waiting", "watching"):
        watch = SourceState(state=state, since="2026-11-22T03:00:00Z")
        publisher.publish(DaemonState(pid=1, at="2026-11-22T03:00:00Z", sources={"motie": watch}))
    assert (said[0], said[1], not_ready_reason(liveness.snapshot())) == ("starting", "", "")
    assert said[2].startswith("waiting for a folder")


def test_where_no_watchdog_waits_nothing_is_told(ward: Ward) -> None:
    tell_watchdog(ward.liveness.snapshot(), None)
    with pytest.raises(BlockingIOError):
        ward.manager.recv(100)


def test_a_thread_that_watches_and_takes_in_and_is_dead_keeps_the_manager_from_being_told(
    ward: Ward, tmp_path: Path
) -> None:
    ward.liveness = signs = Signs(seconds=lambda: ward.now)
    with picking(tmp_path / "p", liveness=signs):
        ward.now += INTERVAL
        signs.tick()
        signs.heard.wait_for(len(signs.heard.so_far()) + 2)  # the one that is under way may be of the time before
        assert ward.is_told()
    ward.now += INTERVAL
    signs.tick()
    assert stalled_part(signs.snapshot(), within=INTERVAL / 2) == "the watcher has not answered for 120 s"
    assert not ward.is_told()


def test_a_scheduler_that_is_dead_keeps_the_manager_from_being_told(ward: Ward) -> None:
    ward.liveness = signs = Signs(seconds=lambda: ward.now)
    schedule = Scheduler()
    schedule.every(0.01, signs.tick, name="check")
    schedule.start()
    signs.heard.wait_for(1)
    schedule.stop()
    ward.now += INTERVAL
    signs.watch(HEARD)
    assert stalled_part(signs.snapshot(), within=INTERVAL / 2) == "the scheduler has not answered for 120 s"
    assert not ward.is_told()


def test_a_store_that_hangs_keeps_the_manager_from_being_told_until_it_answers(ward: Ward, tmp_path: Path) -> None:
    handle, asked = open_for_writing(tmp_path / "state"), threading.Event()

    def tick() -> None:
        ward.liveness.ask()
        asked.set()
        handle.check_writable()
        ward.liveness.answer()

    thread = threading.Thread(target=tick)
    with handle.transaction():
        thread.start()
        assert asked.wait(30)
        ward.now += INTERVAL
        ward.liveness.watch(HEARD)
        ward.liveness.tick()
        assert stalled_part(ward.liveness.snapshot(), within=INTERVAL / 2) == "the store has not answered for 120 s"
        assert not ward.is_told()
    thread.join(30)
    assert ward.is_told()
    handle.close()


def test_a_store_that_says_no_has_answered(ward: Ward) -> None:
    ward.liveness.watch(HEARD)
    ward.liveness.ask()
    ward.liveness.answer("the disk is full")
    assert ward.is_told()
    assert not_ready_reason(ward.liveness.snapshot()) == "paused: the disk is full"
    ward.liveness.ask()
    ward.liveness.answer()
    assert not_ready_reason(ward.liveness.snapshot()) == ""


def test_a_store_with_no_room_for_a_dump_is_at_fault_until_one_is_stored(ward: Ward) -> None:
    unsettled = {"motie": SourceState(state="watching", since="2026-11-22T03:00:00Z", unsettled=1)}
    ward.liveness.watch(unsettled)
    ward.liveness.stumble("the disk is full")
    ward.liveness.answer()
    ward.liveness.watch(unsettled)
    assert not_ready_reason(ward.liveness.snapshot()) == "paused: the disk is full"
    ward.liveness.stumble("")
    assert not_ready_reason(ward.liveness.snapshot()) == ""


def test_a_store_with_no_room_for_a_dump_that_is_gone_is_at_fault_no_more(ward: Ward) -> None:
    ward.liveness.stumble("the disk is full")
    ward.liveness.watch(HEARD)
    assert not_ready_reason(ward.liveness.snapshot()) == ""
