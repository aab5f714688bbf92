"""The wall clock of one process is wrong, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.shifted_clock import compiler, shifted

_PROGRAM = "import time; print(time.time(), time.clock_gettime(time.CLOCK_MONOTONIC))"


def test_only_the_wall_clock_is_shifted(tmp_path: Path) -> None:
    if (found := compiler()) is None:
        pytest.skip("there is no C compiler")
    environ = {**os.environ, **shifted(tmp_path, seconds=300, compiler=found)}
    wall, steady = time.time(), time.monotonic()
    words = [sys.executable, "-c", _PROGRAM]
    out = subprocess.run(words, env=environ, capture_output=True, text=True, check=True).stdout.split()
    assert 300 <= float(out[0]) - wall < 330
    assert 0 <= float(out[1]) - steady < 30
