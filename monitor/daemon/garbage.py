"""Let Python look for reference cycles seldom while dumps are ingested.

By default it looks at every 700 new values, which costs a tenth of an ingest and finds nothing: the values of a dump
are free of cycles, and are freed by their reference counts.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_THRESHOLDS = (50_000, 10, 10)  # new values; more would let a program error's cycles keep tens of megabytes


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Run a block, in this process, with few searches for cycles."""
    before = gc.get_threshold()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
