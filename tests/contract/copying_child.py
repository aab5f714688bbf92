"""Copies the store of a folder into a database or another folder; stands still for ever in the middle.

    python -m tests.contract.copying_child FOLDER TO

Prints `half` when half of the rows are on their way.
"""

from __future__ import annotations

import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from monitor.compare.fingerprint import FINGERPRINTER
from monitor.secret import Secret
from monitor.store.copy import copy_store
from monitor.store_location import StoreLocation


def halt_at_half(what: str, done: int, total: int) -> None:
    if what == "rows" and done >= total / 2:
        print("half", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    origin = StoreLocation(folder=Path(sys.argv[1]))
    url = Secret(sys.argv[2]) if "://" in sys.argv[2] else None
    to = StoreLocation(folder=origin.folder if url else Path(sys.argv[2]), url=url)
    copy_store(origin, to, fingerprinter=FINGERPRINTER, now=datetime.now(UTC), progress=halt_at_half)
