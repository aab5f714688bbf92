"""Takes one dump into a store in a state folder; stops for ever where it is told to.

    python -m tests.store.sqlite.crash_child STATE DUMP [QUERY NTH]

Prints `begun` before the ingest, `halted` when it is about to run QUERY for the NTH time, and `stored` when the
ingest has returned. Its cache is tiny, so that the log grows all through the transaction and not only at its end.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from sqlite3 import Row

from monitor.store.sqlite.database import open_for_writing
from monitor.store.sqlite.handle import Handle
from monitor.store.store import SqlStore
from tests.contract.takes import take_in


class Halting(Handle):
    """Stops before the nth run of a query."""

    query = ""
    runs_left = 0

    def all(self, query: str, **values: object) -> list[Row]:
        self._count(query)
        return super().all(query, **values)

    def many(self, query: str, rows: Sequence[Mapping[str, object]]) -> None:
        if query != self.query:
            super().many(query, rows)
            return
        for row in rows:
            self._count(query)
            super().many(query, [row])

    def _count(self, query: str) -> None:
        if query == self.query:
            self.runs_left -= 1
            if self.runs_left == 0:
                _stop("halted")


def _stop(word: str) -> None:
    print(word, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    state, content, *halt = sys.argv[1:]
    handle = Halting(open_for_writing(Path(state))._connection, Path(state))
    handle._connection.execute("PRAGMA cache_size = 10")
    if halt:
        handle.query, handle.runs_left = halt[0], int(halt[1])
    print("begun", flush=True)
    take_in(SqlStore(handle), Path(content).read_text("utf-8"))
    _stop("stored")
