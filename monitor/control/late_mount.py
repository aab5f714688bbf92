"""Recognise a state folder whose file system is not mounted yet: it looks like a first run and is none."""

from __future__ import annotations

import os
import re
from pathlib import Path

from monitor.errors import StoreUnavailable

_FSTAB = Path("/etc/fstab")
_OCTAL = re.compile(r"\\([0-7]{3})")


def refuse_unmounted(state: Path, *, fstab: Path = _FSTAB) -> None:
    """Raise StoreUnavailable when the folder is empty and lies on a mount point of /etc/fstab that is not mounted.

    Nothing else of an empty mount point can be told from a first run. A line with `noauto` is no promise to mount it.
    """
    folder = Path(os.path.abspath(state))  # noqa: PTH100 - a link may lead to what is not mounted
    if folder.is_dir() and any(folder.iterdir()):
        return
    try:
        lines = fstab.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:  # another system, a container
        return
    point = next((point for point in map(_mount_point, lines) if point and folder.is_relative_to(point)), None)
    if point and not point.is_mount():
        what = f"the state folder lies on {point}, which is not mounted although {fstab} names it; mount it"
        raise StoreUnavailable(what, where=str(state))


def _mount_point(line: str) -> Path | None:
    """Return the mount point of a line; None: a comment, swap, the root, or one that is mounted by hand."""
    fields = line.split("#")[0].split()
    if len(fields) < 4 or not fields[1].startswith("/") or "noauto" in fields[3].split(","):
        return None
    point = Path(_OCTAL.sub(lambda match: chr(int(match[1], 8)), fields[1]))
    return None if point == Path("/") else point
