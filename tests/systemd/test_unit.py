"""`monitor service`: what the units say, where they go, and who may put them there."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

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
        ("system", "/opt/monitor/bin/monitor", "/etc/monitor/config.yaml", ["state: /var/lib/monitor"]),
        (
            "system",
            "/root/venv/bin/monitor",
            "/home/ana/c.yaml",
            ["/var/lib/monitor", "/root/venv", "/home/ana/c.yaml"],
        ),
        ("user", "/home/ana/venv/bin/monitor", "/home/ana/c.yaml", ["enable-linger"]),
    ],
)
def test_what_would_keep_a_service_from_working_is_said(kind: str, program: str, config: str, notes: list[str]) -> None:
    found = list(Service(kind=kind, folder=Path("/x"), program=Path(program), config=Path(config)).notes())
    assert [part for part, note in zip(notes, found, strict=True) if part not in note] == []


def test_the_systems_service_is_exposed_little(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed here; the directives themselves are tested above")
    file = tmp_path / "monitor.service"
    file.write_text(unit("system"))
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", file],
        capture_output=True,
        text=True,
        check=False,
    )
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze rates no files (--offline came with systemd 250)")
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found, done.stderr
    assert float(found[1]) <= EXPOSURE


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


@pytest.mark.parametrize("verb", ["install", "uninstall"])
def test_the_systems_services_are_roots(tmp_path: Path, verb: str) -> None:
    service = Service(kind="system", folder=tmp_path, program=Path("/opt/m"), config=Path("/etc/m.yaml"))
    with not_root(), pytest.raises(MonitorError, match="use sudo, or --user"):
        list(getattr(service, verb)())
    assert [*tmp_path.iterdir()] == []
