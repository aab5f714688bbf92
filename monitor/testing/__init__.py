"""Fakes of the ports, for tests of whatever uses them: a store, an outbox, a channel and a clock in memory.

They keep the promises of `monitor.ports`: `tests/contract/` runs one suite over them and over the real adapters.

    >>> clock, store, team = FrozenClock(), MemoryStore(), RecordingChannel("team")
    >>> store.outbox.enqueue(note("up again", channel="team"), key="up", now=clock.now())
    True
    >>> delivery = store.outbox.claim("team", now=clock.now())
    >>> verdict = team.send(delivery.message, delivery=delivery.id)
    >>> store.outbox.done(delivery, verdict, now=clock.now())
    >>> [message.text for message in team.messages], [row.state for row in store.outbox.rows]
    (['up again'], ['sent'])
"""

from monitor.testing.outbox import MemoryOutbox, MemorySwitchboard, Queued
from monitor.testing.simple import NOON, FrozenClock, RecordingChannel, dump_of, note
from monitor.testing.store import Event, MemoryStore, Quarantined

__all__ = [
    "NOON",
    "Event",
    "FrozenClock",
    "MemoryOutbox",
    "MemoryStore",
    "MemorySwitchboard",
    "Quarantined",
    "Queued",
    "RecordingChannel",
    "dump_of",
    "note",
]
