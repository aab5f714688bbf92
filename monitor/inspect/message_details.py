"""Collect messages with every attempt to send them, and what waits for a message, for a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from monitor.inspect.pending import held_back, waiting_notices
from monitor.model import MESSAGE_STATES

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.page_records import AttemptRecord, Summary
    from monitor.records import MessageRecord
    from monitor.store.open import Stores

MOVABLE = frozenset({"pending", "held", "dead"})  # states in which a message can be retried or dropped


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDetails:
    """A message, or notices that wait for one, with every attempt to send it."""

    message: MessageRecord
    attempts: Sequence[AttemptRecord] = ()

    @property
    def is_movable(self) -> bool:
        """Return whether it can be retried or dropped."""
        return self.message.id is not None and self.message.state in MOVABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which messages to read; None does not narrow."""

    state: str | None = None
    channel: str | None = None
    before: int | None = None  # those with a lower id


def message_page(config: Config, stores: Stores, wanted: Wanted, *, limit: int) -> Sequence[MessageDetails]:
    """Return messages, newest first, with their attempts; in front of the newest ones what waits for a message."""
    # Read notices first: one that becomes a message meanwhile is shown twice rather than not at all.
    waiting = _waiting(config, stores, wanted) if wanted.before is None else []
    found = stores.archive.messages_page(wanted.state, wanted.channel, before=wanted.before, limit=limit)
    return [*waiting, *_with_attempts(stores, found)]


def one_message(stores: Stores, number: int) -> Sequence[MessageDetails]:
    """Return one message with its attempts. Raises NotFound."""
    return _with_attempts(stores, [stores.archive.message(number)])


def _waiting(config: Config, stores: Stores, wanted: Wanted) -> list[MessageDetails]:
    if wanted.state not in (None, "pending"):
        return []
    return [
        MessageDetails(message=each)
        for each in waiting_notices(config, stores)
        if wanted.channel in (None, each.channel)
    ]


def _with_attempts(stores: Stores, messages: Sequence[MessageRecord]) -> list[MessageDetails]:
    state_of = cache(stores.channel_states.get)
    attempts = stores.archive.attempts([each.id for each in messages if each.id is not None])
    return [
        MessageDetails(message=held_back(each, state_of(each.channel)), attempts=attempts.get(each.id or 0, ()))
        for each in messages
    ]


def count_by_state(summary: Summary, channel: str | None = None) -> Mapping[str, int]:
    """Count messages by state, of all channels or of one; a notice that waits for its message is pending, too."""
    counts = dict.fromkeys(MESSAGE_STATES, 0)
    for (name, state), count in summary.messages.items():
        counts[state] += count if channel in (None, name) else 0
    counts["pending"] += sum(count for name, count in summary.notices.items() if channel in (None, name))
    return counts
