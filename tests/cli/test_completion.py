"""`monitor completion`: real shells take the scripts, and completing stays light."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.cli.completion import SHELLS
from tests.end_to_end.harness import MONITOR
from tests.test_layers import HEAVY


def run(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MONITOR, *words], capture_output=True, text=True, check=False, env={**os.environ, **environ}
    )


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_reads_its_script(shell: str, tmp_path: Path) -> None:
    done = run("completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert "_MONITOR_COMPLETE" in done.stdout
    if shutil.which(shell):
        script = tmp_path / "script"
        script.write_text(done.stdout)
        subprocess.run([shell, "-n", script], check=True)


@pytest.mark.parametrize(
    ("line", "number", "expected"),
    [
        ("monitor ev", 1, ["events"]),
        ("monitor --ver", 1, ["--version"]),
        ("monitor alerts re", 2, ["retry"]),
        ("monitor alerts --state ", 3, ["pending", "leased", "held", "sent", "dead", "dropped"]),
        ("monitor completion ", 2, list(SHELLS)),
        ("monitor config s", 2, ["schema", "show"]),
    ],
)
def test_verbs_options_and_choices_are_completed(line: str, number: int, expected: list[str]) -> None:
    done = run(_MONITOR_COMPLETE="bash_complete", COMP_WORDS=line, COMP_CWORD=str(number))
    assert [one.partition(",")[2] for one in done.stdout.splitlines()] == expected


def test_another_shell_is_refused() -> None:
    done = run("completion", "tcsh")
    assert done.returncode == 2
    assert "'bash', 'zsh', 'fish'" in done.stderr


def test_completing_loads_no_heavy_library() -> None:
    program = (
        "import sys\ntry: exec(sys.argv.pop(1))\n"
        f"except SystemExit: print('loaded:', [name for name in {HEAVY} if name in sys.modules])"
    )
    environ = {**os.environ, "_MONITOR_COMPLETE": "bash_complete", "COMP_WORDS": "monitor ", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program, MONITOR[2]], capture_output=True, text=True, check=True, env=environ
    )
    assert done.stdout.splitlines()[-1] == "loaded: []"
    assert "plain,events" in done.stdout
