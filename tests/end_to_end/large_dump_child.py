"""Takes one dump file into a store as a large one; tells of each stored part, and ends where it is told to.

    python -m tests.end_to_end.large_dump_child STATE DUMP KILL_AFTER

Kills itself behind the KILL_AFTER-th stored part (0: never). On SIGTERM it stops before the next part, says `stopped`,
and ends well. Otherwise it says `stored` at the end.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from monitor.errors import Interrupted
from monitor.ingest_values import Batch, IngestReport, Mode
from monitor.pipeline import ingest
from monitor.store.sqlite.database import open_for_writing
from monitor.store.store import SqlStore
from monitor.testing import NOON
from tests.contract.takes import AUDIENCE, HABITS
from tests.end_to_end.large_dumps import large_file


class PrintingStore(SqlStore):
    """Says how many parts are stored."""

    parts = 0
    kill_after = 0

    def commit(self, batch: Batch, **named: Any) -> IngestReport:
        """See Store."""
        report = super().commit(batch, **named)
        self.parts += 1
        print(f"part {self.parts}", flush=True)
        if self.parts == self.kill_after:
            os.kill(os.getpid(), signal.SIGKILL)
        return report


class StopRequest:
    """A request to stop; heard before each part."""

    is_set = False

    def __call__(self, *_: object) -> None:
        self.is_set = True

    def most(self) -> int:
        """Small parts, so that there are many."""
        if self.is_set:
            raise Interrupted("told to stop")
        return 40


def main(state: str, path: str, kill_after: str) -> str:
    stop = StopRequest()
    signal.signal(signal.SIGTERM, stop)
    store = PrintingStore(open_for_writing(Path(state)))
    store.kill_after = int(kill_after)
    with large_file(Path(path), most=stop.most) as dump:
        try:
            ingest(dump, options=HABITS, routing=AUDIENCE, store=store, now=NOON, mode=Mode.WATCH)
        except Interrupted:
            return "stopped"
    return "stored"


if __name__ == "__main__":
    print(main(*sys.argv[1:]), flush=True)
