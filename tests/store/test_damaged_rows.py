"""Stored facts that cannot be read: their alert arrives with what its events tell, and keeps no other one waiting."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from monitor.notify.send_time import Policy
from monitor.notify.worker import DeliveryContext, DeliveryCounts, DeliveryWorker, build_messages
from monitor.store.channel_states import SqlChannelStates
from monitor.store.outbox import SqlOutbox
from monitor.store.sqlite.archive import SqliteArchive
from monitor.store.sqlite.handle import Handle
from monitor.store.sqlite.verify import verify
from monitor.store.store import SqlStore
from monitor.testing import NOON, FrozenClock, RecordingChannel, note
from tests.contract.takes import record, take_in

DAMAGES = {
    "no JSON": "'{broken'",
    "nothing of it": "'{}'",
    "another value": "'[1, 2]'",
    "no UTF-8": "CAST(x'7bff7d' AS TEXT)",
}
EVERY = pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)


@pytest.fixture
def context(handle: Handle) -> DeliveryContext:
    return DeliveryContext(
        outbox=SqlOutbox(handle),
        channel_states=SqlChannelStates(handle),
        clock=FrozenClock(NOON),
        jitter=lambda: 0.0,
    )


def deliver(context: DeliveryContext) -> tuple[DeliveryCounts, list[list[tuple[int, str]]]]:
    channel = RecordingChannel("team")
    counts = DeliveryWorker(channel, Policy(), context).deliver_due()
    return counts, [[(item.release, item.title) for item in message.items] for message in channel.messages]


@EVERY
def test_a_damaged_message_is_sent_with_what_its_events_tell(
    handle: Handle, context: DeliveryContext, damage: str
) -> None:
    for title in ("Talks held", "Visit ends"):
        take_in(SqlStore(handle), record(title))
        build_messages("team", Policy(), context)
    handle._connection.execute(f"UPDATE message SET payload_json = {damage} WHERE id = 1")
    assert deliver(context) == (DeliveryCounts(sent=2), [[(1, "Talks held")], [(2, "Visit ends")]])


def test_a_message_whose_expiry_is_damaged_is_sent(handle: Handle, context: DeliveryContext) -> None:
    take_in(SqlStore(handle), record("Talks held"))
    build_messages("team", Policy(), context)
    handle._connection.execute("UPDATE message SET expires_at = '9 and no time'")
    assert deliver(context) == (DeliveryCounts(sent=1), [[(1, "Talks held")]])


@EVERY
def test_a_damaged_notice_is_sent_with_what_its_event_tells(
    handle: Handle, context: DeliveryContext, damage: str
) -> None:
    for title in ("Talks held", "Visit ends"):
        take_in(SqlStore(handle), record(title))
    handle._connection.execute(f"UPDATE message_item SET payload_json = {damage} WHERE event = 1")
    assert deliver(context) == (DeliveryCounts(sent=2), [[(1, "Talks held")], [(2, "Visit ends")]])


@EVERY
def test_a_damaged_message_that_is_about_no_release_is_still_sent(
    handle: Handle, context: DeliveryContext, damage: str
) -> None:
    context.outbox.enqueue(note("hello", channel="team"), key="hello", now=NOON)
    handle._connection.execute(f"UPDATE message SET payload_json = {damage}")
    assert deliver(context) == (DeliveryCounts(sent=1), [[]])


@EVERY
def test_a_damaged_message_can_be_listed_muted_and_sent_again_and_is_found(
    handle: Handle, context: DeliveryContext, state: Path, damage: str
) -> None:
    take_in(SqlStore(handle), record("Talks held"))
    build_messages("team", Policy(), context)
    handle._connection.execute(f"UPDATE message SET payload_json = {damage}")
    assert [message.text for message in SqliteArchive(handle).messages()] == ["(its stored facts cannot be read)"]
    context.channel_states.mute("team", until=NOON + timedelta(hours=1))
    context.outbox.requeue(1, now=NOON)
    assert [checked.check for checked in verify(handle, state) if not checked.is_ok] == ["messages"]
