"""A daemon whose store cannot be used when it starts: it runs, says so, and goes on by itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from tests.end_to_end.forking import Process
from tests.end_to_end.harness import MONITOR, Daemon, Project, record
from tests.end_to_end.test_store_trouble import fill, project_with, stored
from tests.servers import http_server


@contextmanager
def paused_daemon(project: Project) -> Iterator[tuple[Daemon, str]]:
    """The daemon, as soon as it has said why it waits."""
    process = Process([*MONITOR[1:], "run", "--log-format", "json"], folder=project.folder)
    with closing(process):
        daemon = Daemon(process)
        try:
            yield daemon, daemon.wait_for_event("start_paused")[0]["reason"]
        finally:
            process.kill()
            daemon.join()


@contextmanager
def full_disk(state: Path) -> Iterator[None]:
    fill(state.parent / "ballast", but=0)
    yield
    (state.parent / "ballast").unlink()


@contextmanager
def locked_store(state: Path) -> Iterator[None]:
    with closing(sqlite3.connect(state / "monitor.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@pytest.mark.parametrize(
    ("trouble", "said"), [(full_disk, "make room"), (locked_store, "another program")], ids=["full", "locked"]
)
def test_a_start_waits_for_the_store_and_goes_on_by_itself(
    small_disk: Path, tmp_path: Path, trouble: Callable[[Path], AbstractContextManager[None]], said: str
) -> None:
    state = small_disk / "state"
    with http_server() as server:
        project = project_with(tmp_path / "p", server, state=state)
        project.drop("a.txt", record("First FTA talks", "They met in Seoul."))
        assert project.run("run", "--once").code == 0
        with ExitStack() as later:
            with trouble(state):
                with paused_daemon(project) as (daemon, reason):
                    assert (said in reason, str(state) in reason) == (True, True)
                    [status] = project.run("status", "--json").rows()
                    assert (status["ok"], said in status["daemon"]["paused"]) == (False, True)
                    assert "waits for its state store" in project.run("mute", "hook", "1h").err
                    assert project.run("reload").code == 0
                    daemon.wait_for_event("config_reloaded")
                    assert daemon.stop() == 0
                daemon, _ = later.enter_context(paused_daemon(project))
            daemon.wait_for_event("started")
            project.drop("b.txt", record("Second FTA talks", "They met in Busan."))
            stored(daemon, "b.txt")
            daemon.wait_for_event("message_sent")
            assert daemon.stop() == 0
        assert len(server.requests) == 2


def test_what_needs_a_person_still_ends_the_start(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    project.drop("a.txt", record("First FTA talks", "They met in Seoul."))
    assert project.run("run", "--once").code == 0
    (project.folder / "state" / "monitor.db").write_bytes(b"no database at all " * 999)
    done = project.run_apart("run")
    assert (done.code, "monitor db restore" in done.err) == (1, True)
