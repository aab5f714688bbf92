"""Build the wheel and the sdist of a copy of the tree, offline, with what the lock installs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.end_to_end.harness import ROOT

FILES = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "requirements-run.lock")
FOLDERS = ("monitor", "data")
_BUILD = "import flit_core.buildapi as build, sys; print(build.build_{kind}(sys.argv[1]))"


def copied_tree(folder: Path) -> Path:
    """Return a copy of what is built, so that nothing else in the repository counts and nothing is left there."""
    source = folder / "source"
    for name in FOLDERS:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, source)
    return source


def built(kind: str, source: Path, folder: Path) -> Path:
    """Return the file that is built from a tree; kind: wheel or sdist."""
    done = subprocess.run(
        [sys.executable, "-c", _BUILD.format(kind=kind), folder],
        cwd=source,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return folder / done.stdout.strip().splitlines()[-1]
