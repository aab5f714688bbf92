"""A store moves to a database and back by commands; what is announced is announced once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.end_to_end.harness import Project, record
from tests.end_to_end.in_process import run_here
from tests.postgresql_databases import Databases
from tests.postgresql_server import schema

SHARED = 'store: "${STORE_URL}"\n'
TALKS = record("FTA talks held", "Delegations met in Seoul on Monday.")
MOVED = record("FTA talks held", "Delegations met in Seoul on Monday. The next round is in May.")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose folder has a store of one alert."""
    made = Project(tmp_path / "p", url="console://")
    made.drop("a.txt", TALKS)
    assert made.run("run", "--once").code == 0
    return made


@pytest.fixture
def address(postgresql_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database without tables."""
    with schema(postgresql_server, f"moved_{os.getpid()}") as url:
        monkeypatch.setenv("STORE_URL", url)
        yield url


def kinds(project: Project) -> list[str]:
    return [json.loads(line)["kind"] for line in project.run("events", "--json").out.splitlines()]


def sent(project: Project) -> int:
    return project.run("alerts", "--json").out.count('"sent"')


def test_a_store_moves_into_a_database_and_back(project: Project, address: str) -> None:
    alone = (project.folder / "config.yaml").read_text()
    done = project.run("db", "copy", "${STORE_URL}")
    assert (done.code, "every text was compared" in done.out, "`store:`" in done.out) == (0, True, True), done.err
    for words in (["run", "--once"], ["ingest", "seeds/a.txt"], ["mute", "hook", "1h"], ["db", "copy", "elsewhere"]):
        refused = project.run(*words)
        assert (refused.code, "was copied to postgresql://" in refused.err) == (1, True), (words, refused.err)
        assert "`monitor db copy --undo`" in refused.err
    assert kinds(project) == ["new"]
    ill = project.run("doctor")
    assert (ill.code, "it was copied to postgresql://" in ill.out) == (1, True)
    project.write_config(SHARED + alone)
    assert project.run("run", "--once").code == 0
    assert (kinds(project), sent(project)) == (["new"], 1)
    project.drop("b.txt", MOVED)
    assert project.run("run", "--once").code == 0
    assert (kinds(project), sent(project)) == (["new", "changed"], 2)
    assert "FTA talks held" in project.run("releases", "talks").out
    assert project.run("db", "verify", "--deep").code == 0
    back = project.run("db", "copy", "state")
    assert (back.code, "without `store:`" in back.out) == (0, True), back.err
    assert project.run("run", "--once").code == 1
    ill = project.run("doctor")
    assert (ill.code, f"it was copied to {project.folder / 'state'}" in ill.out) == (1, True), ill.out
    project.write_config(alone)
    assert project.run("run", "--once").code == 0
    assert (kinds(project), sent(project)) == (["new", "changed"], 2)
    assert project.run("db", "verify", "--deep").code == 0
    assert len(list((project.folder / "state").glob("monitor.db.replaced-*"))) > 0


def test_a_store_moves_through_a_pooler_and_back(
    project: Project, pooled_databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORE_URL", pooled_databases.url(tmp_path / "behind"))
    alone = "pooler: true\n" + (project.folder / "config.yaml").read_text()
    project.write_config(alone)
    assert project.run("db", "copy", "${STORE_URL}").code == 0
    project.write_config(SHARED + alone)
    assert (project.run("db", "verify", "--deep").code, kinds(project)) == (0, ["new"])
    assert project.run("db", "copy", "state").code == 0
    project.write_config(alone)
    assert (project.run("db", "verify", "--deep").code, kinds(project)) == (0, ["new"])


def test_a_copy_that_nobody_uses_is_undone(project: Project, address: str) -> None:
    assert project.run("db", "copy", "--undo").code == 1
    assert project.run("db", "copy", "${STORE_URL}").code == 0
    undone = project.run("db", "copy", "--undo")
    assert (undone.code, "it was copied to postgresql://" in undone.out) == (0, True)
    assert project.run("run", "--once").code == 0
    again = project.run("db", "copy", "${STORE_URL}")
    assert (again.code, "is not empty" in again.err) == (1, True)
    assert project.run("run", "--once").code == 0


def test_no_password_is_shown_and_none_needs_to_stand_in_a_command(
    project: Project, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORE_URL", "postgresql://monitor:hunter2@127.0.0.1:1/monitor")
    (project.folder / "address").write_text("postgresql://monitor:hunter2@127.0.0.1:1/monitor\n")
    for to in ("${STORE_URL}", "${file:address}"):
        refused = project.run("db", "copy", to)
        assert (refused.code, "hunter2" in refused.out + refused.err) == (1, False)
        assert "monitor:***@127.0.0.1:1" in refused.err
    for to, why in (("${NOTHING}", "NOTHING is not set"), ("mysql://x:hunter2@y/z", "postgresql://"), ("", "empty")):
        refused = project.run("db", "copy", to)
        assert (refused.code, why in refused.err, "hunter2" in refused.err) == (2, True, False), refused.err
    assert project.run("db", "copy").code == 2
    assert project.run("db", "copy", "--undo", "state").code == 2
    piped = run_here(["db", "copy", "-"], folder=project.folder, env={}, given=address + "\n")
    assert piped.code == 0


def test_a_store_is_copied_only_while_no_monitor_runs(project: Project, address: str) -> None:
    with project.daemon() as daemon:
        assert project.run("db", "copy", "${STORE_URL}").code == 11
        daemon.stop()
    assert project.run("db", "copy", "${STORE_URL}").code == 0


def test_a_shared_store_is_backed_up_and_restored_by_commands(
    project: Project, address: str, tmp_path: Path, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = (project.folder / "config.yaml").read_text()
    assert project.run("db", "copy", "${STORE_URL}").code == 0
    project.write_config(SHARED + alone)
    backup = project.run("db", "backup", "copy.db")
    assert (backup.code, backup.out.startswith("copy.db: ")) == (0, True), backup.err
    assert project.run("db", "backup", "copy.db").code == 2
    assert project.run("db", "restore", "copy.db").code == 1  # it is not empty
    assert project.run("run", "--once").code == 0
    monkeypatch.setenv("STORE_URL", databases.url(tmp_path / "fresh"))
    restored = project.run("db", "restore", "copy.db")
    assert (restored.code, restored.out.splitlines()[0]) == (0, "restored from copy.db"), restored.err
    assert project.run("run", "--once").code == 0
    assert (kinds(project), sent(project)) == (["new"], 1)
    rows = [json.loads(line) for line in project.run("db", "verify", "--deep", "--json").out.splitlines()]
    assert [row["check"] for row in rows if not row["ok"]] == []
    assert rows[0]["check"] == "references"
    with psycopg.connect(os.environ["STORE_URL"], autocommit=True) as connection:
        connection.execute("DELETE FROM dump")
    broken = project.run("db", "verify")
    assert (broken.code, "names a row of dump that is not there" in broken.out) == (1, True)
    monkeypatch.delenv("STORE_URL")
    unknown = project.run("db", "backup", "another.db")
    assert (unknown.code, "STORE_URL" in unknown.err) == (78, True)
