"""Report what is pending on each channel, and why it is not sent yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache, partial
from itertools import chain, groupby
from typing import NamedTuple

from monitor.channel_health import ChannelState
from monitor.config import Config
from monitor.config.convert import policy_of
from monitor.inspect.paging import OLDEST, ListedRow, Place, read_from
from monitor.inspect.rows import message_row
from monitor.notify.send_time import Delay, Policy, send_time
from monitor.page_records import Summary, WaitingNotices
from monitor.records import MessageItem, MessageRecord
from monitor.store.open import Access, Stores, open_stores, store_file

ReadOnlyStores = Stores  # as `open_read_only` returns it
PENDING_STATES = ("pending", "leased", "held")  # states of messages that may still be sent


def open_read_only(config: Config) -> Stores:
    """Open the store of a configuration while a monitor may run. Raises NotFound when there is none yet."""
    return open_stores(config.location, Access.READ)


def store_identity(config: Config) -> tuple[int, int] | None:
    """Return what another database file in the same place does not have; None: there is no file, or a shared store."""
    if config.store:
        return None
    try:
        status = store_file(config.state).path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def alert_rows(
    config: Config, store: Stores, *, state: str | None = None, place: Place = OLDEST
) -> Iterator[ListedRow]:
    """Yield messages, and the notices that wait for one: one row for each channel and time, as if it were one.

    A message whose channel is held back is due when that ends. The notices come last; newest first, they come first.
    """
    # Read notices first: one that becomes a message meanwhile is shown twice rather than not at all.
    is_whole = state in (None, "pending") and place.before is None
    waiting = [ListedRow(message_row(one)) for one in waiting_notices(config, store)] if is_whole else []
    messages = _messages(store, state, place)
    return chain(messages, waiting) if place.after is not None else chain(reversed(waiting), messages)


def _messages(store: Stores, state: str | None, place: Place) -> Iterator[ListedRow]:
    archive, state_of = store.archive, cache(store.channel_states.get)
    for one in read_from(
        place, forward=partial(archive.messages, state), backward=partial(archive.messages_page, state)
    ):
        yield ListedRow(message_row(held_back(one, state_of(one.channel))), str(one.id))


def held_back(message: MessageRecord, channel_state: ChannelState) -> MessageRecord:
    """Return a message with the time and the reason for which its channel makes it wait, where it does."""
    if message.state != "pending":
        return message
    if channel_state.is_refused:
        until, reason = message.due, f"its channel refuses everything: {channel_state.reason}"
    elif channel_state.opened_until and channel_state.opened_until > message.due:
        until, reason = channel_state.opened_until, f"its channel is paused after failures: {channel_state.reason}"
    elif channel_state.muted_until and channel_state.muted_until > message.due:
        until, reason = channel_state.muted_until, Delay.MUTE
    else:
        return message
    return replace(message, due=until, reason=message.reason or reason)


def waiting_notices(config: Config, store: Stores) -> Iterator[MessageRecord]:
    """Yield the notices that wait for a message, by channel and send time; `reason` is what they wait for."""
    for channel in sorted(store.outbox.pending_channels()):
        policy = policy_of(config, channel) if channel in config.channels else None
        channel_state = store.channel_states.get(channel)
        notices = [
            (_expected(one.since, policy, channel_state, is_urgent=one.notice.is_urgent), one.event, one)
            for one in store.outbox.pending_notices(channel)
        ]
        for expected, group in groupby(sorted(notices, key=lambda each: each[:2]), key=lambda each: each[0]):
            yield MessageRecord(
                id=None,
                channel=channel,
                kind=expected.kind,
                state="pending",
                attempts=0,
                due=expected.due,
                reason=expected.reason or None,
                sent_at=None,
                items=tuple(
                    MessageItem(
                        release=item.release,
                        version=item.version,
                        title=item.title,
                        watchlists=item.watchlists,
                        url=item.url,
                        ref=item.ref,
                    )
                    for item in (one.notice.item for _, _, one in group)
                ),
            )


def pending_counts(summary: Summary) -> Mapping[str, int]:
    """Return how much is pending on each channel: messages that may still be sent, and notices."""
    counts = Counter[str](summary.notices)
    for (channel, state), count in summary.messages.items():
        counts[channel] += count if state in PENDING_STATES else 0
    return +counts


def delays(
    waiting: Sequence[WaitingNotices], policy: Policy | None, channel_state: ChannelState
) -> Sequence[tuple[datetime, str, int]]:
    """Return until when notices of a channel wait, for what and how many; those that nothing delays are left out."""
    counts = Counter[tuple[datetime, str]]()
    for each in waiting:
        expected = _expected(each.since, policy, channel_state, is_urgent=each.is_urgent)
        if expected.reason:
            counts[expected.due, expected.reason] += each.total
    return [(*key, count) for key, count in sorted(counts.items())]


class _Expected(NamedTuple):
    """When a notice is sent, as which kind of message, and what it waits for."""

    due: datetime
    kind: str
    reason: str


def _expected(since: datetime, policy: Policy | None, channel_state: ChannelState, *, is_urgent: bool) -> _Expected:
    if policy is None:
        return _Expected(since, "instant", "its channel is not configured")
    found = send_time(since, policy, channel_state, is_urgent=is_urgent)
    if found.delay:
        return _Expected(found.at, "digest", found.delay)
    if channel_state.flood_until and not is_urgent:
        return _Expected(channel_state.flood_until, "summary", f"more than {policy.max_per_hour} messages an hour")
    return _Expected(found.at, "instant", "")
