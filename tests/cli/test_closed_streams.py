"""Run the commands with closed, full and broken standard streams: each does its work and none shows a traceback."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from monitor.cli import COMMANDS
from tests.end_to_end.harness import MONITOR, Project, record
from tests.servers import closed_port

FEW = ("status", "releases", "db backup copy.db")
ALL = (
    *("run --once", "ingest seeds/a.txt", "check", "status", "status --check", "events --json", "releases", "show 1"),
    *(
        "match FTA",
        "preview seeds/a.txt",
        "explain 1",
        "watchlists",
        "alerts show 1",
        "alerts",
        "alerts retry 1",
        "channels",
        "channels test hook",
        "channels resume hook",
    ),
    *("mute hook 1h", "dumps --rejects", "db verify --deep", "db prune", "db backup copy.db", "db restore copy.db"),
    *(
        "doctor",
        "web",
        "watchlists",
        "reload",
        "config show",
        "config schema",
        "service install --help",
        "completion bash",
    ),
    *("--help", "--version", "nonsense", "show 99", "-c missing.yaml status"),
)
STREAMS = (">&-", "2>&-", "<&-", ">&- 2>&-", ">&- 2>&- <&-", ">/dev/full", ">/dev/full 2>/dev/full", "| true")


def project_of(folder: Path) -> Project:
    project = Project(folder / "p", url=f"json://127.0.0.1:{closed_port()}")
    project.drop("a.txt", record("FTA talks held", "Delegations met."))
    project.drop("b.txt", record("FTA visit ends", "The minister came home."))
    project.run("run", "--once")
    return project


def run_with(streams: str, words: str, project: Project) -> str:
    """Run one command with its streams as a shell redirects them; return what its own stderr got."""
    script = f"{shlex.join(MONITOR)} {words} {streams}"
    done = subprocess.run(
        ["/bin/sh", "-c", script], cwd=project.folder, capture_output=True, text=True, timeout=60, check=False
    )
    return done.stderr


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return project_of(tmp_path_factory.mktemp("streams"))


@pytest.mark.parametrize("streams", STREAMS)
def test_a_command_needs_no_streams(tmp_path: Path, shared: Project, streams: str, full: bool) -> None:
    project = project_of(tmp_path) if full else shared
    (project.folder / "copy.db").unlink(missing_ok=True)
    for words in ALL if full else FEW if streams == ">&-" else FEW[-1:]:
        said = run_with(streams, words, project)
        assert "Traceback" not in said, words
        assert "Exception ignored" not in said, words
        if words.startswith("db backup"):
            assert (project.folder / "copy.db").stat().st_size > 0


def test_every_command_is_tried() -> None:
    assert set(COMMANDS) <= {words.split()[0] for words in ALL}


@pytest.mark.parametrize("streams", [">&-", ">/dev/full", "| true"])
def test_all_messages_are_dropped_although_nothing_can_be_printed(tmp_path: Path, streams: str) -> None:
    project = project_of(tmp_path)
    run_with(streams, "alerts drop 1 2", project)
    assert [row["state"] for row in project.run("alerts", "--json").rows()] == ["dropped", "dropped"]
