"""The exit codes of the product, row by row; that a process ends with them is proved in journey/test_here.py."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from monitor.cli.exit_codes import EXIT_CODES
from monitor.errors import ConfigError, LockHeld, MonitorError, UsageError
from tests.end_to_end.harness import ROOT, Project, record
from tests.servers import Answer, http_server

TALKS = record("FTA talks held", "Delegations met in Seoul on Monday and agreed to meet again.")
BROKEN = 'sources: {a: {path: seeds/}}\nchannels: {c: {url: "console://"}}\nwatch: {settle: soon}\n'
FAILING_TEST = """
sources: {a: {path: seeds/}}
channels: {c: {url: "console://"}}
watchlists: {fta: {keywords: [FTA], tests: [{match: nothing of the kind}]}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "p")


@pytest.mark.parametrize("words", ["run --once", "check", "events", "status", "config show", "--help", "--version"])
def test_0_when_all_is_well(project: Project, words: str) -> None:
    assert project.run("run", "--once").code == 0
    assert project.run(*words.split()).code == 0


def test_0_after_a_clean_stop(project: Project) -> None:
    with project.daemon() as daemon:
        assert daemon.stop(signal.SIGTERM) == 0


@pytest.mark.parametrize("words", ["events", "show 1", "status --check", "channels test nobody", "ingest missing.txt"])
def test_1_when_it_failed(project: Project, words: str) -> None:
    assert project.run(*words.split()).code == 1


def test_1_when_a_watchlists_own_test_fails_and_running_goes_on(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=FAILING_TEST)
    assert (project.run("check").code, project.run("run", "--once").code) == (1, 0)


@pytest.mark.parametrize(
    "words",
    ["nonsense", "run --twice", "show x", "events --since yesterday", "ingest a.csv", "config schema --output x"],
)
def test_2_when_the_usage_is_wrong(project: Project, words: str) -> None:
    (project.folder / "a.csv").write_text(TALKS)
    assert project.run(*words.split()).code == 2


@pytest.mark.parametrize("words", ["run --once", "ingest seeds/half.txt"])
def test_3_when_a_record_was_rejected_now_but_not_for_older_ones(project: Project, words: str) -> None:
    project.drop("half.txt", f"{TALKS}\n-\nHalf\nwrit")
    assert project.run(*words.split()).code == 3
    assert project.run("run", "--once").code == 0


def test_3_when_a_due_message_stays_unsent(tmp_path: Path) -> None:
    with http_server(Answer(status=503)) as server:
        project = Project(tmp_path / "p", url=f"json://127.0.0.1:{server.port}")
        project.drop("a.txt", TALKS)
        assert project.run("run", "--once").code == 3


def test_11_when_another_monitor_has_the_state_folder(project: Project) -> None:
    path = project.drop("a.txt", TALKS)
    with project.daemon():
        for words in (("run",), ("run", "--once"), ("ingest", str(path))):
            assert project.run_apart(*words).code == 11
        assert project.run("status").code == 0, "reading is always allowed"


@pytest.mark.parametrize("words", ["run --once", "check", "config show", "mute a 8h", "db prune"])
def test_78_when_the_configuration_is_wrong(tmp_path: Path, words: str) -> None:
    project = Project(tmp_path / "p", config=BROKEN)
    assert project.run(*words.split()).code == 78
    assert project.run("-c", "missing.yaml", *words.split()).code == 78


def test_78_before_a_daemon_starts(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=BROKEN)
    assert project.run_apart("run").code == 78
    assert project.run_apart("-c", "missing.yaml", "run").code == 78


def test_130_after_ctrl_c(project: Project) -> None:
    with project.daemon() as daemon:
        assert daemon.stop(signal.SIGINT) == 130


def test_69_when_dev_finds_no_python(tmp_path: Path) -> None:
    for name in ("dev", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    environ = {"PATH": "/usr/bin:/bin", "PYTHON": "python2.7-of-long-ago"}
    done = subprocess.run([tmp_path / "dev", "test"], capture_output=True, text=True, env=environ, check=False)
    assert (done.returncode, "no Python 3.11 or newer found" in done.stderr) == (69, True)
    assert not (tmp_path / ".venv").exists()


def test_the_table_for_people_lists_what_the_errors_carry() -> None:
    kinds = (MonitorError, UsageError, LockHeld, ConfigError)
    assert {kind.exit_code for kind in kinds} | {0, 3, 130} == set(EXIT_CODES)
