"""Rejects that the operator is told of: each once, whatever happens to the process and its store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from monitor.daemon.operator_alerts import OperatorAlerts
from monitor.daemon.reject_alerts import RejectAlerts
from monitor.errors import StoreError
from monitor.model import Message
from monitor.ports import Outbox
from monitor.store.open import Access, Stores, open_stores
from monitor.store_location import StoreLocation
from monitor.testing import FrozenClock
from tests.contract.takes import record, take_in

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorProcess:
    """One life of the process on a state folder."""

    stores: Stores
    clock: FrozenClock
    alerts: RejectAlerts

    def ingest(self, name: str, rejects: int = 1, *, source: str = "motie", is_reported: bool = True) -> None:
        text = record(f"Talks of {name} held") + "".join(f"\n-\ndate2024-07-0{number + 1}" for number in range(rejects))
        report = take_in(self.stores.store, text, name=name, source=source, now=self.clock.now())
        assert report.rejected == rejects
        if is_reported:
            self.alerts.report_dump(report)

    def headlines(self) -> list[str]:
        return [message.text.partition("\n")[0] for message in self.stores.archive.messages()]


@contextmanager
def process(state: Path, clock: FrozenClock, *, outbox: Outbox | None = None) -> Iterator[MonitorProcess]:
    with open_stores(StoreLocation(folder=state), Access.WRITE) as stores:
        operator = OperatorAlerts(channels=("desk",), outbox=outbox or stores.outbox, clock=clock)
        alerts = RejectAlerts(store=stores.store, source_states=stores.source_states, operator=operator)
        yield MonitorProcess(stores=stores, clock=clock, alerts=alerts)


def test_rejects_of_an_hour_that_had_its_alert_are_told_after_it(tmp_path: Path) -> None:
    clock = FrozenClock()
    with process(tmp_path, clock) as one:
        for count in (1, 2, 3):
            one.ingest(f"{count}.txt", count)
            one.alerts.report_rest()
        assert one.headlines() == ["1 part of a dump could not be read"]
    clock.advance(HOUR)
    with process(tmp_path, clock) as one:  # they are not lost with the process
        for _ in range(2):
            one.alerts.report_rest()
        assert one.headlines()[1:] == ["5 more parts of dumps could not be read"]


def test_rejects_nobody_was_told_of_are_told_with_the_next_ones(tmp_path: Path) -> None:
    clock = FrozenClock()
    with process(tmp_path, clock) as one:
        one.ingest("a.txt", 1)
        one.ingest("b.txt", 2)
        one.ingest("c.txt", 4, source="customs")
        clock.advance(HOUR)
        one.ingest("d.txt", 3)
        one.alerts.report_rest()
        *others, last = one.stores.archive.messages()
    assert "5 parts of dumps could not be read" in last.text
    assert "and 2 of dumps before it" in last.text
    assert len(others) == 2


def test_a_crash_between_a_dump_and_its_alert_loses_no_word(tmp_path: Path) -> None:
    with process(tmp_path, FrozenClock()) as one:
        one.ingest("a.txt", 2, is_reported=False)
    with process(tmp_path, FrozenClock()) as one:
        one.alerts.report_rest()
        assert one.headlines() == ["2 more parts of dumps could not be read"]


def test_a_pass_tells_of_all_rejects_before_it_ends(tmp_path: Path) -> None:
    with process(tmp_path, FrozenClock()) as one:
        one.ingest("a.txt")
        one.ingest("b.txt", 2)
        one.alerts.report_rest(occasion=":rest")
        assert one.headlines() == ["1 part of a dump could not be read", "2 more parts of dumps could not be read"]


def test_what_a_busy_store_did_not_take_is_not_counted_as_told(tmp_path: Path) -> None:
    class Busy:
        is_busy = True

        def __init__(self, outbox: Outbox) -> None:
            self._outbox = outbox

        def enqueue(self, message: Message, *, key: str, now: object) -> bool:
            if self.is_busy:
                raise StoreError("the state store failed: database is locked")
            return self._outbox.enqueue(message, key=key, now=FrozenClock().now())

    with process(tmp_path, FrozenClock()) as one:
        busy = Busy(one.stores.outbox)
        operator = OperatorAlerts(channels=("desk",), outbox=busy, clock=one.clock)  # type: ignore[arg-type]  # only this method is used
        alerts = RejectAlerts(store=one.stores.store, source_states=one.stores.source_states, operator=operator)
        one.ingest("a.txt", 2, is_reported=False)
        alerts.report_rest()
        busy.is_busy = False
        alerts.report_rest()
        alerts.report_rest()
        assert one.headlines() == ["2 more parts of dumps could not be read"]


def test_a_reject_that_was_fixed_before_anybody_was_told_is_not_told(tmp_path: Path) -> None:
    with process(tmp_path, FrozenClock()) as one:
        one.ingest("a.txt", 1, is_reported=False)
        one.clock.advance(HOUR)
        one.ingest("a.txt", 0, is_reported=False)
        one.alerts.report_rest()
        assert one.headlines() == []
