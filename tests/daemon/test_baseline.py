"""The first releases of a source are recorded and tell nobody; the next ones alert."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.collect.source import Habits, Source
from monitor.collect.watching.folder import Folder
from monitor.config import load
from monitor.daemon.bootstrap import working
from monitor.daemon.ingester import Intake
from monitor.daemon.operator_alerts import Operator
from monitor.errors import StoreError
from monitor.health.counters import Counters
from monitor.match.matcher import Watchlist, Watchlists
from monitor.model import Batch, Mode, Report
from monitor.pipeline import Audience
from monitor.records import EventFilter
from monitor.store.sqlite.archive import SqliteArchive
from monitor.store.sqlite.channel_states import SqliteSwitchboard
from monitor.store.sqlite.database import Handle, open_for_reading, open_for_writing
from monitor.store.sqlite.outbox import SqliteOutbox
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
    with working(load(project.folder / "config.yaml", environ={}), verb="run") as works:
        works.run_once()


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
    with working(load(project.folder / "config.yaml", environ={}), verb="run") as works:
        [source] = works.intake.sources
        first, _ = works.intake.waiting(source)
        works.intake.take_in(first, source, mode=Mode.ONCE)
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
        with working(load(project.folder / "config.yaml", environ={}), verb="ingest") as works:
            works.ingest(files, source=None, is_again=False)
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

    def commit(self, batch: Batch, *, now: datetime) -> Report:
        if batch.dump.name in self.locked:
            raise StoreError("the state store failed: database is locked")
        return super().commit(batch, now=now)


class Desk:
    """An intake on a real folder and a real store; one life of the process."""

    def __init__(self, folder: Path, store: BusyStore) -> None:
        self.handle = store._handle
        self.outbox = SqliteOutbox(self.handle)
        self.clock = FrozenClock()
        self.board = SqliteSwitchboard(self.handle)
        self.source = Source(
            folder=Folder(source="motie", path=os.fsencode(folder), files=("*.txt",)),
            habits=Habits(timezone=ZoneInfo("UTC")),
            wants_baseline=True,
        )
        self.intake = Intake(
            [self.source],
            audience=Audience(
                watchlists=Watchlists([Watchlist(name="fta", keywords=("FTA",))]), routes={"fta": ["team"]}
            ),
            store=store,
            clock=self.clock,
            switchboard=self.board,
            operator=Operator(channels=["team"], outbox=self.outbox, clock=self.clock),
            counters=Counters(),
        )

    def scan(self) -> Sequence[bytes]:
        return self.intake.waiting(self.source)

    def take_in(self, *paths: bytes) -> None:
        for path in paths:
            self.intake.take_in(path, self.source, mode=Mode.WATCH)

    def based(self) -> list[str]:
        return messages_in(self.handle)

    def told(self) -> list[str]:
        return [one.notice.item.title for one in self.outbox.waiting("team")]


def test_a_file_that_cannot_be_taken_in_keeps_no_baseline_open_and_floods_nobody(
    tmp_path: Path, handle: Handle
) -> None:
    (tmp_path / "a.txt").write_text(TALKS)
    (tmp_path / "b.txt").write_text(VISIT)
    store = BusyStore(handle)
    store.locked = frozenset({"b.txt"})
    desk = Desk(tmp_path, store)
    desk.take_in(*desk.scan())
    assert desk.based() == [based("motie", 1, 1)]
    store.locked = frozenset()
    desk.take_in(*desk.scan())
    (tmp_path / "c.txt").write_text(ROUND)
    desk.take_in(*desk.scan())
    assert (desk.told(), len(desk.based())) == (["A new round"], 1)


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
    desk = Desk(tmp_path, BusyStore(handle))
    first, second = desk.scan()
    desk.take_in(first)
    Path(os.fsdecode(second)).unlink()
    assert (desk.scan(), desk.based()) == ([], [based("motie", 1, 1)])
    Path(os.fsdecode(second)).write_text(VISIT)
    desk.take_in(*desk.scan())
    assert desk.told() == ["Visit to a plant"]


def test_a_store_that_fails_at_the_end_of_a_baseline_ends_it_later(tmp_path: Path, handle: Handle) -> None:
    class Failing(BusyStore):
        is_full = True

        def end_baseline(self, source: str) -> None:
            if self.is_full:
                raise StoreError("the disk is full")
            super().end_baseline(source)

    (tmp_path / "a.txt").write_text(TALKS)
    store = Failing(handle)
    desk = Desk(tmp_path, store)
    for path in desk.scan():
        try:
            desk.take_in(path)
        except StoreError:
            store.is_full = False
    assert store.begin_baseline("motie")  # it is open still
    assert (desk.scan(), desk.based()) == ([], [based("motie", 1, 1)])  # told once
    assert not store.begin_baseline("motie")


def test_a_muted_watchlist_is_recorded_and_tells_nobody_until_its_mute_ends(tmp_path: Path, handle: Handle) -> None:
    desk = Desk(tmp_path, BusyStore(handle))
    desk.scan()
    desk.board.mute("fta", until=desk.clock.now() + timedelta(hours=8))
    (tmp_path / "a.txt").write_text(TALKS)
    desk.take_in(*desk.scan())
    desk.clock.advance(timedelta(hours=8))
    (tmp_path / "b.txt").write_text(VISIT)
    desk.take_in(*desk.scan())
    events = SqliteArchive(handle).events(EventFilter())
    assert [(event.watchlists, event.alert) for event in events] == [(("fta",), ()), (("fta",), ("fta",))]
    assert desk.told() == ["Visit to a plant"]
