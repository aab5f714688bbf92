"""Ingest an archive of new releases with `monitor ingest`: the processor time of the whole command, and how it grows.

The full-text index is filled in it. The floor is what splitting the same bytes and inserting them into one table costs.
MONITOR_BENCH_RELEASES: how many releases the larger archive has; a million are 2 GB of text and 5 GB of store.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.pipeline import insert_raw
from bench.report import Figure
from bench.texts import release

SMALL = 10_000  # releases
LARGE = int(os.environ.get("MONITOR_BENCH_RELEASES", "100000"))
TURNS = 3  # of the small archive; the least counts
_CONFIG = (
    "timezone: Asia/Seoul\n"
    "sources: {press: {path: seeds/, max_file: 8GB}}\n"
    "channels: {hook: {url: 'json://127.0.0.1:9/'}}\n"
    "watchlists: {fta: {keywords: [FTA]}}\n"
)


def ingest_archive() -> Sequence[Figure]:
    """Return what the small archive costs, held against the floor, and the large one, held against the small one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small = folder / "small.txt"
        write_archive(small, SMALL)
        times = [
            (command_seconds(folder / str(turn), small), _floor(folder / f"{turn}.db", small)) for turn in range(TURNS)
        ]
        seconds, floor = (min(each) for each in zip(*times, strict=True))
        figures = [_figure(SMALL, seconds, "B: splitting and inserting the bytes into one table", floor)]
        if LARGE > SMALL:
            large = folder / "large.txt"
            write_archive(large, LARGE)
            each = command_seconds(folder / "large", large) / LARGE
            figures.append(_figure(LARGE, each * SMALL, f"for each {SMALL:,} of them; alone", seconds))
    return figures


def write_archive(path: Path, releases: int) -> None:
    """Write so many different releases of 2 kB."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(releases):
            title, body, day = release(number)
            file.write(f"-\n{title}\n{body} date{day}\n")


def command_seconds(folder: Path, archive: Path) -> float:
    """Return the processor time of one `monitor ingest` into an empty store, user and system, start-up included."""
    (folder / "seeds").mkdir(parents=True)
    (folder / "config.yaml").write_text(_CONFIG, encoding="utf-8")
    command = [sys.executable, "-m", "monitor", "ingest", "--source", "press", str(archive)]
    with subprocess.Popen(command, cwd=folder, env=_environment(), stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_utime + usage.ru_stime


def _floor(database: Path, archive: Path) -> float:
    before = time.process_time()
    insert_raw(database, archive.read_text("utf-8"))
    return time.process_time() - before


def _figure(releases: int, seconds: float, floor: str, floor_seconds: float) -> Figure:
    what = f"monitor ingest of {releases:,} new releases of 2 kB, processor time of the whole command"
    return Figure(what=what, value=seconds, unit="s", floor=floor, floor_value=floor_seconds)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), "PYTHONDONTWRITEBYTECODE": ""}
