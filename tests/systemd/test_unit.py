"""`monitor service`: what the units say, where they go, and who may put them there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path
from urllib.parse import unquote

import pytest

from monitor.errors import MonitorError
from monitor.systemd.unit import Service
from tests.end_to_end.harness import Project
from tests.rights import not_root

HARDENING = """
DynamicUser=yes StateDirectory=monitor StateDirectoryMode=0700 UMask=0077 CapabilityBoundingSet= AmbientCapabilities=
NoNewPrivileges=yes ProtectSystem=strict ProtectHome=yes PrivateTmp=yes PrivateDevices=yes PrivateUsers=yes
ProtectClock=yes ProtectHostname=yes ProtectKernelLogs=yes ProtectKernelModules=yes ProtectKernelTunables=yes
ProtectControlGroups=yes ProtectProc=invisible ProcSubset=pid LockPersonality=yes MemoryDenyWriteExecute=yes
RestrictNamespaces=yes RestrictRealtime=yes RestrictSUIDSGID=yes SystemCallArchitectures=native
SystemCallFilter=@system-service SystemCallFilter=setpriority
"""
RUNNING = """
Type=notify NotifyAccess=main Restart=on-failure WatchdogSec=2min UMask=0077 NoNewPrivileges=yes
SystemCallFilter=@system-service
"""
EXPOSURE = 2.0


def unit(kind: str, **paths: str) -> str:
    chosen = {"program": "/opt/monitor/bin/monitor", "config": "/etc/monitor/config.yaml", **paths}
    return Service(kind=kind, folder=Path("/x"), **{name: Path(path) for name, path in chosen.items()}).unit()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "with space")  # so that each path needs its quotes, wherever the tests run


@pytest.mark.parametrize(
    ("kind", "needed"), [("system", RUNNING + HARDENING), ("user", RUNNING)], ids=["system", "user"]
)
def test_a_unit_holds_what_it_must(kind: str, needed: str) -> None:
    lines = unit(kind).splitlines()
    assert [line for line in needed.split() if line not in lines] == []
    assert "ExecStart=/opt/monitor/bin/monitor --config /etc/monitor/config.yaml run" in lines
    assert "ExecReload=/bin/kill -HUP $MAINPID" in lines
    assert "RestartPreventExitStatus=2 11 78" in lines
    assert not re.search(r"@[A-Z]+@", unit(kind))


def test_the_systems_unit_shows_how_to_hand_over_a_secret() -> None:
    assert "# LoadCredential=slack:/etc/monitor/slack" in unit("system").splitlines()


def test_a_path_stays_one_word() -> None:
    text = unit("user", program="/home/a b/100%/monitor", config='/x/"$HOME".yaml')
    assert 'ExecStart="/home/a b/100%%/monitor" --config "/x/\\"$$HOME\\".yaml" run' in text


@pytest.mark.parametrize(
    ("kind", "program", "config", "notes"),
    [
        (
            "system",
            "/opt/monitor/bin/monitor",
            "/etc/monitor/config.yaml",
            ["/etc/monitor/environment, ", "state: /var/lib/monitor"],
        ),
        (
            "system",
            "/root/venv/bin/monitor",
            "/home/ana/c.yaml",
            ["NAME='value'", "/var/lib/monitor", "/root/venv", "/home/ana/c.yaml"],
        ),
        ("user", "/home/ana/venv/bin/monitor", "/home/ana/c.yaml", ["~/.config/monitor/environment", "enable-linger"]),
    ],
)
def test_what_would_keep_a_service_from_working_is_said(kind: str, program: str, config: str, notes: list[str]) -> None:
    found = list(Service(kind=kind, folder=Path("/x"), program=Path(program), config=Path(config)).notes())
    assert [part for part, note in zip(notes, found, strict=True) if part not in note] == []


@pytest.fixture
def analyze() -> str:
    found = shutil.which("systemd-analyze")
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            "systemd-analyze is not installed here (package systemd)"
        )
    return found


def test_the_systems_service_is_exposed_little(tmp_path: Path, analyze: str) -> None:
    file = tmp_path / "monitor.service"
    file.write_text(unit("system"))
    done = subprocess.run(
        [analyze, "security", "--offline=true", "--no-pager", file],
        capture_output=True,
        text=True,
        check=False,
    )
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze rates no files (--offline came with systemd 250)")
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found, done.stderr
    assert float(found[1]) <= EXPOSURE


def verified(analyze: str, text: str, folder: Path) -> tuple[int, str]:
    """What systemd says of a unit: all of it, not only what keeps it from starting."""
    file = folder / "monitor.service"
    file.write_text(text)
    scope = ["--user"] if "WantedBy=default.target" in text else []
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(folder), "MANPATH": str(folder)}
    done = subprocess.run([analyze, *scope, "verify", file], env=environ, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize("kind", ["system", "user"])
@pytest.mark.parametrize("place", ["opt", "a b/100%/$HOME", "언론"])
def test_systemd_finds_nothing_in_a_unit(tmp_path: Path, analyze: str, kind: str, place: str) -> None:
    program = tmp_path / place / "bin" / "monitor"
    program.parent.mkdir(parents=True)
    program.symlink_to(Path(sysconfig.get_path("scripts")) / "monitor")
    text = unit(kind, program=str(program), config=str(tmp_path / place / "config.yaml"))
    assert verified(analyze, text, tmp_path) == (0, "")


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("WatchdogSec=2min", "WatchdogSec=soon", "soon"),
        ("UMask=0077", "Umask=0077", "Umask"),
        ("Documentation=", "Documentation=man:no-such-page(1) ", "no-such-page"),
    ],
)
def test_systemd_would_find_something(tmp_path: Path, analyze: str, right: str, wrong: str, said: str) -> None:
    program = Path(sysconfig.get_path("scripts")) / "monitor"
    _, errors = verified(analyze, unit("system", program=str(program)).replace(right, wrong), tmp_path)
    assert said in errors


def test_a_unit_leads_to_the_manual_of_its_own_program() -> None:
    [address] = re.findall(r"^Documentation=(\S+)$", unit("system", program="/opt/a b/100%/bin/monitor"), re.MULTILINE)
    assert unquote(address.replace("%%", "%")) == "file:///opt/a b/100%/share/man/man1/monitor.1"
    program = Path(sysconfig.get_path("scripts")) / "monitor"
    [address] = re.findall(r"^Documentation=(\S+)$", unit("user", program=str(program)), re.MULTILINE)
    assert Path(unquote(address.replace("%%", "%")).removeprefix("file://")).is_file()


def test_a_dry_run_prints_the_unit_and_writes_nothing(project: Project) -> None:
    done = project.run("-c", "my.yaml", "service", "install", "--dry-run")
    assert done.code == 0
    assert f'--config "{project.folder / "my.yaml"}" run\n' in done.out
    assert "DynamicUser=yes\n" in done.out
    assert "--config /etc/monitor/config.yaml run\n" in project.run("service", "install", "--dry-run").out


def test_a_users_service_is_written_and_removed(project: Project) -> None:
    environ = {"XDG_CONFIG_HOME": str(project.folder / "xdg")}
    folder = project.folder / "xdg" / "systemd" / "user"
    for _ in range(2):  # a second time brings it up to date
        done = project.run("service", "install", "--user", env=environ)
        assert (done.code, done.err) == (0, "")
    assert f"wrote {folder / 'monitor.service'}\n" in done.out
    assert "next: systemctl --user daemon-reload && systemctl --user enable --now monitor\n" in done.out
    assert f'--config "{project.folder / "config.yaml"}" run' in (folder / "monitor.service").read_text()
    link = folder / "default.target.wants" / "monitor.service"
    link.parent.mkdir()
    link.symlink_to(folder / "monitor.service")
    done = project.run("service", "uninstall", "--user", env=environ)
    assert (done.code, f"removed {folder / 'monitor.service'}" in done.out) == (0, True)
    assert [path for path in folder.rglob("*") if not path.is_dir()] == []
    done = project.run("service", "uninstall", "--user", env=environ)
    assert (done.code, "there is no such unit" in done.err) == (1, True)


# Stands in for systemctl: this process has no service manager. It knows one unit file and notes what it is asked.
SYSTEMCTL = """#!/bin/sh
echo "$*" >>"{log}"
case "$*" in
    *show*) echo "{unit}" ;;
    *disable*) {disable} ;;
esac
"""


def with_systemctl(project: Project, *, unit_file: Path, disable: str) -> tuple[dict[str, str], Path]:
    """The environment in which systemd runs this unit, and the file of the commands that it was given."""
    log, program = project.folder / "asked", project.folder / "bin" / "systemctl"
    program.parent.mkdir()
    program.write_text(SYSTEMCTL.format(log=log, unit=unit_file, disable=disable))
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    return {"XDG_CONFIG_HOME": str(project.folder / "xdg"), "PATH": path}, log


def test_a_service_that_runs_is_stopped_and_disabled_before_its_unit_is_removed(project: Project) -> None:
    folder = project.folder / "xdg" / "systemd" / "user"
    file = folder / "monitor.service"
    environ, log = with_systemctl(project, unit_file=file, disable=f'[ -f "{file}" ]')
    assert project.run("service", "install", "--user", env=environ).code == 0
    (folder / "monitor.service.d").mkdir()

    done = project.run("service", "uninstall", "--user", env=environ)

    assert (done.code, done.err, file.exists()) == (0, "", False)
    assert done.out.splitlines() == [
        "ran systemctl --user disable --now monitor",
        f"removed {file}; configuration and state stay where they are",
        "ran systemctl --user daemon-reload",
        f"left {file}.d, which systemctl --user edit made",
    ]
    asked = log.read_text().splitlines()
    assert asked[1:] == ["--user disable --now monitor", "--user daemon-reload"]


def test_a_service_that_cannot_be_stopped_keeps_its_unit(project: Project) -> None:
    file = project.folder / "xdg" / "systemd" / "user" / "monitor.service"
    environ, _ = with_systemctl(project, unit_file=file, disable="echo 'Access denied' >&2; exit 1")
    assert project.run("service", "install", "--user", env=environ).code == 0
    done = project.run("service", "uninstall", "--user", env=environ)
    assert (done.code, file.exists()) == (1, True)
    assert "systemctl --user disable --now monitor failed: Access denied" in done.err


def test_a_service_of_the_same_name_elsewhere_is_left_alone(project: Project) -> None:
    environ, log = with_systemctl(project, unit_file=project.folder / "other.service", disable="exit 1")
    assert project.run("service", "install", "--user", env=environ).code == 0
    done = project.run("service", "uninstall", "--user", env=environ)
    assert done.code == 0
    assert "next, where systemd runs: systemctl --user stop monitor; systemctl --user daemon-reload\n" in done.out
    assert len(log.read_text().splitlines()) == 1


@pytest.mark.parametrize("verb", ["install", "uninstall"])
def test_the_systems_services_are_roots(tmp_path: Path, verb: str) -> None:
    service = Service(kind="system", folder=tmp_path, program=Path("/opt/m"), config=Path("/etc/m.yaml"))
    with not_root(), pytest.raises(MonitorError, match="use sudo, or --user"):
        list(getattr(service, verb)())
    assert [*tmp_path.iterdir()] == []
