"""Count what the store does, where a test is about how its cost grows: time would tell of the machine."""

from __future__ import annotations

from collections.abc import Callable

from monitor.store.sqlite.handle import Handle


def steps(handle: Handle, work: Callable[[], object]) -> int:
    """Return how many instructions SQLite runs for this work, which every row that it reads adds to."""
    ran = 0

    def count() -> int:
        nonlocal ran
        ran += 1
        return 0

    handle._connection.set_progress_handler(count, 1)
    try:
        work()
    finally:
        handle._connection.set_progress_handler(None, 1)
    return ran
