"""Keep what a state folder says of a shared store: which store it is, and which node its monitor is.

A node is known by the file NODE_ID and by nothing else. The name of a machine or of a container may be another's next
time, and two processes of one name would hide each other's unfinished work.
"""

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path

from monitor.errors import StoreError, StoreLost
from monitor.files import read_bytes, replace_file, sync
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
    file, beside = folder / NODE_FILE, folder / f".{NODE_FILE}.{made}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(beside, made + "\n")
        _link(beside, file)
        sync(folder)
    except OSError as error:
        what = f"the file that says which node this is cannot be written: {error.strerror}"
        raise StoreError(what, where=str(file)) from error
    return node_id(folder)


def _link(made: Path, file: Path) -> None:
    """Give a file its name: of two processes that make one at once, the first one's counts for both."""
    try:
        os.link(made, file)
    except FileExistsError:
        if not node_id(file.parent):
            from monitor.logs import warn

            warn("node_id_replaced", path=str(file), reason="it was empty, torn or unreadable: this is a new node now")
            made.replace(file)
            return
    made.unlink()


def refuse_other_store(folder: Path, identity: str, *, address: str) -> None:
    """Raise StoreLost where the node of this folder has used another store than this one."""
    named = read_store_id(folder / SIDECAR)
    if named is not None and named != identity:
        raise StoreLost(
            "this is another store than the one that this state folder belongs to, and would alert on everything again:"
            " check the address, or move the old store with `monitor db copy`; if all is well, remove the file STORE_ID"
            f" in {folder}",
            where=address,
        )


def note_store(folder: Path, identity: str) -> None:
    """Note which shared store the node of this folder uses."""
    if has_store(folder):
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_store_id(folder, identity)
    except OSError as error:
        raise StoreError(f"STORE_ID cannot be written: {error.strerror}", where=str(folder)) from error


def has_store(folder: Path) -> bool:
    """Return whether this folder has belonged to a store."""
    return read_store_id(folder / SIDECAR) is not None
