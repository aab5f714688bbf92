"""A daemon whose store is damaged in one place: it says so, and does whatever the rest of the store still allows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.end_to_end.harness import Project, record
from tests.end_to_end.test_store_trouble import paused, project_with
from tests.servers import Answer, http_server


def damage(state: Path, name: str) -> None:
    """Overwrite the first page of a table or an index."""
    with closing(sqlite3.connect(state / "monitor.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        [root] = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,)).fetchone()
        [size] = connection.execute("PRAGMA page_size").fetchone()
    with (state / "monitor.db").open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xa5" * size)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "p")
    project.drop("a.txt", record("First FTA talks", "They met in Seoul."))
    assert project.run("run", "--once").code == 0
    return project


@pytest.mark.parametrize("name", ["file", "message_due"])
def test_a_start_goes_on_with_what_a_damaged_store_still_gives(project: Project, name: str) -> None:
    damage(project.folder / "state", name)
    with project.daemon() as daemon:
        assert "db verify" in daemon.wait_for_event("store_damaged")[0]["reason"]
        assert "db verify" in paused(project)
        assert daemon.stop() == 0


def test_a_damaged_list_of_files_keeps_no_waiting_message_back(tmp_path: Path) -> None:
    with http_server(Answer(status=503), Answer()) as server:
        project = project_with(tmp_path / "p", server, state=tmp_path / "p" / "state")
        project.drop("a.txt", record("First FTA talks", "They met in Seoul."))
        project.run("run", "--once")
        damage(tmp_path / "p" / "state", "file")
        with project.daemon() as daemon:
            project.run("alerts", "retry", "1")
            project.run("channels", "resume", "hook")  # which is paused for 15 s after the failure
            daemon.wait_for_event("message_sent")
            assert daemon.stop() == 0
