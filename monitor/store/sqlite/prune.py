"""Ages → what is older than they allow is forgotten, a little at a time; what prevents a second alert never is.

Kept for ever: every release with its head, every record's hash, every text hash and index entry, the ledger. Of an old
version only the body goes. The newest message and event stay, because their numbers must not be given out again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from monitor.ports import Retention
from monitor.records import Pruned
from monitor.store.sqlite.database import Handle
from monitor.store.sqlite.rows import dumped
from monitor.times import moment

_STEP = 500  # rows of one transaction, so that a take-in never waits long


def prune(
    handle: Handle, retention: Retention, *, now: datetime, on_step: Callable[[int], object] = lambda _: None
) -> Pruned:
    """Delete what is too old; `on_step` gets the rows of each transaction. Messages go first: events refer to them.

    What is pending, leased or held, or waits for its message, is never touched, nor the text it speaks of.
    """
    counts = {
        "messages": _counted(_messages(handle, retention.messages, now), on_step),
        "events": _counted(_events(handle, retention.events, now), on_step),
        "versions": _counted(_versions(handle, retention.versions, now), on_step),
    }
    return Pruned(**counts)


def _messages(handle: Handle, age: timedelta | None, now: datetime) -> Iterator[int]:
    while age is not None:
        with handle.transaction():
            ids = [row["id"] for row in handle.all("old_messages", before=moment(now - age), most=_STEP)]
            handle.all("forget_attempts", ids=dumped(ids))
            handle.all("detach_items", ids=dumped(ids))
            handle.all("forget_messages", ids=dumped(ids))
        yield len(ids)


def _events(handle: Handle, age: timedelta | None, now: datetime) -> Iterator[int]:
    while age is not None:
        with handle.transaction():
            ids = [row["id"] for row in handle.all("old_events", before=moment(now - age), most=_STEP)]
            handle.all("forget_items", ids=dumped(ids))
            handle.all("forget_events", ids=dumped(ids))
        yield len(ids)


def _versions(handle: Handle, age: timedelta | None, now: datetime) -> Iterator[int]:
    while age is not None:
        with handle.transaction():
            rows = handle.all("prune_versions", before=moment(now - age), now=moment(now), most=_STEP)
        yield len(rows)


def _counted(steps: Iterator[int], on_step: Callable[[int], object]) -> int:
    total = 0
    for count in steps:
        if not count:
            break
        on_step(count)
        total += count
    return total
