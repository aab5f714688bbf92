"""One of several monitors: take in the same dumps as the others, once a line comes, and print how each ended.

python -m tests.store.postgresql.take_in_child URL PLACE FIRST COUNT
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import datetime
from typing import cast

from monitor.errors import Stale
from monitor.ingest_values import Batch, IngestReport
from monitor.ports import Store
from monitor.secret import Secret
from monitor.store.open import open_shared_stores
from tests.contract.takes import dump, figures, record, take_in


class CountingStore:
    """Counts decisions that were wasted."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.stale = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def commit(self, batch: Batch, *, now: datetime) -> IngestReport:
        try:
            return self._store.commit(batch, now=now)
        except Stale:
            self.stale += 1
            raise


def text_of(number: int) -> str:
    """A dump of three releases: one of its own, one that all dumps show, and one whose text changes with each dump."""
    own = record(f"Release {number}", f"They spoke of matter {number} for {number} hours.")
    return dump(own, record("Talks held"), figures(f"{number}.1"))


def main(url: str, place: str, first: int, count: int) -> None:
    with open_shared_stores(Secret(url), place=place) as stores:
        store, ends = CountingStore(stores.store), Counter[str]()
        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(first, first + count):
            ends[take_in(cast("Store", store), text_of(number), name=f"{number}.txt").status] += 1
        print(json.dumps({**ends, "stale": store.stale}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
