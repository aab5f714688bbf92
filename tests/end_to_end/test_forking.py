"""A forked Python is to a script what `python` is: arguments, streams, folder, environment, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.forking import forked_python
from tests.waiting import line_of

SAYS = """\
import os, sys
print(sys.argv, os.getcwd(), os.environ["WORD"], sys.stdin.read(), flush=True)
print("err", file=sys.stderr)
"""


@pytest.mark.parametrize(
    "words",
    [
        ["-c", SAYS, "one", "two words"],
        ["-c", f"{SAYS}sys.exit(7)"],
        ["-c", f"{SAYS}sys.exit('a reason')"],
        ["-c", f"{SAYS}os.kill(os.getpid(), 15)"],
        ["-c", f"{SAYS}os.kill(os.getpid(), 9)"],
        ["-m", "monitor", "--version"],
        ["-m", "monitor", "nonsense"],
    ],
)
def test_it_ends_as_python_does_and_says_the_same(words: list[str], tmp_path: Path) -> None:
    forked, python = (
        subprocess.run(
            [*program, *words],
            cwd=tmp_path,
            env={**os.environ, "WORD": "한글"},
            input="given",
            capture_output=True,
            text=True,
            check=False,
        )
        for program in (forked_python(), [sys.executable])
    )
    assert (forked.returncode, forked.stdout, forked.stderr) == (python.returncode, python.stdout, python.stderr)


def test_a_signal_reaches_the_program(tmp_path: Path) -> None:
    program = "import signal; print('ready', flush=True); signal.pause()"
    command = [*forked_python(), "-c", program]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, bufsize=0) as process:
        assert line_of(process) == "ready"
        process.send_signal(signal.SIGTERM)
        assert process.wait() == -signal.SIGTERM
