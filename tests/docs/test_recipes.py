"""docs/howto.md, run as its readers do: crontab lines by cron's rules, scripts and variables by a real shell."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sysconfig
from datetime import date
from pathlib import Path

import pytest

from tests.docs.shells import PATH, cron_runs, run_sh
from tests.end_to_end.harness import CONFIG, ROOT, Project, record
from tests.servers import Answer, closed_port, http_server

PAGE = (ROOT / "docs" / "howto.md").read_text("utf-8")
MONITOR = shlex.quote(str(Path(sysconfig.get_path("scripts")) / "monitor"))
BACKUP, CLEAN_UP = re.search(r"```crontab\n(.*db backup.*)\n(.*)\n```", PAGE).groups()  # type: ignore[union-attr]
FETCH = re.search(r"```sh\n(#!/bin/sh\n.*?)```", PAGE, re.DOTALL)
SECRETS = re.search(r"```sh\n(SLACK_URL=.*?)```", PAGE, re.DOTALL)
READ_SECRETS = re.search(r"^sudo sh -c '(set -a; .*)'$", PAGE, re.MULTILINE)
GENERATOR = Path("/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A monitor whose channel is a secret that only its daemon knows."""
    project = Project(tmp_path / "p", config=CONFIG % "${SLACK_URL}")
    project.drop("a.txt", record("Talks held", "Delegations met in Seoul on Monday."))
    return project


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SLACK_URL", f"json://127.0.0.1:{closed_port()}")
    return os.environ["SLACK_URL"]


@pytest.mark.usefixtures("slack")
def test_the_crontab_backs_up_each_night_without_the_secret_of_a_channel(project: Project, tmp_path: Path) -> None:
    backups, environ = tmp_path / "backups", {"MONITOR_CONFIG": str(project.folder / "config.yaml")}
    backups.mkdir()
    (backups / "old.db").touch()
    os.utime(backups / "old.db", (0, 0))
    line, clean_up = (one.replace("/var/backups/monitor", backups.name) for one in (BACKUP, CLEAN_UP))
    line = line.replace("/opt/monitor/bin/monitor", MONITOR)

    before = date.today()  # noqa: DTZ011 - the day of date(1), which is that of the machine
    with project.daemon():
        done = cron_runs(line, home=tmp_path, environ=environ)
    assert (done.returncode, cron_runs(clean_up, home=tmp_path).returncode) == (0, 0), done.stderr
    [made] = backups.iterdir()
    assert made.name in (f"{before}.db", f"{date.today()}.db")  # noqa: DTZ011

    made.unlink()
    done = cron_runs(line, home=tmp_path, environ=environ)  # the same while no daemon runs
    assert (done.returncode, len([*backups.iterdir()])) == (0, 1), done.stderr
    assert done.stderr == "", "cron mails it each night"


def test_cron_would_cut_the_line_at_a_percent_sign_without_its_backslash(tmp_path: Path) -> None:
    done = cron_runs(BACKUP.replace("\\%", "%").replace("/opt/monitor/bin/monitor", "echo"), home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")


def test_every_line_of_a_crontab_is_one() -> None:
    lines = [line for block in re.findall(r"```crontab\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
    assert len(lines) >= 3
    for line in lines:
        assert cron_runs(line.replace(line.split(maxsplit=5)[5], "true"), home=Path("/")).returncode == 0


def test_the_script_for_cron_drops_a_whole_file_or_none(tmp_path: Path) -> None:
    if shutil.which("curl", path=PATH) is None:
        pytest.skip("curl is not installed here")
    assert FETCH
    script = FETCH[1].replace("/srv/press/harbour", "harbour").replace("--retry 2", "")
    (tmp_path / "harbour").mkdir()
    with http_server(Answer(body=b"<rss/>"), Answer(status=503)) as server:
        script = script.replace("https://harbour.example/news.rss", f"{server.url}/news.rss")
        assert run_sh(script, folder=tmp_path).returncode == 0
        assert run_sh(script, folder=tmp_path).returncode != 0
    [file] = (tmp_path / "harbour").iterdir()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d{6}\.xml", file.name)
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"<rss/>", 0o644)


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """The file of secrets as the page writes it."""
    assert SECRETS
    (tmp_path / "environment").write_text(SECRETS[1], "utf-8")
    return tmp_path / "environment"


def as_written(text: str) -> dict[str, str]:
    return dict(re.findall(r"^(\w+)='(.*)'$", text, re.MULTILINE))


def test_a_shell_reads_the_secrets_as_they_are_written(secrets: Path, tmp_path: Path) -> None:
    done = run_sh(f"set -a; . ./{secrets.name}; env", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    read = dict(line.split("=", 1) for line in done.stdout.splitlines())
    expected = as_written(secrets.read_text("utf-8"))
    assert set(expected) == {"SLACK_URL", "MAIL_URL"}
    assert {name: read[name] for name in expected} == expected


def test_systemd_reads_the_secrets_as_they_are_written(secrets: Path, tmp_path: Path) -> None:
    """By the program of systemd that prints what it reads from such files, for `EnvironmentFile=` takes a manager."""
    if not GENERATOR.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("systemd's reader of such files is not installed here")
    (tmp_path / "environment.d").mkdir()
    shutil.copy(secrets, tmp_path / "environment.d" / "monitor.conf")
    environ = {"PATH": PATH, "XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run([GENERATOR], env=environ, capture_output=True, text=True, check=True)
    read = dict(line.split("=", 1) for line in shlex.split(done.stdout))
    expected = as_written(secrets.read_text("utf-8"))
    assert {name: read[name] for name in expected} == expected


def test_the_other_commands_find_the_secrets_in_a_shell(project: Project, secrets: Path, slack: str) -> None:
    secrets.write_text(f"SLACK_URL='{slack}?a=b&c=d'\n")
    assert READ_SECRETS
    command = READ_SECRETS[1].replace("/etc/monitor/environment", os.path.relpath(secrets, project.folder))
    command = command.replace("/opt/monitor/bin/monitor status", f"{MONITOR} check")
    done = run_sh(command, folder=project.folder)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
