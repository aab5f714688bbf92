"""Baselines of several places: each is alerted once, also one whose monitor does not come back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.collect.source import Source, SourceOptions
from monitor.collect.watching.folder import Folder
from monitor.daemon.cut_off_baselines import report_cut_off_baselines
from monitor.daemon.ingester import Ingester
from monitor.daemon.operator_alerts import OperatorAlerts
from monitor.health.counters import Counters
from monitor.ingest_values import BaselineCounts, Mode
from monitor.match.matcher import Matcher
from monitor.pipeline import Routing
from monitor.secret import Secret
from monitor.store.open import Stores, open_shared_stores
from monitor.store.postgresql.archive import PostgresqlArchive
from monitor.store.postgresql.source_states import PostgresqlSourceStates
from monitor.store.postgresql.store import PostgresqlStore
from monitor.testing import FrozenClock
from tests.contract.takes import record, take_in
from tests.postgresql_databases import Databases
from tests.store.postgresql.nodes import Node, OpenNode
from tests.store.postgresql.two_monitors import Two, two_monitors

HOUR_AGO = "UPDATE node SET beat_at = beat_at - interval '61 minutes' WHERE node = :node"


@pytest.fixture
def two(databases: Databases, tmp_path: Path) -> Iterator[Two]:
    with two_monitors(databases.url(tmp_path / "state")) as made:
        yield made


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
            self.take(record("Talks held"))
        return self

    def take(self, text: str, *, name: str = "a.txt") -> None:
        take_in(PostgresqlStore(self.node.shared.handle, self.node.shared.membership), text, name=name)

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


def test_a_place_that_joins_later_counts_what_it_has_added_itself(open_node: OpenNode) -> None:
    first = Place(open_node("a").join()).begin()
    first.states.end_baseline("motie")
    later = Place(open_node("b").join()).begin(is_stored=False)
    assert later.states.baseline("motie") == BaselineCounts(releases=0, matched=0, place="b")
    later.take(record("Talks held"))  # which the first one has stored
    assert later.states.baseline("motie").releases == 0
    later.take(record("Another visit", "They went to see a plant."), name="b.txt")
    assert later.states.baseline("motie") == BaselineCounts(releases=1, matched=1, place="b")
    assert first.states.baseline("motie").releases == 2
    later.fall_silent()
    [alert] = first.report()
    assert "was cut off: 1 release, 1 would match" in alert
    assert first.report() == [alert]


def test_places_that_begin_together_share_one_alert(open_node: OpenNode) -> None:
    one, other = Place(open_node("a").join()).begin(), Place(open_node("b").join()).begin(is_stored=False)
    assert (one.states.baseline("motie"), other.states.baseline("motie")) == (
        BaselineCounts(1, 1),
        BaselineCounts(1, 1),
    )


def test_each_place_that_adds_something_without_alerts_is_alerted_once(two: Two, tmp_path: Path) -> None:
    """One that finds only what others have stored has nothing to tell."""
    (tmp_path / "own").mkdir()
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "a.txt").write_text(record("Talks held"), "utf-8")
    take_baseline(two.one, folder)
    take_baseline(two.other, folder)
    with open_shared_stores(Secret(two.url), place="third") as third:
        (tmp_path / "own" / "b.txt").write_text(record("Another visit", "They went to see a plant."), "utf-8")
        take_baseline(third, tmp_path / "own")
    assert [message.text.partition("\n")[0] for message in two.one.archive.messages()] == [
        "baseline of motie taken: 1 release, 0 would match",
        "baseline of motie taken: 1 release, 0 would match",
    ]


def take_baseline(stores: Stores, folder: Path) -> None:
    """Ingest a folder for the first time."""
    source = Source(
        folder=Folder(source="motie", path=os.fsencode(folder), files=("*.txt",)),
        options=SourceOptions(timezone=ZoneInfo("UTC")),
        wants_baseline=True,
    )
    ingester = Ingester(
        [source],
        routing=Routing(matcher=Matcher([]), routes={}),
        store=stores.store,
        channel_states=stores.channel_states,
        source_states=stores.source_states,
        operator=OperatorAlerts(channels=["desk"], outbox=stores.outbox, clock=FrozenClock()),
        counters=Counters(),
    )
    for path in ingester.scan(source).pending:
        ingester.ingest(path, source, mode=Mode.WATCH)
