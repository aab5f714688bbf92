"""A source that is renamed in the configuration, with `was:` beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from monitor.config import load
from monitor.daemon.bootstrap import open_runtime
from monitor.daemon.source_rename import rename_sources
from monitor.errors import ConfigError, WrongState
from monitor.ingest_values import Mode
from monitor.model import Kind
from monitor.records import EventFilter
from monitor.secret import Secret
from monitor.store.open import Access, open_shared_stores, open_stores
from monitor.store_location import StoreLocation
from tests.end_to_end.harness import Project, record
from tests.postgresql_databases import Databases
from tests.store.postgresql.nodes import facts_of

TALKS = record("FTA talks held", "Delegations met in Seoul on Monday and agreed to meet again.")
VISIT = record("Visit to a plant", "The visit to the FTA desk ended with a dinner.")
CONFIG = """
state: state/
sources:
  %s
channels: {team: {url: "console://"}}
watchlists: {fta: {keywords: [FTA]}}
watch: {settle: 50ms, rescan: 1s}
"""
OLD, NEW = "motie: {path: seeds/}", "산업부: {path: seeds/, was: [motie]}"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """One release was told under the old name."""
    project = Project(tmp_path / "p", config=CONFIG % OLD)
    project.drop("a.txt", TALKS)
    run_once(project)
    return project


def run_once(project: Project) -> None:
    with open_runtime(load(project.folder / "config.yaml", environ={}), verb="run --once") as runtime:
        runtime.run_once()


def events(project: Project) -> list[tuple[Any, Any, Any]]:
    """Of each event the source, the title, and whether anybody was told."""
    with open_stores(StoreLocation(folder=project.folder / "state"), Access.READ) as stores:
        events = stores.archive.events(EventFilter())
    return [(event.source, event.title, bool(event.alert)) for event in events]


def test_a_renamed_source_tells_what_is_new_and_nothing_again(project: Project) -> None:
    project.write_config(CONFIG % NEW)
    project.drop("b.txt", f"{TALKS}\n{VISIT}")
    run_once(project)
    run_once(project)
    assert events(project) == [("산업부", "FTA talks held", True), ("산업부", "Visit to a plant", True)]


def test_without_the_earlier_name_all_is_told_again(project: Project) -> None:
    """Which is what `was:` is there for."""
    project.write_config(CONFIG % NEW.replace(", was: [motie]", ""))
    run_once(project)
    assert events(project) == [("motie", "FTA talks held", True), ("산업부", "FTA talks held", True)]


def test_a_renamed_source_does_not_begin_with_a_baseline(project: Project) -> None:
    project.write_config((CONFIG % NEW).replace("state: state/", "state: state/\nfirst_run: baseline"))
    project.drop("b.txt", VISIT)
    run_once(project)
    assert events(project)[-1] == ("산업부", "Visit to a plant", True)


def test_one_dump_that_is_taken_in_by_hand_renames_too(project: Project) -> None:
    project.write_config(CONFIG % NEW)
    with open_runtime(load(project.folder / "config.yaml", environ={}), verb="ingest") as runtime:
        [report] = runtime.ingest([project.seeds / "a.txt"], source=None, is_again=False)
    assert report is not None
    assert report.status == "duplicate"


def test_several_earlier_names_are_all_looked_for_and_once_is_enough(project: Project) -> None:
    project.write_config(CONFIG % "산업부: {path: seeds/, was: [mke, motie, motir]}")
    config = load(project.folder / "config.yaml", environ={})
    with open_stores(config.location, Access.WRITE) as stores:
        assert [rename_sources(config, stores.maintenance) for _ in range(2)] == [True, False]


def test_a_daemon_that_reads_a_new_name_renames_between_two_dumps(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG % OLD)
    with project.daemon() as daemon:
        project.drop("a.txt", TALKS)
        daemon.wait_for_output("FTA talks held")
        project.write_config((CONFIG % NEW).replace("state: state/", "state: state/\nfirst_run: baseline"))
        [line] = daemon.wait_for_event("source_renamed")
        assert (line["old"], line["new"], line["releases"]) == ("motie", "산업부", 1)
        daemon.wait_for_event("started", 2)
        project.drop("b.txt", f"{TALKS}\n{VISIT}")
        daemon.wait_for_output("Visit to a plant")
        assert daemon.stop() == 0
    assert events(project) == [("산업부", "FTA talks held", True), ("산업부", "Visit to a plant", True)]


def test_what_waits_at_a_reload_with_a_new_name_is_no_baseline(project: Project) -> None:
    """The new configuration is built before the old one ends, and with it the wish for a baseline."""
    with open_runtime(load(project.folder / "config.yaml", environ={}), verb="run") as runtime:
        project.write_config((CONFIG % NEW).replace("state: state/", "state: state/\nfirst_run: baseline"))
        changed = runtime.rebuilt_for(load(project.folder / "config.yaml", environ={}))
        project.drop("b.txt", VISIT)
        changed.after_renames().run_once()
    assert events(project)[-1] == ("산업부", "Visit to a plant", True)


def test_an_earlier_name_that_comes_back_is_another_source(project: Project) -> None:
    project.write_config(CONFIG % NEW)
    run_once(project)
    again = "산업부: {path: seeds/}\n  motie: {path: other/}"
    (project.folder / "other").mkdir()
    (project.folder / "other" / "c.txt").write_text(TALKS, "utf-8")
    project.write_config(CONFIG % again)
    with open_runtime(load(project.folder / "config.yaml", environ={}), verb="run --once") as runtime:
        [other] = [source for source in runtime.ingester.sources if source.name == "motie"]
        report = runtime.ingester.ingest(bytes(project.folder / "other" / "c.txt"), other, mode=Mode.ONCE).report
    assert report is not None
    assert report.counts[Kind.NEW] == 1


def test_a_reload_with_a_new_name_is_refused_while_another_node_runs(databases: Databases, tmp_path: Path) -> None:
    """The daemon goes on as it was; without this it would end, because the rename is refused."""
    url = databases.url(tmp_path / "database")
    project = Project(tmp_path / "p", config=f'store: "{url}"\n{CONFIG % OLD}')
    project.drop("a.txt", TALKS)
    with (
        open_runtime(load(project.folder / "config.yaml", environ={}), verb="run") as runtime,
        open_shared_stores(Secret(url), place="south") as south,
    ):
        runtime.run_once()
        assert south.nodes
        south.nodes.join(facts_of("south"))
        project.write_config(f'store: "{url}"\n{CONFIG % NEW}')
        with pytest.raises(WrongState, match="name of south"):
            runtime.rebuilt_for(load(project.folder / "config.yaml", environ={}))
        south.nodes.leave()
        renamed = runtime.rebuilt_for(load(project.folder / "config.yaml", environ={})).after_renames()
        project.write_config(f'store: "{url}"\n{CONFIG % OLD}')
        with pytest.raises(ConfigError, match="has renamed 'motie' to '산업부'"):
            renamed.rebuilt_for(load(project.folder / "config.yaml", environ={}))
