"""Processor time of short commands, start to end, beside importing pydantic alone, which each of them needs."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench.report import Figure

ROUNDS = 15
_CONFIG = (
    "sources: {a: {path: in/}}\n"
    "channels: {c: {url: 'json://127.0.0.1:9/'}}\n"
    "watchlists: {w: {keywords: [semiconductor, 반도체 수출]}}\n"
)
_FLOOR = "import pydantic"
_PROGRAMS = {
    _FLOOR: ("-c", "import pydantic"),
    "monitor --help": ("-m", "monitor", "--help"),
    "monitor status": ("-m", "monitor", "status"),
    "monitor events": ("-m", "monitor", "events"),
    "monitor run --once, empty folder": ("-m", "monitor", "run", "--once"),
    "monitor check": ("-m", "monitor", "check"),
}


def startup() -> Sequence[Figure]:
    """Run the commands by turns, after a first round that compiles and makes the store."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in").mkdir()
        (folder / "config.yaml").write_text(_CONFIG, "utf-8")
        subprocess.run([sys.executable, "-m", "monitor", "run", "--once"], cwd=folder, capture_output=True, check=True)
        rounds = [
            {what: _processor_time(program, folder) for what, program in _PROGRAMS.items()} for _ in range(ROUNDS)
        ]
    times = {what: median(each[what] for each in rounds) * 1000 for what in _PROGRAMS}
    return [
        Figure(what=f"{what}: processor time", value=time, unit="ms", floor=_FLOOR, floor_value=times[_FLOOR])
        for what, time in times.items()
        if what != _FLOOR
    ]


def _processor_time(program: Sequence[str], folder: Path) -> float:
    """Return the seconds of one child, user and system."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    child = subprocess.Popen(
        [sys.executable, *program], cwd=folder, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, _, usage = os.wait4(child.pid, 0)
    child.returncode = 0  # it has been waited for
    return usage.ru_utime + usage.ru_stime
