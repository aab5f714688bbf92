"""Delete what is older than the configuration keeps, a little at a time, but never what prevents a second alert.

Kept forever: every release with its head, every record's hash, every text hash and index entry, the ledger. Of an old
version only the body goes. The newest message and event stay, because their numbers must not be given out again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from monitor.ports import Retention
from monitor.state_values import Pruned
from monitor.store.handle import Handle
from monitor.store.rows import to_json
from monitor.times import timestamp

_STEP = 500  # rows of one transaction, so that an ingest never waits long


def prune(
    handle: Handle, retention: Retention, *, now: datetime, on_step: Callable[[int], object] = lambda _: None
) -> Pruned:
    """Delete what is too old, messages first, because events wait for them; `on_step` gets the rows of each step."""
    kinds = (
        ("messages", retention.messages, _prune_messages),
        ("events", retention.events, _prune_events),
        ("versions", retention.versions, _prune_versions),
    )
    counts = Counter[str]()
    for name, age, prune_kind in kinds:
        if age is not None:
            for count in prune_kind(handle, timestamp(now - age), timestamp(now)):
                on_step(count)
                counts[name] += count
    return Pruned(**counts)


def _prune_messages(handle: Handle, before: str, _now: str) -> Iterator[int]:
    end = handle.all("first_young_message", before=before)[0]["id"]

    def step(after: int) -> Sequence[int]:
        ids = _ids(handle.all("old_messages", after=after, end=end, most=_STEP))
        handle.all("delete_attempts", ids=to_json(ids))
        handle.all("detach_items", ids=to_json(ids))
        handle.all("delete_messages", ids=to_json(ids))
        return ids

    return _in_steps(handle, step)


def _prune_events(handle: Handle, before: str, _now: str) -> Iterator[int]:
    end = handle.all("first_young_event", before=before)[0]["id"]

    def step(after: int) -> Sequence[int]:
        ids = _ids(handle.all("old_events", after=after, end=end, most=_STEP))
        handle.all("delete_items", ids=to_json(ids))
        handle.all("delete_matched", ids=to_json(ids))
        handle.all("delete_events", ids=to_json(ids))
        return ids

    return _in_steps(handle, step)


def _prune_versions(handle: Handle, before: str, now: str) -> Iterator[int]:
    def step(after: int) -> Sequence[int]:
        ids = _ids(handle.all("old_versions", after=after, before=before, most=_STEP))
        handle.all("prune_versions", ids=to_json(ids), now=now)
        return ids

    return _in_steps(handle, step)


def _in_steps(handle: Handle, step: Callable[[int], Sequence[int]]) -> Iterator[int]:
    """Run steps, each in a transaction of its own, until one finds nothing; yield how many rows each deleted.

    A step begins behind the last row of the one before: what has to stay is passed once, not once a step.
    """
    after = 0
    while True:
        with handle.transaction():
            ids = step(after)
        if not ids:
            return
        yield len(ids)
        after = ids[-1]


def _ids(rows: Sequence[Any]) -> list[int]:
    return [row["id"] for row in rows]
