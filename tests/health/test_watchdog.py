"""No WATCHDOG=1 once a part of the daemon is dead: real parts that die, a real socket, and a clock that is told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from monitor.daemon.daemon import tell_watchdog
from monitor.daemon.scheduler import Schedule
from monitor.health.daemon_state import Vitals, Watch
from monitor.health.liveness import silence, unready
from monitor.health.publisher import Speaker
from monitor.health.vigil import Vigil
from monitor.store.sqlite.database import open_for_writing
from monitor.systemd.sd_notify import WATCHDOG
from tests.end_to_end.ingesting import picking
from tests.servers import Arrivals, short_path

INTERVAL = 120.0  # seconds, as WatchdogSec in the unit
HEARD = {"motie": Watch(state="watching", since="2026-11-22T03:00:00Z")}


@dataclass(slots=True)
class Ward:
    """A vigil whose clock stands still, and the service manager that hears of it."""

    manager: socket.socket
    now: float = 1000.0
    vigil: Vigil = field(init=False)

    def __post_init__(self) -> None:
        self.vigil = Vigil(seconds=lambda: self.now)

    def is_told(self) -> bool:
        """Whether the manager is told now that the daemon lives."""
        tell_watchdog(self.vigil.pulse(), INTERVAL)
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


class Signs(Vigil):
    """Counts what it hears, for a test that waits on it."""

    def __init__(self, *, seconds: Callable[[], float]) -> None:
        super().__init__(seconds=seconds)
        self.heard: Arrivals[str] = Arrivals()

    def watch(self, watches: Mapping[str, Watch], *, is_busy: bool = False) -> None:
        super().watch(HEARD)
        self.heard.add("watcher")

    def tick(self) -> None:
        super().tick()
        self.heard.add("scheduler")


def test_the_manager_is_told_while_all_answer(ward: Ward) -> None:
    assert ward.is_told()
    ward.now += INTERVAL / 2
    assert not ward.is_told()
    ward.vigil.watch(HEARD)
    assert not ward.is_told()
    ward.vigil.tick()
    assert ward.is_told()
    assert unready(ward.vigil.pulse()) == ""


def test_what_status_reads_is_written_before_the_health_page_says_it() -> None:
    vigil, said = Vigil(), list[str]()
    speaker = Speaker(vigil, lambda _: said.append(unready(vigil.pulse())))
    for state in ("watching", "waiting", "watching"):
        watch = Watch(state=state, since="2026-11-22T03:00:00Z")
        speaker.speak(Vitals(pid=1, at="2026-11-22T03:00:00Z", sources={"motie": watch}))
    assert (said[0], said[1], unready(vigil.pulse())) == ("starting", "", "")
    assert said[2].startswith("waiting for a folder")


def test_where_no_watchdog_waits_nothing_is_told(ward: Ward) -> None:
    tell_watchdog(ward.vigil.pulse(), None)
    with pytest.raises(BlockingIOError):
        ward.manager.recv(100)


def test_a_thread_that_watches_and_takes_in_and_is_dead_keeps_the_manager_from_being_told(
    ward: Ward, tmp_path: Path
) -> None:
    ward.vigil = signs = Signs(seconds=lambda: ward.now)
    with picking(tmp_path / "p", vigil=signs):
        ward.now += INTERVAL
        signs.tick()
        signs.heard.wait_for(len(signs.heard.so_far()) + 2)  # the one that is under way may be of the time before
        assert ward.is_told()
    ward.now += INTERVAL
    signs.tick()
    assert silence(signs.pulse(), within=INTERVAL / 2) == "the watcher has not answered for 120 s"
    assert not ward.is_told()


def test_a_scheduler_that_is_dead_keeps_the_manager_from_being_told(ward: Ward) -> None:
    ward.vigil = signs = Signs(seconds=lambda: ward.now)
    schedule = Schedule()
    schedule.every(0.01, signs.tick, name="check")
    schedule.start()
    signs.heard.wait_for(1)
    schedule.stop()
    ward.now += INTERVAL
    signs.watch(HEARD)
    assert silence(signs.pulse(), within=INTERVAL / 2) == "the scheduler has not answered for 120 s"
    assert not ward.is_told()


def test_a_store_that_hangs_keeps_the_manager_from_being_told_until_it_answers(ward: Ward, tmp_path: Path) -> None:
    handle, asked = open_for_writing(tmp_path / "state"), threading.Event()

    def tick() -> None:
        ward.vigil.ask()
        asked.set()
        handle.prove_writable()
        ward.vigil.answer()

    thread = threading.Thread(target=tick)
    with handle.transaction():
        thread.start()
        assert asked.wait(30)
        ward.now += INTERVAL
        ward.vigil.watch(HEARD)
        ward.vigil.tick()
        assert silence(ward.vigil.pulse(), within=INTERVAL / 2) == "the store has not answered for 120 s"
        assert not ward.is_told()
    thread.join(30)
    assert ward.is_told()
    handle.close()


def test_a_store_that_says_no_has_answered(ward: Ward) -> None:
    ward.vigil.watch(HEARD)
    ward.vigil.ask()
    ward.vigil.answer("the disk is full")
    assert ward.is_told()
    assert unready(ward.vigil.pulse()) == "paused: the disk is full"
    ward.vigil.ask()
    ward.vigil.answer()
    assert unready(ward.vigil.pulse()) == ""


def test_a_store_with_no_room_for_a_dump_is_at_fault_until_one_is_stored(ward: Ward) -> None:
    unsettled = {"motie": Watch(state="watching", since="2026-11-22T03:00:00Z", unsettled=1)}
    ward.vigil.watch(unsettled)
    ward.vigil.stumble("the disk is full")
    ward.vigil.answer()
    ward.vigil.watch(unsettled)
    assert unready(ward.vigil.pulse()) == "paused: the disk is full"
    ward.vigil.stumble("")
    assert unready(ward.vigil.pulse()) == ""


def test_a_store_with_no_room_for_a_dump_that_is_gone_is_at_fault_no_more(ward: Ward) -> None:
    ward.vigil.stumble("the disk is full")
    ward.vigil.watch(HEARD)
    assert unready(ward.vigil.pulse()) == ""
