"""The first releases of a source are recorded and tell nobody; the next ones alert."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
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
from monitor.match.matcher import Matcher, Watchlist
from monitor.model import Batch, IngestReport, Mode
from monitor.pipeline import Routing
from monitor.ports import SourceStates
from monitor.records import EventFilter
from monitor.store.sqlite.archive import SqliteArchive
from monitor.store.sqlite.channel_states import SqliteChannelStates
from monitor.store.sqlite.database import Handle, open_for_reading, open_for_writing
from monitor.store.sqlite.outbox import SqliteOutbox
from monitor.store.sqlite.source_states import SqliteSourceStates
from monitor.store.sqlite.store import SqliteStore
from monitor.testing import FrozenClock
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
watchlists: {fta: {keywords: [FTA]}}
"""
MORE = CONFIG.replace("motie: {path: seeds/}", "motie: {path: seeds/}\n  customs: {path: customs/}")


def run_once(project: Project) -> None:
    with open_runtime(load(project.folder / "config.yaml", environ={}), verb="run") as runtime:
        runtime.run_once()


def messages(project: Project) -> list[str]:
    with closing(open_for_reading(project.folder / "state")) as handle:
        return messages_in(handle)


def messages_in(handle: Handle) -> list[str]:
    """What each message is about: a system message its headline, another one the titles it tells."""
    return [
        message.text.partition("\n")[0] if message.kind == "system" else ", ".join(item.title for item in message.items)
        for message in SqliteArchive(handle).messages()
    ]


def told(project: Project) -> list[tuple[str, bool, bool]]:
    """Of each event the dump, whether a watchlist matched, and whether one told."""
    rows = project.run("events", "--json").rows()
    return [(row["dump"], bool(row["watchlists"]), bool(row["alert"])) for row in rows]


def based(source: str, releases: int, matched: int) -> str:
    return f"baseline of {source} taken: {releases} releases, {matched} would match"


def test_a_first_scan_tells_one_thing_and_what_comes_later_alerts(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG)
    project.drop("a.txt", TALKS)
    project.drop("b.txt", record("Other news", "Nothing of interest was said."))
    run_once(project)
    assert messages(project) == [based("motie", 2, 1)]
    project.drop("c.txt", VISIT)
    run_once(project)
    assert messages(project) == [based("motie", 2, 1), "Visit to a plant"]
    assert told(project) == [("a.txt", True, False), ("b.txt", False, False), ("c.txt", True, True)]


def test_a_first_scan_that_finds_nothing_is_a_baseline_too(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG)
    run_once(project)
    project.drop("a.txt", TALKS)
    run_once(project)
    assert messages(project) == [based("motie", 0, 0), "FTA talks held"]


def test_a_baseline_that_was_cut_off_goes_on(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG)
    project.drop("a.txt", TALKS)
    project.drop("b.txt", VISIT)
    with open_runtime(load(project.folder / "config.yaml", environ={}), verb="run") as runtime:
        [source] = runtime.ingester.sources
        first, _ = runtime.ingester.waiting(source)
        runtime.ingester.ingest(first, source, mode=Mode.ONCE)
    assert messages(project) == []
    run_once(project)
    project.drop("c.txt", ROUND)
    run_once(project)
    assert messages(project) == [based("motie", 2, 2), "A new round"]


def test_a_source_added_to_an_old_store_floods_nobody(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG)
    project.drop("a.txt", TALKS)
    run_once(project)
    project.write_config(MORE)
    (project.folder / "customs").mkdir()
    (project.folder / "customs" / "x.txt").write_text(VISIT, "utf-8")
    project.drop("b.txt", ROUND)
    run_once(project)
    assert sorted(messages(project)) == sorted([based("motie", 1, 1), based("customs", 1, 1), "A new round"])


def test_a_missing_folder_has_its_baseline_when_it_appears(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=MORE)
    run_once(project)
    (project.folder / "customs").mkdir()
    (project.folder / "customs" / "x.txt").write_text(VISIT, "utf-8")
    run_once(project)
    assert messages(project) == [based("motie", 0, 0), based("customs", 1, 1)]


def test_a_first_ingest_is_the_baseline(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG)
    first, second = project.drop("a.txt", TALKS), project.drop("b.txt", VISIT)
    for files in ([first], [second]):
        with open_runtime(load(project.folder / "config.yaml", environ={}), verb="ingest") as runtime:
            runtime.ingest(files, source=None, is_again=False)
    assert messages(project) == [based("motie", 1, 1), "Visit to a plant"]


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


class BusyStore(SqliteStore):
    """Stores no dump of the names that are locked."""

    locked: frozenset[str] = frozenset()

    def commit(self, batch: Batch, *, now: datetime) -> IngestReport:
        if batch.dump.name in self.locked:
            raise StoreError("the state store failed: database is locked")
        return super().commit(batch, now=now)


class Desk:
    """An intake on a real folder and a real store; one life of the process."""

    def __init__(self, folder: Path, store: BusyStore, source_states: SourceStates | None = None) -> None:
        self.handle = store._handle
        self.outbox = SqliteOutbox(self.handle)
        self.clock = FrozenClock()
        self.board = SqliteChannelStates(self.handle)
        self.source = Source(
            folder=Folder(source="motie", path=os.fsencode(folder), files=("*.txt",)),
            options=SourceOptions(timezone=ZoneInfo("UTC")),
            wants_baseline=True,
        )
        self.ingester = Ingester(
            [self.source],
            routing=Routing(matcher=Matcher([Watchlist(name="fta", keywords=("FTA",))]), routes={"fta": ["team"]}),
            store=store,
            channel_states=self.board,
            source_states=source_states or SqliteSourceStates(self.handle),
            operator=OperatorAlerts(channels=["team"], outbox=self.outbox, clock=self.clock),
            counters=Counters(),
        )

    def scan(self) -> Sequence[bytes]:
        return self.ingester.waiting(self.source)

    def take_in(self, *paths: bytes) -> None:
        for path in paths:
            self.ingester.ingest(path, self.source, mode=Mode.WATCH)

    def based(self) -> list[str]:
        return messages_in(self.handle)

    def told(self) -> list[str]:
        return [one.notice.item.title for one in self.outbox.pending_notices("team")]


def test_a_file_that_cannot_be_taken_in_keeps_no_baseline_open_and_floods_nobody(
    tmp_path: Path, handle: Handle
) -> None:
    (tmp_path / "a.txt").write_text(TALKS)
    (tmp_path / "b.txt").write_text(VISIT)
    store = BusyStore(handle)
    store.locked = frozenset({"b.txt"})
    commands = Desk(tmp_path, store)
    commands.take_in(*commands.scan())
    assert commands.based() == [based("motie", 1, 1)]
    store.locked = frozenset()
    commands.take_in(*commands.scan())
    (tmp_path / "c.txt").write_text(ROUND)
    commands.take_in(*commands.scan())
    assert (commands.told(), len(commands.based())) == (["A new round"], 1)


def test_what_was_dropped_while_nobody_ran_alerts_though_an_old_file_was_never_taken_in(
    tmp_path: Path, handle: Handle
) -> None:
    (tmp_path / "a.txt").write_text(TALKS)
    store = BusyStore(handle)
    store.locked = frozenset({"a.txt"})
    first = Desk(tmp_path, store)
    first.take_in(*first.scan())
    (tmp_path / "c.txt").write_text(ROUND)
    second = Desk(tmp_path, store)
    second.take_in(*second.scan())
    assert second.told() == ["A new round"]


def test_a_file_that_vanishes_before_it_is_read_keeps_no_baseline_open(tmp_path: Path, handle: Handle) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(TALKS)
    commands = Desk(tmp_path, BusyStore(handle))
    first, second = commands.scan()
    commands.take_in(first)
    Path(os.fsdecode(second)).unlink()
    assert (commands.scan(), commands.based()) == ([], [based("motie", 1, 1)])
    Path(os.fsdecode(second)).write_text(VISIT)
    commands.take_in(*commands.scan())
    assert commands.told() == ["Visit to a plant"]


def test_a_store_that_fails_at_the_end_of_a_baseline_ends_it_later(tmp_path: Path, handle: Handle) -> None:
    class Failing(SqliteSourceStates):
        is_full = True

        def end_baseline(self, source: str) -> None:
            if self.is_full:
                raise StoreError("the disk is full")
            super().end_baseline(source)

    (tmp_path / "a.txt").write_text(TALKS)
    source_states = Failing(handle)
    commands = Desk(tmp_path, BusyStore(handle), source_states)
    for path in commands.scan():
        try:
            commands.take_in(path)
        except StoreError:
            source_states.is_full = False
    assert source_states.begin_baseline("motie")  # it is open still
    assert (commands.scan(), commands.based()) == ([], [based("motie", 1, 1)])  # told once
    assert not source_states.begin_baseline("motie")


def test_a_muted_watchlist_is_recorded_and_tells_nobody_until_its_mute_ends(tmp_path: Path, handle: Handle) -> None:
    commands = Desk(tmp_path, BusyStore(handle))
    commands.scan()
    commands.board.mute("fta", until=commands.clock.now() + timedelta(hours=8))
    (tmp_path / "a.txt").write_text(TALKS)
    commands.take_in(*commands.scan())
    commands.clock.advance(timedelta(hours=8))
    (tmp_path / "b.txt").write_text(VISIT)
    commands.take_in(*commands.scan())
    events = SqliteArchive(handle).events(EventFilter())
    assert [(event.watchlists, event.alert) for event in events] == [(("fta",), ()), (("fta",), ("fta",))]
    assert commands.told() == ["Visit to a plant"]
