"""The first releases of a source are recorded without alerts; the next ones alert."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from monitor.collect.source import Source, SourceOptions
from monitor.collect.watching.folder import Folder
from monitor.config import load
from monitor.daemon.bootstrap import open_runtime
from monitor.daemon.ingester import Ingester
from monitor.daemon.operator_alerts import OperatorAlerts
from monitor.errors import StoreError
from monitor.health.counters import Counters
from monitor.ingest_values import Batch, IngestReport, Mode
from monitor.match.matcher import Matcher, Watchlist
from monitor.pipeline import Routing
from monitor.ports import SourceStates
from monitor.records import EventFilter
from monitor.store.channel_states import SqlChannelStates
from monitor.store.outbox import SqlOutbox
from monitor.store.source_states import SqlSourceStates
from monitor.store.sqlite.archive import SqliteArchive
from monitor.store.sqlite.database import open_for_reading, open_for_writing
from monitor.store.sqlite.handle import Handle
from monitor.store.store import SqlStore
from monitor.testing import FrozenClock
from monitor.text import plural
from tests.end_to_end.harness import Project, record

TALKS = record("FTA talks held", "Delegations met in Seoul on Monday and agreed to meet again.")
VISIT = record("Visit to a plant", "The visit to the FTA desk ended with a dinner.")
ROUND = record("A new round", "The next round of FTA talks begins in autumn, the office said.")
CONFIG = """
state: state/
first_run: baseline
sources:
  motie: {path: seeds/}
channels: {team: {url: "console://"}}
operator: {notify: [team]}
watchlists: {fta: {keywords: [FTA]}}
"""
MORE = CONFIG.replace("motie: {path: seeds/}", "motie: {path: seeds/}\n  customs: {path: customs/}")


def run_once(project: Project) -> None:
    with open_runtime(load(project.folder / "config.yaml", environ={}), verb="run") as runtime:
        runtime.run_once()


def messages(project: Project) -> list[str]:
    with closing(open_for_reading(project.folder / "state")) as handle:
        return messages_of(handle)


def messages_of(handle: Handle) -> list[str]:
    """Return the headline of each system message, and the titles of each other message."""
    return [
        message.text.partition("\n")[0] if message.kind == "system" else ", ".join(item.title for item in message.items)
        for message in SqliteArchive(handle).messages()
    ]


def events(project: Project) -> list[tuple[str, bool, bool]]:
    """Return of each event the dump, whether a watchlist matched, and whether one alerted."""
    rows = project.run("events", "--json").rows()
    return [(row["dump"], bool(row["watchlists"]), bool(row["alert"])) for row in rows]


def baseline_alert(source: str, releases: int, matched: int) -> str:
    return f"baseline of {source} taken: {plural(releases, 'release')}, {matched} would match"


def test_a_first_scan_alerts_once_and_what_comes_later_alerts(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG)
    project.drop("a.txt", TALKS)
    project.drop("b.txt", record("Other news", "Nothing of interest was said."))
    run_once(project)
    assert messages(project) == [baseline_alert("motie", 2, 1)]
    project.drop("c.txt", VISIT)
    run_once(project)
    assert messages(project) == [baseline_alert("motie", 2, 1), "Visit to a plant"]
    assert events(project) == [("a.txt", True, False), ("b.txt", False, False), ("c.txt", True, True)]


def test_a_first_scan_that_finds_nothing_is_a_baseline_too(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG)
    run_once(project)
    project.drop("a.txt", TALKS)
    run_once(project)
    assert messages(project) == [baseline_alert("motie", 0, 0), "FTA talks held"]


def test_a_baseline_that_was_cut_off_goes_on(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG)
    project.drop("a.txt", TALKS)
    project.drop("b.txt", VISIT)
    with open_runtime(load(project.folder / "config.yaml", environ={}), verb="run") as runtime:
        [source] = runtime.ingester.sources
        first, _ = runtime.ingester.scan(source).pending
        runtime.ingester.ingest(first, source, mode=Mode.ONCE)
    assert messages(project) == []
    run_once(project)
    project.drop("c.txt", ROUND)
    run_once(project)
    assert messages(project) == [baseline_alert("motie", 2, 2), "A new round"]


def test_a_source_added_to_an_old_store_floods_nobody(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG)
    project.drop("a.txt", TALKS)
    run_once(project)
    project.write_config(MORE)
    (project.folder / "customs").mkdir()
    (project.folder / "customs" / "x.txt").write_text(VISIT, "utf-8")
    project.drop("b.txt", ROUND)
    run_once(project)
    assert sorted(messages(project)) == sorted(
        [baseline_alert("motie", 1, 1), baseline_alert("customs", 1, 1), "A new round"]
    )


def test_a_missing_folder_has_its_baseline_when_it_appears(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=MORE)
    run_once(project)
    (project.folder / "customs").mkdir()
    (project.folder / "customs" / "x.txt").write_text(VISIT, "utf-8")
    run_once(project)
    assert messages(project) == [baseline_alert("motie", 0, 0), baseline_alert("customs", 1, 1)]


def test_a_first_ingest_is_the_baseline(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG)
    first, second = project.drop("a.txt", TALKS), project.drop("b.txt", VISIT)
    for files in ([first], [second]):
        with open_runtime(load(project.folder / "config.yaml", environ={}), verb="ingest") as runtime:
            runtime.ingest(files, source=None, is_again=False)
    assert messages(project) == [baseline_alert("motie", 1, 1), "Visit to a plant"]


def test_a_source_may_alert_from_the_first(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG.replace("path: seeds/", "path: seeds/, first_run: alert"))
    project.drop("a.txt", TALKS)
    run_once(project)
    assert messages(project) == ["FTA talks held"]


# --- what cannot be read, and mutes --------------------------------------------------------------------------------


@pytest.fixture
def handle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handle]:
    with closing(open_for_writing(tmp_path_factory.mktemp("state"))) as handle:
        yield handle


class BusyStore(SqlStore):
    """Stores no dump whose name is locked."""

    locked: frozenset[str] = frozenset()

    def commit(self, batch: Batch, *, now: datetime) -> IngestReport:
        if batch.dump.name in self.locked:
            raise StoreError("the state store failed: database is locked")
        return super().commit(batch, now=now)


class IngestProcess:
    """An ingester on a real folder and a real store, as one process has it."""

    def __init__(self, folder: Path, store: BusyStore, source_states: SourceStates | None = None) -> None:
        self.handle = cast("Handle", store._handle)
        self.outbox = SqlOutbox(self.handle)
        self.clock = FrozenClock()
        self.channel_states = SqlChannelStates(self.handle)
        self.source = Source(
            folder=Folder(source="motie", path=os.fsencode(folder), files=("*.txt",)),
            options=SourceOptions(timezone=ZoneInfo("UTC")),
            wants_baseline=True,
        )
        self.ingester = Ingester(
            [self.source],
            routing=Routing(matcher=Matcher([Watchlist(name="fta", keywords=("FTA",))]), routes={"fta": ["team"]}),
            store=store,
            channel_states=self.channel_states,
            source_states=source_states or SqlSourceStates(self.handle),
            operator=OperatorAlerts(channels=["team"], outbox=self.outbox, clock=self.clock),
            counters=Counters(),
        )

    def scan(self) -> list[bytes]:
        return list(self.ingester.scan(self.source).pending)

    def ingest(self, *paths: bytes) -> None:
        for path in paths:
            self.ingester.ingest(path, self.source, mode=Mode.WATCH)

    def system_messages(self) -> list[str]:
        return messages_of(self.handle)

    def pending_titles(self) -> list[str]:
        return [one.notice.item.title for one in self.outbox.pending_notices("team")]


def test_a_file_that_cannot_be_ingested_keeps_no_baseline_open_and_floods_nobody(
    tmp_path: Path, handle: Handle
) -> None:
    (tmp_path / "a.txt").write_text(TALKS)
    (tmp_path / "b.txt").write_text(VISIT)
    store = BusyStore(handle)
    store.locked = frozenset({"b.txt"})
    process = IngestProcess(tmp_path, store)
    process.ingest(*process.scan())
    assert process.system_messages() == [baseline_alert("motie", 1, 1)]
    store.locked = frozenset()
    process.ingest(*process.scan())
    (tmp_path / "c.txt").write_text(ROUND)
    process.ingest(*process.scan())
    assert (process.pending_titles(), len(process.system_messages())) == (["A new round"], 1)


def test_what_was_dropped_while_nobody_ran_alerts_though_an_old_file_was_never_ingested(
    tmp_path: Path, handle: Handle
) -> None:
    (tmp_path / "a.txt").write_text(TALKS)
    store = BusyStore(handle)
    store.locked = frozenset({"a.txt"})
    first = IngestProcess(tmp_path, store)
    first.ingest(*first.scan())
    (tmp_path / "c.txt").write_text(ROUND)
    second = IngestProcess(tmp_path, store)
    second.ingest(*second.scan())
    assert second.pending_titles() == ["A new round"]


def test_a_file_that_vanishes_before_it_is_read_keeps_no_baseline_open(tmp_path: Path, handle: Handle) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(TALKS)
    process = IngestProcess(tmp_path, BusyStore(handle))
    first, second = process.scan()
    process.ingest(first)
    Path(os.fsdecode(second)).unlink()
    assert (process.scan(), process.system_messages()) == ([], [baseline_alert("motie", 1, 1)])
    Path(os.fsdecode(second)).write_text(VISIT)
    process.ingest(*process.scan())
    assert process.pending_titles() == ["Visit to a plant"]


def test_a_store_that_fails_at_the_end_of_a_baseline_ends_it_later(tmp_path: Path, handle: Handle) -> None:
    class Failing(SqlSourceStates):
        is_full = True

        def end_baseline(self, source: str) -> None:
            if self.is_full:
                raise StoreError("the disk is full")
            super().end_baseline(source)

    (tmp_path / "a.txt").write_text(TALKS)
    source_states = Failing(handle)
    process = IngestProcess(tmp_path, BusyStore(handle), source_states)
    for path in process.scan():
        try:
            process.ingest(path)
        except StoreError:
            source_states.is_full = False
    assert source_states.begin_baseline("motie")  # it is open still
    assert (process.scan(), process.system_messages()) == ([], [baseline_alert("motie", 1, 1)])  # alerted once
    assert not source_states.begin_baseline("motie")


def test_a_muted_watchlist_is_recorded_without_alerts_until_its_mute_ends(tmp_path: Path, handle: Handle) -> None:
    process = IngestProcess(tmp_path, BusyStore(handle))
    process.scan()
    process.channel_states.mute("fta", until=process.clock.now() + timedelta(hours=8))
    (tmp_path / "a.txt").write_text(TALKS)
    process.ingest(*process.scan())
    process.clock.advance(timedelta(hours=8))
    (tmp_path / "b.txt").write_text(VISIT)
    process.ingest(*process.scan())
    events = SqliteArchive(handle).events(EventFilter())
    assert [(event.watchlists, event.alert) for event in events] == [(("fta",), ()), (("fta",), ("fta",))]
    assert process.pending_titles() == ["Visit to a plant"]
