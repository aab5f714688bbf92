"""Delete old copies of the store, which migrations and restores leave beside it."""

from __future__ import annotations

import re
from pathlib import Path

from monitor.store.sqlite.database import FILE

COPIES_KEPT = 3  # of the automatic backups, and of the stores that a restore replaced
_COPY = re.compile(rf"{re.escape(FILE)}\.(before|replaced)-(\d+)(?:\.bak|T(\d+)Z)")


def prune_copies(state: Path) -> int:
    """Delete all but the newest copies of the store that a migration or a restore left; return how many."""
    found = [name for path in state.iterdir() if (name := _COPY.fullmatch(path.name))]
    old: list[str] = []
    for kind in ("before", "replaced"):
        copies = sorted((int(name[2]), int(name[3] or 0), name[0]) for name in found if name[1] == kind)
        old += [name for _, _, name in copies[:-COPIES_KEPT]]
    for copy in old:
        for suffix in ("", "-wal", "-shm"):
            (state / f"{copy}{suffix}").unlink(missing_ok=True)
    return len(old)
