"""Offer fakes of the ports for tests: an outbox, a channel and a clock in memory.

They keep the promises of `monitor.ports`: `tests/contract/` runs one suite over them and over the real adapters.

    >>> clock, outbox, team = FrozenClock(), MemoryOutbox(), RecordingChannel("team")
    >>> outbox.enqueue(note("up again", channel="team"), key="up", now=clock.now())
    True
    >>> delivery = outbox.claim("team", now=clock.now())
    >>> verdict = team.send(delivery.message, delivery=delivery.number)
    >>> outbox.done(delivery, verdict, now=clock.now())
    True
    >>> [message.text for message in team.messages], [row.state for row in outbox.rows]
    (['up again'], ['sent'])
"""

from monitor.testing.outbox import MemoryChannelStates, MemoryOutbox, Queued
from monitor.testing.simple import NOON, FrozenClock, RecordingChannel, dump_of, note

__all__ = [
    "NOON",
    "FrozenClock",
    "MemoryChannelStates",
    "MemoryOutbox",
    "Queued",
    "RecordingChannel",
    "dump_of",
    "note",
]
