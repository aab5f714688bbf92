"""A bar on stderr for a person who waits; what is printed meanwhile goes where it always goes."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
from monitor.cli.progress import with_bar
for number in with_bar(range(50), total=50, label="releases"):
    print(f"{number}: {'word ' * 40}")
"""
LINES = [f"{number}: {'word ' * 40}" for number in range(50)]
ERASE_BAR = "\x1b[2K"
ENVIRON = {
    **{name: value for name, value in os.environ.items() if name != "NO_COLOR"},
    "TERM": "xterm",
    "COLUMNS": "60",
}


def run(*, is_piped: bool) -> tuple[str, str]:
    """Run the program with stderr on a terminal; return what that showed, and what a pipe got of stdout."""
    screen, terminal = os.openpty()
    stdout = subprocess.PIPE if is_piped else terminal
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=stdout, stderr=terminal, env=ENVIRON) as process:
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
