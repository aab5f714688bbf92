"""A bar on stderr for a person who waits; what is printed meanwhile goes where it always goes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from monitor.collect.file_reader import LARGE_SIZE

PROGRAM = """
from monitor.cli.progress import with_bar
for number in with_bar(range(50), total=50, label="releases"):
    print(f"{number}: {'word ' * 40}")
"""
CONFIG = """
sources: {press: {path: seeds/}}
channels: {hook: {url: "json://127.0.0.1:9/"}}
watchlists: {all: {keywords: [tender]}}
"""
LINES = [f"{number}: {'word ' * 40}" for number in range(50)]
ERASE_BAR = "\x1b[2K"
ENVIRON = {
    **{name: value for name, value in os.environ.items() if name != "NO_COLOR"},
    "TERM": "xterm",
    "COLUMNS": "60",
}


def run(*, is_piped: bool, arguments: Sequence[str] = ("-c", PROGRAM), folder: Path | None = None) -> tuple[str, str]:
    """Run a program with stderr on a terminal; return what that showed, and what a pipe got of stdout."""
    screen, terminal = os.openpty()
    stdout = subprocess.PIPE if is_piped else terminal
    command = [sys.executable, *arguments]
    with subprocess.Popen(command, stdout=stdout, stderr=terminal, env=ENVIRON, cwd=folder) as process:
        os.close(terminal)
        shown = b"".join(iter(lambda: _read(screen), b""))
        printed = process.communicate(timeout=60)[0] or b""
    os.close(screen)
    assert process.returncode == 0
    return shown.decode(), printed.decode()


def _read(screen: int) -> bytes:
    try:
        return os.read(screen, 65536)
    except OSError:  # so Linux says that the other end is closed
        return b""


def test_a_terminal_shows_a_bar_and_a_pipe_gets_the_lines_alone() -> None:
    shown, printed = run(is_piped=True)

    assert printed.splitlines() == LINES
    assert "releases" in shown
    assert "100%" in shown
    assert "word" not in shown


def test_lines_stand_whole_above_the_bar_on_one_terminal() -> None:
    shown, _ = run(is_piped=False)

    assert "releases" in shown
    assert [line for line in LINES if f"{ERASE_BAR}{line}" not in shown] == []


def test_without_a_terminal_there_is_no_bar() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, env=ENVIRON, text=True, check=True)

    assert done.stdout.splitlines() == LINES
    assert done.stderr == ""


def test_ingesting_a_large_dump_shows_how_far_it_is_and_logs_it_below(tmp_path: Path) -> None:
    (tmp_path / "seeds").mkdir()
    (tmp_path / "config.yaml").write_text(CONFIG, encoding="utf-8")
    size = LARGE_SIZE // 700  # so few records of such a size make a large dump
    records = (f"-\nNotice {n}\nOffice {n * 7} of {n} is open. {'x' * size} date2024-01-01\n" for n in range(710))
    (tmp_path / "seeds" / "large.txt").write_text("".join(records), encoding="utf-8")
    shown, _ = run(is_piped=True, arguments=("-m", "monitor", "ingest", "seeds/large.txt"), folder=tmp_path)

    assert "releases" in shown
    assert "100%" in shown
    assert "search index" in shown
    log = shown[shown.index("large.txt") :]
    assert "%" not in log.partition("\n")[0]
    assert shown.index("100%") < shown.index("large.txt") < shown.index("search index")


def test_ingesting_a_small_dump_shows_no_bar(tmp_path: Path) -> None:
    (tmp_path / "seeds").mkdir()
    (tmp_path / "config.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "seeds" / "small.txt").write_text("-\nNotice\nAn office is open. date2024-01-01\n", encoding="utf-8")
    shown, _ = run(is_piped=True, arguments=("-m", "monitor", "ingest", "seeds/small.txt"), folder=tmp_path)
    assert "small.txt" in shown
    assert ERASE_BAR not in shown
