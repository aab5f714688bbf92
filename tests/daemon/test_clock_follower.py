"""A jump of the wall clock is reported once, and followed together with the store; on a real store."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.clock import BELIEVED_AFTER
from monitor.control.clock import open_clock
from monitor.daemon.clock_follower import ClockFollower
from monitor.daemon.maintenance import MaintenanceWorker
from monitor.daemon.operator_alerts import OperatorAlerts
from monitor.errors import StoreError
from monitor.health.counters import Counters
from monitor.model import Outcome, Verdict
from monitor.notify.send_time import Policy
from monitor.notify.worker import DeliveryContext, DeliveryWorker
from monitor.ports import Retention
from monitor.store.open import Access, Stores, open_stores
from monitor.store_location import StoreLocation
from monitor.testing import NOON, MemoryOutbox, RecordingChannel, note
from tests.contract.takes import record, take_in
from tests.test_clock import Machine

DAY, YEARS = timedelta(days=1), timedelta(days=3650)


@dataclass(slots=True)
class Followed:
    """A process on a machine whose clock can be set."""

    machine: Machine
    stores: Stores
    counters: Counters
    operator: OperatorAlerts
    follower: ClockFollower

    def tick(self) -> None:
        self.follower.check(self.operator)

    def jump(self, by: timedelta) -> None:
        """Set the wall clock, and let it be followed."""
        self.machine.wall += by
        self.tick()
        self.machine.run(timedelta(seconds=BELIEVED_AFTER))
        self.tick()

    def alerts(self) -> list[str]:
        assert isinstance(self.operator.outbox, MemoryOutbox)
        return [row.message.text.partition("\n")[0] for row in self.operator.outbox.rows]


@pytest.fixture
def followed(tmp_path: Path) -> Iterator[Followed]:
    machine, counters = Machine(), Counters({"motie": NOON})
    with open_stores(StoreLocation(folder=tmp_path / "state"), Access.WRITE, busy=0.01) as stores:
        yield Followed(
            machine,
            stores,
            counters,
            OperatorAlerts(channels=["desk"], outbox=MemoryOutbox(), clock=machine.clock),
            ClockFollower(clock=machine.clock, maintenance=stores.maintenance, counters=counters),
        )


@pytest.mark.parametrize(("by", "direction"), [(YEARS, "forward"), (-DAY, "back")])
def test_a_jump_is_told_once_and_followed_when_it_has_lasted(
    followed: Followed, caplog: pytest.LogCaptureFixture, by: timedelta, direction: str
) -> None:
    caplog.set_level(logging.INFO)
    followed.machine.wall += by
    for _ in range(3):
        followed.tick()
    assert [row.message for row in caplog.records if row.message.startswith("clock")] == ["clock_jumped"]
    assert followed.alerts() == [f"the machine's clock jumped {direction}"]
    assert followed.machine.clock.now() == NOON
    followed.machine.run(timedelta(seconds=BELIEVED_AFTER))
    for _ in range(3):
        followed.tick()
    assert [row.message for row in caplog.records if row.message.startswith("clock")] == [
        "clock_jumped",
        "clock_followed",
    ]
    assert followed.machine.clock.now() == followed.machine.wall
    assert followed.counters.last_dumps().get("motie") == NOON + by


def test_while_the_store_is_locked_nothing_is_followed_and_the_next_tick_tries_again(
    followed: Followed, tmp_path: Path
) -> None:
    followed.stores.outbox.enqueue(note("up", channel="team"), key="up", now=NOON)
    followed.tick()
    with closing(sqlite3.connect(tmp_path / "state" / "monitor.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError):
            followed.jump(YEARS)
        assert followed.machine.clock.moved() == timedelta(0)
        assert followed.counters.last_dumps().get("motie") == NOON
    followed.tick()
    assert followed.machine.clock.moved() == YEARS
    assert followed.stores.outbox.expire(now=followed.machine.wall) == {}


def test_a_process_that_ends_between_jump_and_belief_hands_it_to_the_next(followed: Followed) -> None:
    followed.tick()
    followed.machine.wall += YEARS
    followed.stores.maintenance.note_clock(followed.machine.clock.reading())
    followed.machine.run(timedelta(seconds=BELIEVED_AFTER))
    followed.machine.start(followed.stores.maintenance.clock())
    assert followed.machine.clock.jump() == YEARS


def test_a_message_that_is_on_its_way_while_the_clock_is_set_is_not_given_up(followed: Followed) -> None:
    class Slow(RecordingChannel):
        def send(self, message: object, *, delivery: str) -> Verdict:
            followed.jump(YEARS)
            return Verdict(outcome=Outcome.TRANSIENT, reason="busy")

    stores = followed.stores
    stores.outbox.enqueue(note("up", channel="team"), key="up", now=NOON)
    context = DeliveryContext(
        outbox=stores.outbox, channel_states=stores.channel_states, clock=followed.machine.clock, jitter=lambda: 0.5
    )
    counts = DeliveryWorker(Slow("team"), Policy(), context).deliver_due()
    assert (counts.retried, counts.buried) == (1, 0)
    [message] = stores.archive.messages()
    assert message.state == "pending"
    assert message.due == followed.machine.wall + timedelta(seconds=15)


@pytest.mark.parametrize("by", [YEARS, -DAY], ids=["forward", "back"])
def test_a_verdict_that_waits_for_the_store_while_the_clock_is_set_counts_from_the_new_time(
    followed: Followed, tmp_path: Path, by: timedelta
) -> None:
    stores, clock = followed.stores, followed.machine.clock
    with closing(
        sqlite3.connect(tmp_path / "state" / "monitor.db", isolation_level=None, check_same_thread=False)
    ) as other:

        class Locking(RecordingChannel):
            def send(self, message: object, *, delivery: str) -> Verdict:
                other.execute("BEGIN IMMEDIATE")
                return Verdict(outcome=Outcome.TRANSIENT, reason="busy", retry_after=600.0)

        stores.outbox.enqueue(note("up", channel="team"), key="up", now=NOON)
        context = DeliveryContext(
            outbox=stores.outbox, channel_states=stores.channel_states, clock=clock, jitter=lambda: 0.5
        )
        worker = DeliveryWorker(Locking("team"), Policy(), context)
        with pytest.raises(StoreError):
            worker.deliver_due()
        other.execute("ROLLBACK")
    followed.jump(by)
    worker.deliver_due()
    [message] = stores.archive.messages()
    assert (message.state, message.due) == ("pending", NOON + by + timedelta(seconds=600))


def test_a_clock_that_is_years_ahead_makes_nothing_old_enough_to_be_pruned(followed: Followed) -> None:
    stores, retention = followed.stores, Retention(versions=30 * DAY, messages=30 * DAY, events=30 * DAY)
    take_in(stores.store, record("Talks held"), now=NOON)
    take_in(stores.store, record("Visit ends"), name="b.txt", now=NOON)
    context = DeliveryContext(
        outbox=stores.outbox, channel_states=stores.channel_states, clock=followed.machine.clock, jitter=lambda: 0.5
    )
    DeliveryWorker(RecordingChannel("team"), Policy(), context).deliver_due()
    worker = MaintenanceWorker(maintenance=stores.maintenance, retention=retention, clock=followed.machine.clock)
    followed.jump(YEARS)
    for _ in range(10):
        worker.prune()
        followed.machine.run(DAY)
    assert len(stores.archive.release_events(1)) == 1
    assert stores.maintenance.prune(retention, now=followed.machine.clock.now()).events == 1  # it would be old enough


def test_the_clock_of_the_next_process_goes_on_where_this_one_was(followed: Followed) -> None:
    first = open_clock(followed.stores.maintenance)
    second = open_clock(followed.stores.maintenance)
    assert abs(second.now() - first.now()) < timedelta(seconds=20)
    assert replace(second.reading(), at=NOON, wall=NOON, aged=NOON, uptime=0.0) == replace(
        first.reading(), at=NOON, wall=NOON, aged=NOON, uptime=0.0
    )
