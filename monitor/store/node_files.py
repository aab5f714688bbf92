"""Keep what a state folder says of a shared store: which store it is, and which node its monitor is.

A node is known by the file NODE_ID and by nothing else. The name of a machine or of a container may be another's next
time, and two processes of one name would hide each other's unfinished work.
"""

from __future__ import annotations

import re
import uuid
from pathlib import Path

from monitor.errors import StoreError, StoreLost
from monitor.files import read_bytes, replace_file
from monitor.store.sqlite.open_files import SIDECAR
from monitor.store.sqlite.store_id import read_store_id, write_store_id

NODE_FILE = "NODE_ID"
_NODE_ID = re.compile(rb"([0-9a-f]{32})\s*")


def node_id(folder: Path) -> str:
    """Return the id of the node of this folder; "": it has none yet."""
    found = _NODE_ID.fullmatch(read_bytes(folder / NODE_FILE) or b"")
    return found[1].decode() if found else ""


def made_node_id(folder: Path) -> str:
    """Return the id of the node of this folder, which is made once. Raises StoreError."""
    if known := node_id(folder):
        return known
    made = uuid.uuid4().hex
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(folder / NODE_FILE, made + "\n")
    except OSError as error:
        what = f"the file that says which node this is cannot be written: {error.strerror}"
        raise StoreError(what, where=str(folder / NODE_FILE)) from error
    return node_id(folder) or made  # of two that are made at once the last one stays


def note_store(folder: Path, identity: str, *, address: str) -> None:
    """Note which shared store the node of this folder uses. Raises StoreLost where it has used another one."""
    named = read_store_id(folder / SIDECAR)
    if named == identity:
        return
    if named is not None:
        raise StoreLost(
            "this is another store than the one that this state folder belongs to, and would alert on everything again:"
            " check the address, or move the old store with `monitor db copy`; if all is well, remove the file STORE_ID"
            f" in {folder}",
            where=address,
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_store_id(folder, identity)
    except OSError as error:
        raise StoreError(f"STORE_ID cannot be written: {error.strerror}", where=str(folder)) from error


def has_store(folder: Path) -> bool:
    """Return whether this folder has belonged to a store."""
    return read_store_id(folder / SIDECAR) is not None
