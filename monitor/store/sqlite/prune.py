"""Delete what is older than the configuration keeps, a little at a time, but never what prevents a second alert.

Kept forever: every release with its head, every record's hash, every text hash and index entry, the ledger. Of an old
version only the body goes. The newest message and event stay, because their numbers must not be given out again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime

from monitor.ports import Retention
from monitor.records import Pruned
from monitor.store.sqlite.database import Handle
from monitor.store.sqlite.rows import to_json
from monitor.times import timestamp

_STEP = 500  # rows of one transaction, so that an ingest never waits long


def prune(
    handle: Handle, retention: Retention, *, now: datetime, on_step: Callable[[int], object] = lambda _: None
) -> Pruned:
    """Delete what is too old, messages first, because events wait for them; `on_step` gets the rows of each step."""
    steps = (
        ("messages", retention.messages, _prune_messages),
        ("events", retention.events, _prune_events),
        ("versions", retention.versions, _prune_versions),
    )
    counts = Counter[str]()
    for name, age, step in steps:
        while age is not None:
            with handle.transaction():
                count = step(handle, timestamp(now - age), timestamp(now))
            if not count:
                break
            on_step(count)
            counts[name] += count
    return Pruned(**counts)


def _prune_messages(handle: Handle, before: str, _now: str) -> int:
    ids = [row["id"] for row in handle.all("old_messages", before=before, most=_STEP)]
    handle.all("delete_attempts", ids=to_json(ids))
    handle.all("detach_items", ids=to_json(ids))
    handle.all("delete_messages", ids=to_json(ids))
    return len(ids)


def _prune_events(handle: Handle, before: str, _now: str) -> int:
    ids = [row["id"] for row in handle.all("old_events", before=before, most=_STEP)]
    handle.all("delete_items", ids=to_json(ids))
    handle.all("delete_events", ids=to_json(ids))
    return len(ids)


def _prune_versions(handle: Handle, before: str, now: str) -> int:
    return len(handle.all("prune_versions", before=before, now=now, most=_STEP))
