"""Keep notices and messages. An attempt is stored before the send, so a crash during it is known."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial
from typing import Any

from monitor.errors import NotFound, WrongState
from monitor.model import Delivery, DraftMessage, Message, Notice, Outcome, PendingNotice, Verdict
from monitor.ports import LEASE
from monitor.state_values import Backlog
from monitor.store.damaged_rows import expiry_of, item_of, message_of
from monitor.store.handle import Handle
from monitor.store.rows import pack_message, parse_optional_timestamp, parse_timestamp, to_json
from monitor.store.stored_values import reports_damage
from monitor.times import timestamp

_MOVABLE = frozenset({"pending", "held", "dead"})


@reports_damage
class SqlOutbox:
    """Implements `monitor.ports.Outbox`; safe to share between threads."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def transaction(self) -> AbstractContextManager[None]:
        return self._handle.transaction()

    def enqueue(self, message: Message, *, key: str, now: datetime) -> bool:
        with self._handle.transaction():
            return self._add(message, key=key, now=now) is not None

    def pending_notices(self, channel: str) -> Sequence[PendingNotice]:
        rows = self._handle.all("pending_notices", channel=channel)
        return self._handle.readable(rows, partial(_pending, self._handle, channel))

    def pending_since(self, channel: str) -> Sequence[tuple[datetime, bool]]:
        rows = self._handle.all("pending_since", channel=channel)
        return self._handle.readable(rows, lambda row: (parse_timestamp(row["since"]), bool(row["urgent"])))

    def recent(self, channel: str, *, after: datetime, most: int) -> Sequence[datetime]:
        rows = self._handle.all("recent_messages", channel=channel, after=timestamp(after), most=most)
        return self._handle.readable(rows[::-1], lambda row: parse_timestamp(row["created_at"]))

    def queue_messages(
        self, channel: str, formed: Sequence[DraftMessage], *, flood_until: datetime | None, now: datetime
    ) -> None:
        with self._handle.transaction():
            if not self._owns(channel):
                return
            events = to_json([event for one in formed for event in one.events])
            taken = {row["event"] for row in self._handle.all("events_in_messages", channel=channel, events=events)}
            for one in formed:
                if not taken.isdisjoint(one.events):
                    continue
                # The key is its first event, which is in no other message, so none is queued twice.
                message = self._add(one.message, key=f"{one.message.kind[0]}:{channel}:{one.events[0]}", now=now)
                if message is not None:
                    self._attach(channel, message, one.events)
                    taken.update(one.events)
            self._handle.all("set_flood", channel=channel, until=flood_until and timestamp(flood_until))

    def claim(
        self, channel: str, *, now: datetime, is_urgent_only: bool = False, tokens: float | None = None
    ) -> Delivery | None:
        with self._handle.transaction():
            row = self._handle.one("claim", channel=channel, now=timestamp(now), urgent=is_urgent_only)
            if row is None:
                return None
            lease = {"now": timestamp(now), "until": timestamp(now + LEASE)}
            self._handle.all("open_attempt", message=row["id"], n=row["attempts"], **lease)
            if tokens is not None:
                self._handle.all("set_tokens", channel=channel, tokens=tokens, now=timestamp(now))
        return self._delivery(row, now)

    def holds(self, delivery: Delivery) -> bool:
        return True

    def done(self, delivery: Delivery, verdict: Verdict, *, now: datetime) -> bool:
        return self._settle(delivery, verdict, state="sent", due=None, now=now)

    def retry(self, delivery: Delivery, verdict: Verdict, *, due: datetime, now: datetime) -> bool:
        return self._settle(delivery, verdict, state="pending", due=due, now=now)

    def hold(self, delivery: Delivery, verdict: Verdict, *, now: datetime) -> bool:
        return self._settle(delivery, verdict, state="held", due=None, now=now)

    def bury(self, delivery: Delivery, verdict: Verdict, *, now: datetime) -> bool:
        return self._settle(delivery, verdict, state="dead", due=None, now=now)

    def next_due(self, channel: str, *, now: datetime, is_urgent_only: bool = False) -> datetime | None:
        rows = self._handle.all("next_due", channel=channel, now=timestamp(now), urgent=is_urgent_only)
        return parse_optional_timestamp(rows[0][0])

    def expire(self, *, now: datetime) -> Mapping[str, int]:
        with self._handle.transaction():
            self._free(expired_by=now, now=now)
            rows = self._handle.all("expire", now=timestamp(now))
        return Counter(row["channel"] for row in rows if row["kind"] != "system")

    def reclaim(
        self, *, holding: Collection[str] = (), claimed_before: datetime | None = None, now: datetime
    ) -> Mapping[str, int]:
        with self._handle.transaction():
            freed = self._free(holding=holding, claimed_before=claimed_before, now=now)
        return Counter(row["channel"] for row in freed if row["state"] == "held" and row["kind"] != "system")

    def requeue(self, message: int, *, now: datetime) -> str:
        with self._handle.transaction():
            packed = message_of(self._handle, self._movable(message, "sent again"))
            self._handle.all("set_attempts_aside", message=message)
            self._handle.all("requeue", id=message, now=timestamp(now), expires=timestamp(now + packed.max_age))
        return packed.channel

    def drop(self, message: int, *, now: datetime) -> None:
        with self._handle.transaction():
            self._movable(message, "dropped")
            self._handle.all("drop", id=message)

    def pending_channels(self) -> frozenset[str]:
        return frozenset(row["channel"] for row in self._handle.all("pending_channels"))

    def backlog(self) -> Backlog:
        row = self._handle.all("backlog")[0]
        return Backlog(pending=row["messages"] + row["notices"], oldest=parse_optional_timestamp(row["oldest"]))

    def _add(self, message: Message, *, key: str, now: datetime) -> int | None:
        """Return the id of the new row; None: the key exists."""
        row = self._handle.one(
            "add_message",
            key=key,
            channel=message.channel,
            kind=message.kind,
            payload=pack_message(message),
            at=timestamp(now),
            expires=timestamp(now + message.max_age),
            urgent=message.is_urgent,
            token=secrets.token_hex(8),
        )
        return int(row["id"]) if row else None

    def _owns(self, channel: str) -> bool:
        """Return whether this process makes the messages of a channel, until the transaction ends."""
        return True

    def _attach(self, channel: str, message: int, events: Sequence[int]) -> None:
        """Let a message hold these notices."""
        self._handle.all("add_message_items", channel=channel, message=message, events=to_json(events))

    def _delivery(self, row: Any, now: datetime) -> Delivery:
        message = message_of(self._handle, row)
        return Delivery(
            id=row["id"],
            number=f"{row['id']}-{row['token']}" if row["token"] else str(row["id"]),
            attempt=row["attempts"],
            expires=expiry_of(self._handle, row, now + message.max_age),
            message=message,
        )

    def _free(
        self,
        *,
        holding: Collection[str] = (),
        claimed_before: datetime | None = None,
        expired_by: datetime | None = None,
        now: datetime,
    ) -> Sequence[Any]:
        """Take back what nobody sends any more; expired_by: of that only what has expired by then, None: all."""
        which = {
            "holding": to_json(sorted(holding)),
            "claimed_before": claimed_before and timestamp(claimed_before),
            "expired_by": expired_by and timestamp(expired_by),
            "latest": timestamp(now + 2 * LEASE),
            "now": timestamp(now),
        }
        return self._free_lost(which)

    def _free_lost(self, which: Mapping[str, object]) -> Sequence[Any]:
        """Take back what is lost, and close its attempts."""
        freed = self._handle.all("free_lost_messages", **which)
        if freed:
            self._handle.all("close_lost_attempts", messages=to_json([row["id"] for row in freed]), now=which["now"])
        return freed

    def _movable(self, message: int, what: str) -> Any:
        row = self._row(message)
        if row is None:
            raise NotFound(f"there is no message {message}; `monitor alerts` lists them", where=str(message))
        if row["state"] not in _MOVABLE:
            state = "on its way" if row["state"] == "leased" else row["state"]
            cure = f"only one that is pending, held or dead can be {what}"
            raise WrongState(f"message {message} is {state}; {cure}", where=str(message))
        return row

    def _row(self, message: int) -> Any:
        """Return the row of a message that is about to be changed; None: there is none."""
        return self._handle.one("message", id=message)

    def _settle(self, delivery: Delivery, verdict: Verdict, *, state: str, due: datetime | None, now: datetime) -> bool:
        attempt = {"message": delivery.id, "n": delivery.attempt, "outcome": verdict.outcome, "reason": verdict.reason}
        due_at, sent_at = due and timestamp(due), timestamp(now) if verdict.outcome is Outcome.OK else None
        with self._handle.transaction():
            if self._handle.one("settle", **attempt, state=state, due=due_at, sent_at=sent_at):
                self._handle.all("close_attempt", **attempt, code=verdict.code, now=timestamp(now))
        return True


def _pending(handle: Handle, channel: str, row: Any) -> PendingNotice:
    return PendingNotice(
        event=row["event"],
        dump=row["dump"],
        since=parse_timestamp(row["since"]),
        notice=Notice(channel=channel, item=item_of(handle, row), is_urgent=bool(row["urgent"])),
    )
