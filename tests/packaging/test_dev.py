"""`./dev`: what setting up the environment prints, with an installer that stands in for uv."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.harness import ROOT

NOISE = "Looking in indexes: https://example.org/simple"
UV = f"""#!/bin/sh
if [ "$1" = venv ]; then
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


def set_up(folder: Path, *, status: int) -> subprocess.CompletedProcess[str]:
    """Run `./dev run --once` for the first time; installing prints its noise and ends with this status."""
    for name in ("dev", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    (folder / "bin").mkdir()
    (folder / "bin" / "uv").write_text(UV)
    (folder / "bin" / "uv").chmod(0o755)
    environ = {"PATH": f"{folder / 'bin'}:/usr/bin:/bin", "PYTHON": sys.executable, "STATUS": str(status)}
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
