"""The wheel: built offline, unpacked into a clean environment, and used there as its users would."""

from __future__ import annotations

import configparser
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.harness import ROOT, record

SOURCES = ("pyproject.toml", "README.md", "LICENSE")
BUILD = "import flit_core.buildapi as build, sys; print(build.build_wheel(sys.argv[1]))"
# As installers write it for a Python whose path has a space, or is longer than the kernel takes behind #!.
_SCRIPT = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import sys
from {module} import {name}
sys.exit({name}())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A clean environment that has the wheel, and what the wheel asks for from the tests' own environment."""

    folder: Path
    wheel: Path

    def run(self, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        environ: Mapping[str, str] = {**os.environ, "PYTHONPATH": "", "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin"}
        return subprocess.run(["monitor", *words], cwd=cwd, env=environ, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    folder = tmp_path_factory.mktemp("the wheel")
    wheel = built(folder)
    venv.create(folder / "venv", symlinks=True)
    packages = next((folder / "venv" / "lib").glob("python*/site-packages"))
    with zipfile.ZipFile(wheel) as archive:  # which is all that installing a wheel of pure Python is
        archive.extractall(packages)
    (packages / "what_the_wheel_needs.pth").write_text(sysconfig.get_path("purelib"))
    write_scripts(packages, folder / "venv" / "bin")
    return Installation(folder=folder / "venv", wheel=wheel)


def built(folder: Path) -> Path:
    """From a copy: building must not depend on what else lies in the repository, and leaves nothing in it."""
    source = folder / "source"
    shutil.copytree(ROOT / "monitor", source / "monitor", ignore=shutil.ignore_patterns("__pycache__"))
    for name in SOURCES:
        shutil.copy(ROOT / name, source)
    done = subprocess.run(
        [sys.executable, "-c", BUILD, folder], cwd=source, capture_output=True, text=True, check=True, timeout=120
    )
    return folder / done.stdout.strip().splitlines()[-1]


def write_scripts(packages: Path, folder: Path) -> None:
    """The commands that the wheel's entry points name."""
    [entries] = packages.glob("press_monitor-*.dist-info/entry_points.txt")
    parser = configparser.ConfigParser()
    parser.read(entries)
    for script, target in parser["console_scripts"].items():
        module, _, name = target.partition(":")
        (folder / script).write_text(_SCRIPT.format(python=folder / "python", module=module, name=name))
        (folder / script).chmod(0o755)


def test_the_wheel_holds_all_that_is_read_at_run_time(installed: Installation) -> None:
    names = set(zipfile.ZipFile(installed.wheel).namelist())
    wanted = {path.relative_to(ROOT).as_posix() for path in (ROOT / "monitor").rglob("*") if path.is_file()}
    missing = {name for name in wanted - names if "__pycache__" not in name}
    assert missing == set()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"monitor"}
    assert {
        "monitor/schemas/events.json",
        "monitor/systemd/monitor.service",
        "monitor/store/sqlite/schema.sql",
    } <= names
    assert "monitor/notify/templates/mail.html.j2" in names


def test_a_clean_installation_says_help_begins_and_takes_a_dump_in(installed: Installation, tmp_path: Path) -> None:
    assert "Ingest " in installed.run("--help", cwd=tmp_path).stdout
    assert installed.run("config", "init", cwd=tmp_path).returncode == 0
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "a.txt").write_text(record("FTA talks held", "Delegations met in Seoul on Monday."))
    done = installed.run("run", "--once", cwd=tmp_path)
    assert (done.returncode, "FTA talks held" in done.stdout) == (0, True), done.stderr
    [event] = installed.run("events", "--json", cwd=tmp_path).stdout.splitlines()
    assert json.loads(event)["kind"] == "new"
    assert installed.run("config", "schema", "--output", "events", cwd=tmp_path).returncode == 0


def test_a_clean_installation_runs_its_own_code_and_names_its_own_program(
    installed: Installation, tmp_path: Path
) -> None:
    unit = installed.run("service", "install", "--dry-run", cwd=tmp_path).stdout
    assert f'ExecStart="{installed.folder / "bin" / "monitor"}" --config' in unit
