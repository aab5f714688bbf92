"""Provide a folder for deep trees."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def top(tmp_path: Path) -> Iterator[Path]:
    """A folder for deep trees, which Python's own removal cannot take away."""
    folder = tmp_path / "top"
    folder.mkdir()
    yield folder
    subprocess.run(["rm", "-rf", folder], check=True)
