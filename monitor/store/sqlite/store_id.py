"""Keep the sidecar STORE_ID, which names the store that belongs to a state folder."""

from __future__ import annotations

import os
import re
from pathlib import Path

from monitor.errors import StoreError
from monitor.files import read_bytes, replace_file
from monitor.store.sqlite.diagnose import recovery_advice
from monitor.store.sqlite.open_files import SIDECAR

_STORE_ID = re.compile(rb"\s*([0-9a-f]{32}|[0-9a-f]+(?=\n))\s*")  # a torn one has no end of line


def write_store_id(state: Path, identity: str) -> None:
    """Write the sidecar, which names the store that belongs to this folder. Raises OSError."""
    sidecar = state / SIDECAR
    if sidecar.is_dir() and not sidecar.is_symlink():  # no file can take its name
        sidecar.rename(state / f"{SIDECAR}.unusable-{os.getpid()}")
    replace_file(sidecar, identity + "\n")


def read_store_id(sidecar: Path) -> str | None:
    """Return the store that the sidecar names; None: it is missing, torn or cannot be read."""
    found = _STORE_ID.fullmatch(read_bytes(sidecar) or b"")
    return found[1].decode() if found else None


def check_store_id(state: Path, identity: str) -> str:
    """Return which store it is, which the sidecar must say, too; one that says nothing is written again."""
    sidecar = state / SIDECAR
    named = read_store_id(sidecar)
    if named is None:
        if os.path.lexists(sidecar):
            from monitor.logs import warn

            warn("store_id_mended", path=str(sidecar), reason="it was empty, torn or unreadable beside a whole store")
        write_store_id(state, identity)
    elif named != identity:
        raise StoreError(
            f"monitor.db and STORE_ID belong to different stores; {recovery_advice(state)}", where=str(sidecar)
        )
    return identity
