"""A source that falls silent: told once, and once when it is heard again, on a real store and a clock of our own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.cli.status_view import screen
from monitor.config.window_parsers import expectation
from monitor.daemon.bootstrap import open_runtime
from monitor.daemon.main import periodic_jobs
from monitor.daemon.operator_alerts import OperatorAlerts
from monitor.daemon.silence import SilenceMonitor
from monitor.health.counters import Counters
from monitor.health.daemon_state import SourceState
from monitor.health.liveness import Liveness
from monitor.ingest_values import IngestReport
from monitor.notify.time_windows import Expectation
from monitor.ports import SourceStates
from monitor.store.open import Access, open_stores
from monitor.store_location import StoreLocation
from monitor.testing import NOON, FrozenClock, MemoryOutbox
from tests.inspect.test_pending import TALKS, Place

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DAILY = Expectation(every=DAY)
SILENT, NEVER = "no new dump of source motie since", "no dump at all of source motie since"
AGAIN = "dumps of source motie come again"


@dataclass(slots=True)
class MonitorProcess:
    """One life of the process after another, on the same store."""

    source_states: SourceStates
    clock: FrozenClock
    outbox: MemoryOutbox
    counters: Counters
    is_busy: bool = False
    judges: bool = True  # False: another monitor of its store does
    expected: Expectation = DAILY

    def alerts_at_tick(self) -> list[str]:
        """What the operator is told at this tick."""
        before = len(self.outbox.rows)
        SilenceMonitor(
            expected={"motie": self.expected},
            timezone=ZoneInfo("Asia/Seoul"),
            source_states=self.source_states,
            operator=OperatorAlerts(
                channels=["desk"], outbox=self.outbox, clock=self.clock, timezone=ZoneInfo("Asia/Seoul")
            ),
            clock=self.clock,
            last_dumps=self.counters.last_dumps,
            is_busy=lambda: self.is_busy,
            judges=lambda _source: self.judges,
        ).check()
        return [row.message.text.partition("\n")[0] for row in self.outbox.rows[before:]]

    def restart(self, last: datetime | None = None) -> None:
        """With an outbox that has forgotten what it sent."""
        self.outbox, self.counters = MemoryOutbox(), Counters({"motie": last} if last else None)

    def drop(self) -> None:
        report = IngestReport(
            dump=1, source="motie", name="a", sha256=b"", status="duplicate", size=1, encoding="", as_of=NOON, at=NOON
        )
        self.counters.count_ingest(replace(report, at=self.clock.now() + timedelta(microseconds=456)))


@pytest.fixture
def life(tmp_path: Path) -> Iterator[MonitorProcess]:
    with open_stores(StoreLocation(folder=tmp_path / "state"), Access.WRITE) as stores:
        yield MonitorProcess(stores.source_states, FrozenClock(), MemoryOutbox(), Counters())


def test_a_weekend_without_dumps_is_no_silence_where_weekdays_count(life: MonitorProcess) -> None:
    life.expected = expectation("1d mon-fri")  # in Seoul, where this Sunday ends three hours after NOON
    life.drop()
    life.clock.advance(3 * HOUR + DAY - HOUR)
    assert life.alerts_at_tick() == []
    life.clock.advance(HOUR)
    assert life.alerts_at_tick() == [f"{SILENT} 2026-11-22 21:00 KST"]


def test_a_silence_is_told_once_and_its_end_once(life: MonitorProcess) -> None:
    life.drop()
    assert life.alerts_at_tick() == []
    life.clock.advance(DAY)
    assert life.alerts_at_tick() == []  # the file came a moment after noon
    life.clock.advance(HOUR)
    assert [life.alerts_at_tick() for _ in range(3)] == [[f"{SILENT} 2026-11-22 21:00 KST"], [], []]
    life.clock.advance(9 * DAY)
    assert life.alerts_at_tick() == []
    life.drop()
    assert [life.alerts_at_tick() for _ in range(2)] == [[AGAIN], []]
    life.clock.advance(2 * DAY)
    assert life.alerts_at_tick() == [f"{SILENT} 2026-12-02 22:00 KST"]


def test_over_restarts_it_is_counted_from_the_last_dump_and_not_told_again(life: MonitorProcess) -> None:
    came = NOON - 2 * DAY
    life.restart(came)
    assert life.alerts_at_tick() == [f"{SILENT} 2026-11-20 21:00 KST"]
    life.restart(came)
    assert life.alerts_at_tick() == []
    life.restart(NOON)  # a command took one in meanwhile
    assert life.alerts_at_tick() == [AGAIN]


def test_where_none_ever_came_it_is_counted_from_the_first_start(life: MonitorProcess) -> None:
    assert life.alerts_at_tick() == []
    for _ in range(3):
        life.clock.advance(8 * HOUR)
        life.restart()
        told = life.alerts_at_tick()
    assert told == [f"{NEVER} 2026-11-22 21:00 KST"]
    life.restart()
    assert life.alerts_at_tick() == []
    life.clock.advance(HOUR)
    life.drop()
    assert life.alerts_at_tick() == [AGAIN]


def test_while_files_wait_to_be_taken_in_nobody_calls_it_silence(life: MonitorProcess) -> None:
    life.restart(NOON - 2 * DAY)
    life.is_busy = True
    assert life.alerts_at_tick() == []
    life.is_busy = False
    assert len(life.alerts_at_tick()) == 1
    life.is_busy = True
    life.drop()
    assert life.alerts_at_tick() == [AGAIN]


def test_a_silence_that_another_monitor_judges_is_not_told(life: MonitorProcess) -> None:
    life.restart(NOON - 2 * DAY)
    life.judges = False
    assert life.alerts_at_tick() == []
    life.judges = True  # the other one is gone
    assert len(life.alerts_at_tick()) == 1


def test_a_watcher_that_has_not_looked_at_its_folders_yet_is_busy() -> None:
    watches = {"motie": SourceState(state="watching", since="2026-11-22T03:00:00Z")}
    liveness = Liveness()
    states = [liveness.is_busy]
    for is_busy in (False, False, True, False):  # the first word comes before the first scan
        liveness.report_watches(watches, is_busy=is_busy)
        states.append(liveness.is_busy)
    assert states == [True, True, False, True, False]


def test_each_tick_of_a_daemon_listens_and_status_says_since_when(tmp_path: Path) -> None:
    place = Place(tmp_path)
    text = (place.project.folder / "config.yaml").read_text("utf-8") + "operator: {notify: [desk]}\n"
    place.take_in("a.txt", TALKS)
    place.project.write_config(text.replace("path: seeds/", "path: seeds/, expect_every: 1d"))
    place.clock.advance(2 * DAY)
    liveness, watches = Liveness(), {"motie": SourceState(state="watching", since="2026-11-22T03:00:00Z")}
    liveness.report_watches(watches)
    liveness.report_watches(watches)
    with open_runtime(place.config, verb="run", clock=place.clock) as runtime:
        for chore in periodic_jobs(runtime, liveness).each_tick:
            chore()
        assert runtime.dispatcher.counters.snapshot().backlog.pending == 2
    [source] = place.status()["sources"]
    assert source["silent_since"] == source["last_dump"] == "2026-11-22T03:00:00Z"
    assert "silent since 2026-11-22 03:00" in "\n".join(
        screen(place.status(), now=place.clock.now(), zone=ZoneInfo("UTC"))
    )
    [told] = [row["text"] for row in place.alerts() if row["kind"] == "system"]
    assert told.startswith(SILENT)
    place.project.write_config(text)
    assert place.status()["sources"][0]["silent_since"] is None
