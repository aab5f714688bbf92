"""The read side of a store → what waits on each channel, and why it is not told yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain, groupby
from typing import TYPE_CHECKING

from monitor.config.convert import policy_of
from monitor.inspect.rows import message_row
from monitor.model import ChannelState, Item, PendingNotice
from monitor.notify.send_time import Policy, due
from monitor.ports import Row
from monitor.records import MessageItem, MessageRecord, Summary, read_all
from monitor.store.open import Access, Stores, open_stores

if TYPE_CHECKING:
    from monitor.config import Config

UNDELIVERED = ("pending", "leased", "held")  # states of messages that may still be sent


def open_read_only(config: Config) -> Stores:
    """Open the store of a configuration beside a running monitor. Raises NotFound where there is none yet."""
    return open_stores(config.state, Access.READ)


def alert_rows(config: Config, store: Stores, *, state: str | None = None) -> Iterator[Row]:
    """Yield messages, then the notices that wait for theirs, one row for each channel and time, as if it were one."""
    # Notices first: one that becomes a message meanwhile is shown twice rather than not at all.
    waiting = list(_waiting(config, store)) if state in (None, "pending") else []
    messages = read_all(partial(store.archive.messages, state))
    yield from map(message_row, chain(messages, waiting))


def _waiting(config: Config, store: Stores) -> Iterator[MessageRecord]:
    """Yield what waits for its message, by channel and by when it is told; `reason` is what it waits for."""
    for channel in sorted(store.outbox.pending_channels()):
        policy = policy_of(config, channel) if channel in config.channels else None
        channel_state = store.channel_states.get(channel)
        expected = [
            (_expected(one, policy, channel_state), one.event, one) for one in store.outbox.pending_notices(channel)
        ]
        for told, group in groupby(sorted(expected, key=lambda each: each[:2]), key=lambda each: each[0]):
            yield _as_message(channel, told, [one.notice.item for _, _, one in group])


def undelivered(summary: Summary) -> Mapping[str, int]:
    """How much of an archive's summary waits on each channel: messages that may still be sent, and notices."""
    counts = Counter[str](summary.notices)
    for (channel, state), count in summary.messages.items():
        counts[channel] += count if state in UNDELIVERED else 0
    return +counts


@dataclass(frozen=True, slots=True, order=True)
class _Expected:
    """When a notice is told, as which kind of message, and what makes it wait."""

    when: datetime
    kind: str
    reason: str


def _expected(one: PendingNotice, policy: Policy | None, channel_state: ChannelState) -> _Expected:
    if policy is None:
        return _Expected(one.since, "instant", "its channel is not configured")
    found = due(one.since, policy, channel_state, is_urgent=one.notice.is_urgent)
    if found.wait:
        return _Expected(found.when, "digest", found.wait)
    if channel_state.flood_until and not one.notice.is_urgent:
        return _Expected(channel_state.flood_until, "summary", f"more than {policy.max_per_hour} messages an hour")
    return _Expected(found.when, "instant", "")


def _as_message(channel: str, told: _Expected, items: Sequence[Item]) -> MessageRecord:
    return MessageRecord(
        id=None,
        channel=channel,
        kind=told.kind,
        state="pending",
        attempts=0,
        due=told.when,
        reason=told.reason or None,
        sent_at=None,
        items=tuple(
            MessageItem(release=item.release, version=item.version, title=item.title, watchlists=item.watchlists)
            for item in items
        ),
    )
