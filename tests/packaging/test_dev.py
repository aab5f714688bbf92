"""`./dev`: what setting up the environment prints, with an installer that stands in for uv."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.end_to_end.harness import ROOT

NOISE = "Looking in indexes: https://example.org/simple"
UV = f"""#!/bin/sh
if [ "$1" = venv ]; then
    [ -x "$4" ] || exit 3
    mkdir -p .venv/bin
    printf '#!/bin/sh\\n' >.venv/bin/python
    printf '#!/bin/sh\\necho "monitor $*"\\n' >.venv/bin/monitor
    chmod +x .venv/bin/python .venv/bin/monitor
    exit
fi
echo "{NOISE}"
echo "WARNING: a location is ignored" >&2
exit "$STATUS"
"""


def set_up(folder: Path, *, status: int, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    """Run `./dev run --once` for the first time; installing prints its noise and ends with this status."""
    for name in ("dev", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    (folder / "bin").mkdir()
    (folder / "bin" / "uv").write_text(UV)
    (folder / "bin" / "uv").chmod(0o755)
    environ = {"PATH": f"{folder / 'bin'}:/usr/bin:/bin", "PYTHON": python, "STATUS": str(status)}
    return subprocess.run(
        [folder / "dev", "run", "--once"], capture_output=True, text=True, env=environ, check=False, timeout=60
    )


def test_a_first_set_up_prints_one_line_of_its_own(tmp_path: Path) -> None:
    done = set_up(tmp_path, status=0)
    assert (done.returncode, done.stdout) == (0, "monitor run --once\n")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("dev: setting up .venv with ")


@pytest.mark.parametrize("status", [1, 2])
def test_a_set_up_that_fails_shows_all_that_the_installer_said(tmp_path: Path, status: int) -> None:
    done = set_up(tmp_path, status=status)
    assert (done.returncode, done.stdout) == (status, "")
    assert NOISE in done.stderr
    assert "WARNING: a location is ignored" in done.stderr
    assert not (tmp_path / ".venv" / "stamp").exists()


def test_an_environment_that_is_made_anew_does_not_come_from_itself(tmp_path: Path) -> None:
    """As in `./dev shell`, where the Python of .venv is the first on the path and .venv is removed."""
    venv.create(tmp_path / ".venv", symlinks=True)
    done = set_up(tmp_path, status=0, python=str(tmp_path / ".venv" / "bin" / "python"))
    assert (done.returncode, done.stdout) == (0, "monitor run --once\n"), done.stderr
    assert str(tmp_path) not in done.stderr
