"""The wheel: built offline, installed into a clean environment, and used there as its users would."""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from monitor import __version__
from tests.end_to_end.harness import ROOT, record
from tests.packaging.building import built, copied_tree

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


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
    wheel = built("wheel", copied_tree(folder), folder)
    venv.create(folder / "venv", symlinks=True)
    packages = next((folder / "venv" / "lib").glob("python*/site-packages"))
    (packages / "what_the_wheel_needs.pth").write_text(sysconfig.get_path("purelib"))
    command = (folder / "venv" / "bin" / "python", "-m", "installer", "--validate-record", "all", wheel)
    subprocess.run(command, capture_output=True, check=True)
    return Installation(folder=folder / "venv", wheel=wheel)


def test_the_wheel_holds_all_that_is_read_at_run_time(installed: Installation) -> None:
    names = set(zipfile.ZipFile(installed.wheel).namelist())
    wanted = {path.relative_to(ROOT).as_posix() for path in (ROOT / "monitor").rglob("*") if path.is_file()}
    missing = {name for name in wanted - names if "__pycache__" not in name}
    assert missing == set()
    release = f"press_monitor-{__version__}"
    assert {name.split("/")[0] for name in names} == {"monitor", f"{release}.dist-info", f"{release}.data"}
    assert {
        "monitor/schemas/events.json",
        "monitor/systemd/monitor.service",
        "monitor/store/sqlite/schema.sql",
    } <= names
    assert "monitor/notify/templates/mail.html.j2" in names


def test_an_installation_has_the_manual_page_where_man_looks(installed: Installation) -> None:
    page = installed.folder / "share" / "man" / "man1" / "monitor.1"
    assert page.read_text("utf-8").startswith(f'.TH MONITOR 1 "" "monitor {__version__}"')


def test_the_wheel_says_what_an_index_shows(installed: Installation) -> None:
    with zipfile.ZipFile(installed.wheel) as archive:
        [name] = (one for one in archive.namelist() if one.endswith(".dist-info/METADATA"))
        said = message_from_bytes(archive.read(name))
    assert (said["Name"], said["Version"], said["License-Expression"]) == ("press-monitor", __version__, "MIT")
    urls = dict(one.split(", ") for one in said.get_all("Project-URL", []))
    assert set(urls) == {"Documentation", "Source", "Issues", "Changelog"}
    assert {urlsplit(url).scheme for url in urls.values()} == {"https"}
    assert {"Typing :: Typed", "Topic :: System :: Monitoring"} <= set(said.get_all("Classifier", []))
    assert said.get_all("Provides-Extra") == ["postgres", "regex"]


def test_the_sdist_builds_the_same_wheel(tmp_path: Path, installed: Installation) -> None:
    sdist = built("sdist", copied_tree(tmp_path), tmp_path)
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    [tree] = (tmp_path / "unpacked").iterdir()
    assert {"CHANGELOG.md", "LICENSE", "README.md", "requirements-run.lock"} <= {path.name for path in tree.iterdir()}
    assert contents(built("wheel", tree, tmp_path)) == contents(installed.wheel)


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_clean_installation_says_help_begins_and_takes_a_dump_in(installed: Installation, tmp_path: Path) -> None:
    assert installed.run("--version", cwd=tmp_path).stdout == f"monitor, version {__version__}\n"
    assert "Ingest " in installed.run("--help", cwd=tmp_path).stdout
    assert installed.run("config", "init", cwd=tmp_path).returncode == 0
    (tmp_path / "seeds").mkdir(exist_ok=True)
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
