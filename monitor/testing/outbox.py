"""Implement the ports Outbox and ChannelStates in memory."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor.channel_health import ChannelState, after_resume
from monitor.errors import NotFound, WrongState
from monitor.model import Delivery, DraftMessage, Message, PendingNotice, Verdict
from monitor.ports import LEASE
from monitor.state_values import Backlog


@dataclass(slots=True, kw_only=True)
class Queued:
    """One message of a MemoryOutbox, with its delivery state."""

    id: int
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    key: str
    message: Message
    made: datetime
    due: datetime
    expires: datetime
    state: str = "pending"  # as in monitor.model.MESSAGE_STATES
    attempts: int = 0
    outcomes: list[str] = field(default_factory=list)  # of the attempts that have ended; `unknown`: reclaimed
    set_aside: int = 0  # how many of these came before a person requeued it
    reason: str | None = None  # of the last one; None: none has ended
    claimed: datetime | None = None  # the last time; None: never


_OF_RELEASES = frozenset({"instant", "digest", "summary"})


class MemoryChannelStates:
    """Implements `monitor.ports.ChannelStates`, for the outbox whose messages it resumes and which keeps its state."""

    def __init__(self, outbox: MemoryOutbox | None = None) -> None:
        self._outbox = outbox or MemoryOutbox()
        self._states = self._outbox.states
        self._mutes = self._outbox.mutes
        self._fingerprints = self._outbox.fingerprints

    def get(self, channel: str) -> ChannelState:
        return replace(self._states.get(channel, ChannelState()), muted_until=self._mutes.get(channel))

    def save(self, channel: str, channel_state: ChannelState) -> None:
        kept = self._states.get(channel, ChannelState())
        self._states[channel] = replace(
            channel_state, tokens=kept.tokens, tokens_at=kept.tokens_at, flood_until=kept.flood_until
        )

    def note_fingerprint(self, channel: str, fingerprint: str, *, now: datetime) -> None:
        if self._fingerprints.setdefault(channel, fingerprint) != fingerprint:
            self._fingerprints[channel] = fingerprint
            self.resume(channel, now=now)

    def resume(self, channel: str, *, now: datetime) -> None:
        self.save(channel, after_resume(self.get(channel), now=now))
        for row in self._outbox.rows:
            if row.message.channel == channel and row.state == "pending":
                row.due = min(row.due, now)

    def mutes(self, *, now: datetime) -> Mapping[str, datetime]:
        return {name: until for name, until in sorted(self._mutes.items()) if until > now}

    def mute(self, name: str, *, until: datetime) -> None:
        self._mutes[name] = until
        for row in self._outbox.rows:
            if row.message.channel == name and row.state == "pending":
                row.expires = max(row.expires, until + row.message.max_age)


class MemoryOutbox:
    """Implements `monitor.ports.Outbox`."""

    def __init__(self) -> None:
        self.rows: list[Queued] = []
        self.notices: list[PendingNotice] = []  # that stand in no message yet
        self.states: dict[str, ChannelState] = {}
        self.mutes: dict[str, datetime] = {}
        self.fingerprints: dict[str, str] = {}

    def transaction(self) -> AbstractContextManager[None]:
        return nullcontext()

    def enqueue(self, message: Message, *, key: str, now: datetime) -> bool:
        if any(row.key == key for row in self.rows):
            return False
        number = len(self.rows) + 1
        self.rows.append(Queued(id=number, key=key, message=message, made=now, due=now, expires=now + message.max_age))
        return True

    def pending_notices(self, channel: str) -> Sequence[PendingNotice]:
        return [one for one in self.notices if one.notice.channel == channel]

    def pending_since(self, channel: str) -> Sequence[tuple[datetime, bool]]:
        return sorted({(one.since, one.notice.is_urgent) for one in self.pending_notices(channel)})

    def recent(self, channel: str, *, after: datetime, most: int) -> Sequence[datetime]:
        own = (row for row in self.rows if row.message.channel == channel and row.message.kind in _OF_RELEASES)
        return sorted(row.made for row in own if row.made > after)[-most:]

    def queue_messages(
        self, channel: str, formed: Sequence[DraftMessage], *, flood_until: datetime | None, now: datetime
    ) -> None:
        for one in formed:
            left = {waiting.event for waiting in self.pending_notices(channel)}
            if left.issuperset(one.events):
                self.enqueue(one.message, key=f"{one.message.kind[0]}:{channel}:{one.events[0]}", now=now)
                self.notices[:] = [n for n in self.notices if n.notice.channel != channel or n.event not in one.events]
        self.states[channel] = replace(self.states.get(channel, ChannelState()), flood_until=flood_until)

    def claim(
        self, channel: str, *, now: datetime, is_urgent_only: bool = False, tokens: float | None = None
    ) -> Delivery | None:
        ready = (row for row in self._pending(channel, now) if _due(row, now) <= now)
        row = next((row for row in ready if row.message.is_urgent or not is_urgent_only), None)
        if row is None:
            return None
        row.state, row.attempts, row.claimed = "leased", row.attempts + 1, now
        if tokens is not None:
            channel_state = self.states.get(channel, ChannelState())
            self.states[channel] = replace(channel_state, tokens=tokens, tokens_at=now)
        number = f"{row.id}-{row.token}"
        return Delivery(id=row.id, number=number, attempt=row.attempts, expires=row.expires, message=row.message)

    def holds(self, delivery: Delivery) -> bool:
        return True

    def done(self, delivery: Delivery, verdict: Verdict, *, now: datetime) -> bool:
        return self._settle(delivery, verdict, state="sent")

    def retry(self, delivery: Delivery, verdict: Verdict, *, due: datetime, now: datetime) -> bool:
        return self._settle(delivery, verdict, state="pending", due=due)

    def hold(self, delivery: Delivery, verdict: Verdict, *, now: datetime) -> bool:
        return self._settle(delivery, verdict, state="held")

    def bury(self, delivery: Delivery, verdict: Verdict, *, now: datetime) -> bool:
        return self._settle(delivery, verdict, state="dead")

    def next_due(self, channel: str, *, now: datetime, is_urgent_only: bool = False) -> datetime | None:
        rows = (row for row in self._pending(channel, now) if row.message.is_urgent or not is_urgent_only)
        return min((_due(row, now) for row in rows), default=None)

    def expire(self, *, now: datetime) -> Mapping[str, int]:
        self._free([row for row in self.rows if row.expires <= now], now=now)
        expired = [row for row in self.rows if row.state == "pending" and row.expires <= now]
        for row in expired:
            row.state, row.reason = "dead", "older than max_age" + (f"; last: {row.reason}" if row.reason else "")
        return Counter(row.message.channel for row in expired if row.message.kind != "system")

    def reclaim(
        self, *, holding: Collection[str] = (), claimed_before: datetime | None = None, now: datetime
    ) -> Mapping[str, int]:
        freed = self._free(self.rows, holding=holding, claimed_before=claimed_before, now=now)
        return Counter(r.message.channel for r in freed if r.state == "held" and r.message.kind != "system")

    def requeue(self, message: int, *, now: datetime) -> str:
        row = self._movable(message)
        row.state, row.due, row.expires = "pending", now, now + row.message.max_age
        row.attempts, row.set_aside = 0, len(row.outcomes)
        return row.message.channel

    def drop(self, message: int, *, now: datetime) -> None:
        row = self._movable(message)
        row.state, row.reason = "dropped", "dropped by hand" + (f"; last: {row.reason}" if row.reason else "")

    def pending_channels(self) -> frozenset[str]:
        return frozenset(one.notice.channel for one in self.notices)

    def backlog(self) -> Backlog:
        made = [row.made for row in self.rows if row.state == "pending"]
        return Backlog(pending=len(made) + len(self.notices), oldest=min(made, default=None))

    def _free(
        self,
        rows: Sequence[Queued],
        *,
        holding: Collection[str] = (),
        claimed_before: datetime | None = None,
        now: datetime,
    ) -> Sequence[Queued]:
        lost = [row for row in rows if row.state == "leased" and _is_lost(row, claimed_before, now)]
        for row in lost:
            row.state = "held" if row.message.channel in holding else "pending"
            row.due, row.reason = now, "the process ended during the send"
            row.outcomes.append("unknown")
        return lost

    def _movable(self, message: int) -> Queued:
        row = next((row for row in self.rows if row.id == message), None)
        if row is None:
            raise NotFound(f"there is no message {message}", where=str(message))
        if row.state not in ("pending", "held", "dead"):
            raise WrongState(f"message {message} is {row.state}", where=str(message))
        return row

    def _pending(self, channel: str, now: datetime) -> Iterator[Queued]:
        return (r for r in self.rows if r.message.channel == channel and r.state == "pending" and r.expires > now)

    def _settle(self, delivery: Delivery, verdict: Verdict, *, state: str, due: datetime | None = None) -> bool:
        row = self.rows[delivery.id - 1]
        is_late = row.state == "dead" and state == "sent"
        if row.attempts == delivery.attempt and (is_late or row.state in ("leased", "pending", "held")):
            row.state, row.due, row.reason = state, due or row.due, verdict.reason
            row.outcomes[row.set_aside + delivery.attempt - 1 :] = [verdict.outcome]
        return True


def _is_lost(row: Queued, claimed_before: datetime | None, now: datetime) -> bool:
    """Return whether the lease of a message has expired."""
    assert row.claimed  # noqa: S101 - it is leased
    is_gone = claimed_before is not None and row.claimed < claimed_before
    return is_gone or not now < row.claimed + LEASE <= now + 2 * LEASE


def _due(row: Queued, now: datetime) -> datetime:
    """Return when a message is due: now, if it seems to be made later, because then the clock was set back."""
    return now if row.made > now else row.due
