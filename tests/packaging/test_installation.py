"""The installation of `docs/howto.md`: with all that it asks for, into an environment of its own, by each installer."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from monitor import __version__
from tests.end_to_end.harness import ROOT, record
from tests.packaging.building import copied_tree

PAGE = (ROOT / "docs" / "howto.md").read_text("utf-8")
[GATHER, FROM_WHEELS] = re.findall(r"^(python3 -m pip wheel .*|pipx install --pip-args .*)$", PAGE, re.MULTILINE)
REGEX = 'watchlists: {lines: {regex: "HS [0-9]{4}"}}\n'
REST = 'sources: {motie: {path: seeds/}}\nchannels: {console: {url: "console://"}}\n'


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A folder with the program and all that it asks for, gathered from a package index."""
    if not (os.environ.get("CI") or request.config.getoption("--full")):
        pytest.skip("this asks a package index; --full and CI do it")
    folder = tmp_path_factory.mktemp("gathered")
    command = GATHER.replace("python3", f"'{base_python()}'").replace("wheels", f"'{folder}/wheels'")
    run(["sh", "-c", command], cwd=copied_tree(folder), environ={})
    return folder / "wheels"


def base_python() -> str:
    """The Python that the tests' own environment was made from, with its pip."""
    return str(getattr(sys, "_base_executable", sys.executable))


def run(words: list[str], *, cwd: Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        words, cwd=cwd, env={**os.environ, **environ}, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


def by_pip(wheels: Path, folder: Path) -> Path:
    """What pipx does: an environment of its own, and pip in it."""
    run([base_python(), "-m", "venv", str(folder / "env")], cwd=folder, environ={})
    pip = [str(folder / "env" / "bin" / "python"), "-m", "pip", "install", "-q", "--no-compile"]
    run([*pip, "--no-index", "--find-links", str(wheels), "press-monitor[regex]"], cwd=folder, environ={})
    return folder / "env" / "bin"


def by_pipx(wheels: Path, folder: Path) -> Path:
    environ = {"PIPX_HOME": str(folder / "pipx"), "PIPX_BIN_DIR": str(folder / "bin"), "PIPX_MAN_DIR": str(folder)}
    shutil.copytree(wheels, folder / "wheels")
    run(["sh", "-c", FROM_WHEELS], cwd=folder, environ=environ)
    return folder / "bin"


def by_uv(wheels: Path, folder: Path) -> Path:
    environ = {"UV_TOOL_DIR": str(folder / "tools"), "UV_TOOL_BIN_DIR": str(folder / "bin")}
    offline = ["--no-index", "--find-links", str(wheels), "--python", base_python()]
    run(["uv", "tool", "install", *offline, "press-monitor[regex]"], cwd=folder, environ=environ)
    return folder / "bin"


INSTALLERS: Mapping[str, Callable[[Path, Path], Path]] = {"pip": by_pip, "pipx": by_pipx, "uv": by_uv}


@pytest.mark.parametrize("installer", INSTALLERS)
def test_an_installation_takes_a_dump_in_and_reads_a_regex(wheels: Path, tmp_path: Path, installer: str) -> None:
    if installer != "pip" and shutil.which(installer) is None:
        pytest.skip(f"{installer} is not installed here")
    programs = INSTALLERS[installer](wheels, tmp_path)
    environ = {"PATH": f"{programs}:/usr/bin:/bin", "PYTHONPATH": ""}
    folder = tmp_path / "a folder of one's own"
    folder.mkdir()

    def monitor(*words: str) -> str:
        return run(["monitor", *words], cwd=folder, environ=environ).stdout

    assert monitor("--version") == f"monitor, version {__version__}\n"
    monitor("config", "init")
    (folder / "seeds" / "a.txt").write_text(record("FTA talks held", "Delegations met in Seoul on Monday."))
    assert "FTA talks held" in monitor("run", "--once")
    (folder / "config.yaml").write_text(REST + REGEX)
    monitor("check")
