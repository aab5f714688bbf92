"""Install other programs, pinned, each into an environment of its own in the user's cache folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path


def environment(peer: str) -> Path:
    """Return the environment of a peer, as `name==version`, whether it is there yet or not."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "press-monitor" / peer.replace("==", "-")


def program(peer: str, command: str, *, cost: str = "") -> Path:
    """Return a program of a peer; installed at the first use. cost: what is said before that takes long."""
    folder = environment(peer)
    found = folder / "bin" / command
    if not found.exists():
        print(f"bench: installing {peer} into {folder}{cost} …", file=sys.stderr, flush=True)
        venv.create(folder, clear=True, with_pip=False)
        _install(peer, folder / "bin" / "python", is_silent=not cost)
    return found


def _install(peer: str, python: Path, *, is_silent: bool) -> None:
    uv = shutil.which("uv")
    installer = [uv, "pip", "install", "--python"] if uv else [sys.executable, "-m", "pip", "--python"]
    words = [*installer, str(python), *(() if uv else ("install",)), *(("-q",) if is_silent else ()), peer]
    subprocess.run(words, check=True, stdout=sys.stderr)  # the table alone goes to our output
