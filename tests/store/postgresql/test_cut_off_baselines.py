"""A baseline whose monitor does not come back: the others alert to it, and it may still go on."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.daemon.cut_off_baselines import report_cut_off_baselines
from monitor.daemon.operator_alerts import OperatorAlerts
from monitor.store.postgresql.archive import PostgresqlArchive
from monitor.store.postgresql.source_states import PostgresqlSourceStates
from monitor.store.postgresql.store import PostgresqlStore
from monitor.testing import FrozenClock
from tests.contract.takes import record, take_in
from tests.store.postgresql.nodes import Node, OpenNode

HOUR_AGO = "UPDATE node SET beat_at = beat_at - interval '61 minutes' WHERE node = :node"


@dataclass(frozen=True)
class Place:
    """One monitor and what it does about the source; what it stores is old."""

    node: Node

    @property
    def states(self) -> PostgresqlSourceStates:
        return PostgresqlSourceStates(self.node.shared.handle, place=self.node.facts.node)

    def begin(self, *, is_stored: bool = True) -> Place:
        assert self.states.begin_baseline("motie")
        if is_stored:
            take_in(PostgresqlStore(self.node.shared.handle, self.node.shared.membership), record("Talks held"))
        return self

    def fall_silent(self) -> None:
        self.node.query(HOUR_AGO.replace(":node", f"'{self.node.facts.node}'"))

    def report(self) -> list[str]:
        """Do what the one with the chores does at a tick, and return all alerts so far."""
        operator = OperatorAlerts(channels=["desk"], outbox=self.node.outbox, clock=FrozenClock())
        report_cut_off_baselines(self.states, operator)
        return [message.text for message in PostgresqlArchive(self.node.shared.handle).messages()]


def test_it_is_alerted_once_after_an_hour_and_its_monitor_goes_on_with_it(open_node: OpenNode) -> None:
    gone, other = Place(open_node("a").join()).begin(), Place(open_node("b").join())
    assert other.report() == []
    gone.fall_silent()
    [first] = other.report()
    assert "baseline of motie was cut off: 1 release, 1 would match" in first
    assert "name of a" in first
    assert other.report() == [first]
    assert gone.states.begin_baseline("motie")


def test_one_that_another_place_has_taken_or_takes_is_not_alerted(open_node: OpenNode) -> None:
    gone, other = Place(open_node("a").join()).begin(), Place(open_node("b").join()).begin(is_stored=False)
    gone.fall_silent()
    assert other.report() == []
    other.states.end_baseline("motie")
    other.fall_silent()
    assert Place(open_node("c").join()).report() == []


def test_one_that_has_recorded_nothing_is_not_alerted(open_node: OpenNode) -> None:
    gone, other = Place(open_node("a").join()).begin(is_stored=False), Place(open_node("b").join())
    gone.fall_silent()
    assert other.report() == []


def test_one_that_a_command_takes_beside_no_daemon_is_not_alerted_while_it_runs(open_node: OpenNode) -> None:
    busy, other = Place(open_node("a")).begin(), Place(open_node("b").join())
    busy.node.query("UPDATE file SET at = clock_timestamp()")
    assert other.report() == []
    busy.node.query("UPDATE file SET at = clock_timestamp() - interval '61 minutes'")
    [alert] = other.report()
    assert "The monitor that recorded them" in alert
