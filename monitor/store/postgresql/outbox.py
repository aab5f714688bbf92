"""Keep notices and messages of a store that several monitors share: what one process may do alone is fenced."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from functools import partial
from typing import Any

from monitor.errors import Stale
from monitor.model import Delivery, Message, Outcome, Verdict
from monitor.node_values import channel_lease
from monitor.ports import LEASE
from monitor.store.outbox import SqlOutbox
from monitor.store.postgresql.claims import Claims
from monitor.store.postgresql.handle import Handle
from monitor.store.postgresql.membership import Membership
from monitor.store.rows import to_json
from monitor.store.stored_values import reports_damage
from monitor.times import timestamp

_Values = Mapping[str, object]
_LOST = "unknown"  # the outcome of an attempt that was taken for lost


@reports_damage
class PostgresqlOutbox(SqlOutbox):
    """Implements `monitor.ports.Outbox`.

    Every statement of a delivery checks what it stands on: messages are made and claimed with the lease of their
    channel, a verdict counts while its attempt is this boot's and open. So whatever comes late, from a process that was
    stopped or cut off, changes nothing.

    What is lost is decided by who lives. `reclaim` and `expire` free what a dead boot was sending, whatever its lease
    says, and never what another living boot sends. `leased_until` and `claimed_before` count for this boot alone, and
    not for an attempt whose verdict is still awaited: while the store was down it only could not be recorded.
    """

    _handle: Handle

    def __init__(self, handle: Handle, membership: Membership) -> None:
        super().__init__(handle)
        self._membership = membership
        self._claims = Claims()
        self._repeated = 0  # after so many losses of a connection the last verdicts were recorded again

    def enqueue(self, message: Message, *, key: str, now: datetime) -> bool:
        is_new = super().enqueue(message, key=key, now=now)
        if is_new:
            self._note([message.channel])
        return is_new

    def claim(
        self, channel: str, *, now: datetime, is_urgent_only: bool = False, tokens: float | None = None
    ) -> Delivery | None:
        lease = self._lease(channel)
        if None in lease.values():
            return None
        self._repeat()
        row = self._claim_again(channel, lease, now) if self._claims.may_be_lost(channel) else None
        if row is None:
            self._claims.lose(channel)
            what = {"channel": channel, "urgent": is_urgent_only, "tokens": tokens}
            with self._part():
                row = self._handle.one("claim", **lease, **what, now=timestamp(now), until=timestamp(now + LEASE))
            self._handle.after_commit(partial(self._claims.find, channel))
        if row is None:
            return None
        self._claims.add(row["id"], row["attempts"], boot=str(lease["boot"]))
        return self._delivery(row, now)

    def holds(self, delivery: Delivery) -> bool:
        if self._membership.is_current(self._claims.boot(delivery)):
            self._claims.begin(delivery)
            return True
        self._claims.lose(delivery.message.channel)
        return False

    def next_due(self, channel: str, *, now: datetime, is_urgent_only: bool = False) -> datetime | None:
        self._repeat()
        if self._claims.may_be_lost(channel) and self._may_claim(channel):
            return now
        return super().next_due(channel, now=now, is_urgent_only=is_urgent_only)

    def requeue(self, message: int, *, now: datetime) -> str:
        channel = super().requeue(message, now=now)
        self._note([channel])
        return channel

    def _note(self, channels: Collection[str]) -> None:
        """Let the other nodes hear of these channels once it is durable."""
        self._handle.after_commit(partial(self._membership.add_news, channels))

    def _lease(self, channel: str) -> dict[str, object]:
        """Return the lease of a channel as this boot has it; without a boot or a fence it has none."""
        name, boot = channel_lease(channel), self._membership.boot
        return {"lease": name, "boot": boot, "fence": self._membership.fences.get(name)}

    def _may_claim(self, channel: str) -> bool:
        """Return whether a claim would be sent: this boot has the lease, and beats."""
        return None not in self._lease(channel).values() and self._membership.is_current(self._membership.boot)

    def _claim_again(self, channel: str, lease: Mapping[str, object], now: datetime) -> Any:
        begun, until = to_json(self._claims.begun()), timestamp(now + LEASE)
        with self._part():
            return self._handle.one("claim_again", **lease, channel=channel, begun=begun, until=until)

    def _part(self) -> AbstractContextManager[None]:
        """Let one statement of a transaction fail by itself; beside a transaction it needs none."""
        return self._handle.transaction() if self._handle.is_in_transaction() else nullcontext()

    def _repeat(self) -> None:
        """Record the last verdicts again after a connection was lost: another server may not have them."""
        losses = self._handle.losses()
        if losses != self._repeated and not self._handle.is_in_transaction():
            for verdict in self._claims.last():
                self._handle.all("settle_open", **verdict)
            self._repeated = losses

    def _owns(self, channel: str) -> bool:
        return self._handle.one("lease_held", **self._lease(channel)) is not None

    def _attach(self, channel: str, message: int, events: Sequence[int]) -> None:
        rows = self._handle.all("attach_notices", channel=channel, message=message, events=to_json(events))
        if len(rows) != len(events):
            raise Stale("a notice is in another message already; what waits is read again")

    def _row(self, message: int) -> Any:
        return self._handle.one("message_to_change", id=message)

    def _free_lost(self, which: Mapping[str, object]) -> Sequence[Any]:
        lost = {"boot": self._membership.boot, "awaited": to_json(self._claims.awaited())}
        freed = self._handle.all("free_messages_of_the_lost", **lost, **which)
        self._note({row["channel"] for row in freed})
        return freed

    def _settle(self, delivery: Delivery, verdict: Verdict, *, state: str, due: datetime | None, now: datetime) -> bool:
        boot = self._claims.boot(delivery) or self._membership.boot
        attempt = {"message": delivery.id, "n": delivery.attempt, "outcome": verdict.outcome, "reason": verdict.reason}
        sent_at = timestamp(now) if verdict.outcome is Outcome.OK else None
        message = {"state": state, "due": due and timestamp(due), "sent_at": sent_at}
        closing = {"boot": boot, "code": verdict.code, "now": timestamp(now)}
        with self._claims.settling(delivery):
            with self._part():
                row = self._handle.one("settle_open", **attempt, **message, **closing)
            counts = row is not None or self._settle_late(attempt, message, closing)
        self._handle.after_commit(partial(self._claims.settle, delivery, {**attempt, **message, **closing}))
        return counts

    def _settle_late(self, attempt: _Values, message: _Values, closing: _Values) -> bool:
        """Record a verdict whose attempt is closed: by an earlier call with the same verdict, or because it was lost.

        Return whether it counts. A boot that was buried changes nothing but for what was accepted, and that only as
        long as nobody has claimed the message again.
        """
        place = {"message": attempt["message"], "n": attempt["n"]}
        with self._handle.transaction():
            row = self._handle.one("closed_attempt", **place, boot=closing["boot"])
            if row is None or row["outcome"] != _LOST:
                return True
            may_count = row["is_living"] or attempt["outcome"] is Outcome.OK
            is_settled = may_count and self._handle.one("settle_late", **attempt, **message) is not None
            if is_settled and row["is_living"]:
                self._handle.all("close_attempt", **attempt, code=closing["code"], now=closing["now"])
            else:
                self._handle.all("note_late", **place, late=f"{attempt['outcome']}: {attempt['reason']}")
        return is_settled
