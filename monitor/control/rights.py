"""Close a state folder to other users: whoever may open a file there could lock it, and so stop the monitor."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from monitor.logs import warn

_NAMES = ("monitor.db", "monitor.lock", "control.sock", "STORE_ID", "daemon.json", "backup.json", "web.key")
_OTHERS = 0o077  # the rights of group and others


def close_to_others(state: Path, *, shared_with: Iterable[Path] = ()) -> None:
    """Take the rights of all other users from the folder and from the files in it, and log what was open.

    A folder that also holds one of these paths, such as a source, stays reachable; so does one for everybody's files
    (with a sticky bit). The files are closed all the same. A file system without rights (FAT, some shares) is logged.
    """
    try:
        _close_all(state, shared_with)
    except OSError as error:
        warn("state_folder_open", path=str(state), reason=error.strerror, see="its file system takes no rights")


def _close_all(state: Path, shared_with: Iterable[Path]) -> None:
    info, here = state.stat(), state.resolve()
    if info.st_uid != os.geteuid():
        warn("state_folder_foreign", path=str(state), owner=info.st_uid, see="its owner can stop the monitor")
        return
    is_shared = bool(info.st_mode & stat.S_ISVTX) or any(path.resolve().is_relative_to(here) for path in shared_with)
    closed = [path.name for path in sorted(state.iterdir()) if _is_ours(path) and _close(path)]
    has_store = (state / "monitor.db").exists()  # without one there was nothing yet to read or to lock
    if info.st_mode & _OTHERS and is_shared:
        warn("state_folder_open", path=str(state), mode=_octal(info.st_mode), see="name a folder of its own in state:")
    elif (_close(state) and has_store) or closed:
        names = ", ".join(closed[:10])
        warn(
            "state_folder_closed", path=str(state), was=_octal(info.st_mode), files=names, reason="open to other users"
        )


def _is_ours(path: Path) -> bool:
    """Return whether it is a file of the monitor, or a copy of one; links and folders are left alone."""
    is_named = path.name.lstrip(".").startswith(_NAMES) or path.suffix in (".bak", ".db")
    return is_named and path.is_file() and not path.is_symlink()


def _close(path: Path) -> bool:
    """Leave only the owner's rights on a file or a folder. Return whether others had any."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & _OTHERS:
        path.chmod(mode & ~_OTHERS)
    return bool(mode & _OTHERS)


def _octal(mode: int) -> str:
    return f"{stat.S_IMODE(mode):04o}"
