"""Run what docs print as its readers would: a line of a crontab, a file of variables, a script."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

_FIELD = r"(?:\*|\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)(?:/\d+)?"
_LINE = re.compile(rf"{_FIELD}(?:[ \t]+{_FIELD}){{4}}[ \t]+(.+)")
PATH = "/usr/bin:/bin"  # all that cron gives


def cron_runs(line: str, *, home: Path, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a line of a user's crontab by the rules of crontab(5).

    The command ends at the first % without a backslash, and what follows is its input, each further % a new line.
    """
    found = _LINE.fullmatch(line)
    assert found, f"no line of a crontab: {line}"
    command, *lines = (part.replace("\\%", "%") for part in re.split(r"(?<!\\)%", found[1]))
    return run_sh(command, folder=home, environ=environ, given="\n".join(lines))


def run_sh(
    command: str, *, folder: Path, environ: Mapping[str, str] | None = None, given: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command in a shell that knows no variables but cron's and these."""
    basic = {"HOME": str(folder), "LOGNAME": "press", "SHELL": "/bin/sh", "PATH": PATH}
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env={**basic, **(environ or {})},
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
