"""What every Outbox promises of notices, of the messages made of them, and of what people do to messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.errors import MonitorError, NotFound
from monitor.ingest_values import Mode
from monitor.model import (
    DraftMessage,
    Message,
    Outcome,
    PendingNotice,
    Verdict,
)
from monitor.notify.compose import PartLimit
from monitor.notify.send_time import Policy
from monitor.state_values import Backlog
from monitor.testing import NOON, note
from tests.contract.pairs import OUTBOXES, Pair
from tests.contract.takes import dump, figures, record, take_in

pytestmark = pytest.mark.parametrize("pair", OUTBOXES, indirect=True)

Happening = Callable[[Pair], None]
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
TALKS, VISIT = record("Talks held"), record("Visit ends", "The minister flew home.", day="2024-07-02")
OK = Verdict(outcome=Outcome.OK, reason="accepted")
BUSY = Verdict(outcome=Outcome.TRANSIENT, reason="503 from the service", code=503)
NEVER = Verdict(outcome=Outcome.REFUSED, reason="413 from the service", code=413)
UNSURE = Verdict(outcome=Outcome.UNCERTAIN, reason="no answer in time")


def formed(*waiting: PendingNotice, kind: str = "instant") -> DraftMessage:
    message = Message(
        channel="team", kind=kind, source="motie", items=tuple(one.notice.item for one in waiting), label="why"
    )
    return DraftMessage(message=message, events=tuple(one.event for one in waiting))


def form(pair: Pair, *made: DraftMessage, now_after: timedelta = timedelta()) -> None:
    pair.outbox.queue_messages("team", made, flood_until=None, now=NOON + now_after)


def states(pair: Pair) -> list[str]:
    return [sent.state for sent in pair.messages()]


def enqueue(pair: Pair, text: str, *, is_urgent: bool = False) -> None:
    told = replace(note(text, channel="team"), kind="test", is_urgent=is_urgent)
    pair.outbox.enqueue(told, key=text, now=NOON)


# --- notices and forming -------------------------------------------------------------------------------------------


def test_a_take_in_leaves_a_notice_for_each_event_and_channel(pair: Pair) -> None:
    take_in(pair.store, dump(TALKS, VISIT))
    take_in(pair.store, dump(TALKS, VISIT, figures("5.1")), name="b.txt", now=NOON + HOUR)
    found = pair.outbox.pending_notices("team")
    assert [(one.event, one.dump, one.since) for one in found] == [(1, 1, NOON), (2, 1, NOON), (3, 2, NOON + HOUR)]
    assert [(one.notice.channel, one.notice.item.title, one.notice.is_urgent) for one in found] == [
        ("team", "Talks held", False),
        ("team", "Visit ends", False),
        ("team", "Chip exports", False),
    ]
    assert (pair.messages(), pair.outbox.pending_notices("desk")) == ([], [])
    assert pair.outbox.pending_since("team") == [(NOON, False), (NOON + HOUR, False)]
    assert pair.outbox.pending_since("desk") == []
    assert pair.outbox.pending_channels() == {"team"}


def test_what_is_formed_waits_no_more_and_is_claimed_as_it_was_given(pair: Pair) -> None:
    take_in(pair.store, dump(TALKS, VISIT))
    one, other = pair.outbox.pending_notices("team")
    made = formed(one)
    form(pair, made, now_after=HOUR)
    assert pair.outbox.pending_notices("team") == [other]
    delivery = pair.outbox.claim("team", now=NOON + HOUR)
    assert delivery is not None
    assert (delivery.message, delivery.expires) == (made.message, NOON + HOUR + made.message.max_age)
    form(pair, formed(other), now_after=HOUR)
    assert (pair.outbox.pending_notices("team"), pair.outbox.pending_channels()) == ([], frozenset())


def test_forming_the_same_twice_makes_one_message(pair: Pair) -> None:
    take_in(pair.store, dump(TALKS, VISIT))
    found = pair.outbox.pending_notices("team")
    for _ in range(2):
        form(pair, formed(*found))
    form(pair, formed(*found, kind="digest"))
    assert states(pair) == ["pending"]


def test_a_message_that_tells_something_told_already_is_left_out_whole(pair: Pair) -> None:
    take_in(pair.store, dump(TALKS, VISIT, figures("5.1")))
    first, second, third = pair.outbox.pending_notices("team")
    form(pair, formed(first))
    form(pair, formed(second, first), formed(third))
    assert pair.outbox.pending_notices("team") == [second]
    assert states(pair) == ["pending", "pending"]


def test_a_known_dump_taken_in_again_announces_nothing_again(pair: Pair) -> None:
    take_in(pair.store, TALKS)
    pair.form()
    take_in(pair.store, TALKS, mode=Mode.AGAIN)
    assert (pair.waiting(), states(pair)) == ([], ["pending"])


def test_what_waits_survives_a_restart(pair: Pair) -> None:
    take_in(pair.store, TALKS)
    assert pair.restarted().pending_notices("team") == pair.outbox.pending_notices("team") != []


def test_a_long_message_is_formed_in_parts_or_not_at_all(pair: Pair) -> None:
    take_in(pair.store, dump(*(record(f"Notice {n}", f"Text {n}.") for n in range(5))))
    pair.form(policy=Policy(part_limit=PartLimit(items=2, characters=10_000)))
    assert (states(pair), pair.waiting()) == (["pending"] * 3, [])


def test_a_flood_is_kept_and_forgotten(pair: Pair) -> None:
    take_in(pair.store, TALKS)
    pair.outbox.queue_messages("team", [], flood_until=NOON + HOUR, now=NOON)
    assert pair.channel_states.get("team").flood_until == NOON + HOUR
    form(pair)
    assert pair.channel_states.get("team").flood_until is None
    assert pair.waiting() == [1]


def test_a_flood_becomes_one_summary_over_a_restart(pair: Pair) -> None:
    few = Policy(max_per_hour=2)
    for number in range(5):
        take_in(pair.store, record(f"Notice {number}", f"Text {number}."), name=f"{number}.txt")
        pair.form(policy=few)
    assert (states(pair), pair.waiting()) == (["pending"] * 2, [3, 4, 5])
    pair.form(policy=few, now=NOON + HOUR - SECOND)
    assert pair.waiting() == [3, 4, 5]
    pair.form(policy=few, now=NOON + HOUR)
    successor = pair.restarted()
    told = [delivery.message for _ in range(3) if (delivery := successor.claim("team", now=NOON + HOUR))]
    assert [(message.kind, len(message.items)) for message in told] == [("instant", 1), ("instant", 1), ("summary", 3)]


def test_recent_are_the_last_messages_that_tell_of_releases(pair: Pair) -> None:
    for number in range(4):
        take_in(pair.store, record(f"Notice {number}", f"Text {number}."), name=f"{number}.txt")
        pair.form(now=NOON + number * SECOND)
        enqueue(pair, f"{number}")
    made = [NOON + n * SECOND for n in range(4)]
    assert pair.outbox.recent("team", after=NOON - SECOND, most=9) == made
    assert pair.outbox.recent("team", after=NOON, most=9) == made[1:]
    assert pair.outbox.recent("team", after=NOON - SECOND, most=2) == made[2:]
    assert pair.outbox.recent("desk", after=NOON - SECOND, most=9) == []


# --- claiming ------------------------------------------------------------------------------------------------------


def test_only_the_urgent_are_given_where_only_they_may_pass(pair: Pair) -> None:
    enqueue(pair, "calm")
    assert pair.outbox.next_due("team", now=NOON, is_urgent_only=True) is None
    assert pair.outbox.claim("team", now=NOON, is_urgent_only=True) is None
    enqueue(pair, "urgent", is_urgent=True)
    assert pair.outbox.next_due("team", now=NOON, is_urgent_only=True) == NOON
    delivery = pair.outbox.claim("team", now=NOON, is_urgent_only=True)
    assert delivery is not None
    assert delivery.message.text == "urgent"


def test_a_claim_spends_a_token_that_stays_spent_over_a_restart(pair: Pair) -> None:
    enqueue(pair, "hello")
    pair.outbox.claim("desk", now=NOON, tokens=0.0)
    assert pair.channel_states.get("desk").tokens is None  # nothing was claimed
    pair.outbox.claim("team", now=NOON + SECOND, tokens=1.25)
    pair.restarted()
    channel_state = pair.channel_states.get("team")
    assert (channel_state.tokens, channel_state.tokens_at) == (1.25, NOON + SECOND)


def test_what_was_made_before_the_clock_was_set_back_is_due(pair: Pair) -> None:
    enqueue(pair, "hello")
    before = NOON - timedelta(days=1000)
    assert pair.outbox.next_due("team", now=before) == before
    assert pair.outbox.claim("team", now=before) is not None


def test_what_may_have_arrived_at_a_dead_process_is_held_where_nothing_is_to_come_twice(pair: Pair) -> None:
    for name, kind in (("team", "instant"), ("team", "system"), ("boss", "instant")):
        pair.outbox.enqueue(replace(note("hello", channel=name), kind=kind), key=f"{name}{kind}", now=NOON)
    for name in ("team", "team", "boss"):
        pair.outbox.claim(name, now=NOON)
    successor = pair.restarted()
    assert successor.reclaim(holding=["team", "desk"], claimed_before=NOON + SECOND, now=NOON + SECOND) == {"team": 1}
    assert (states(pair), successor.next_due("team", now=NOON + HOUR)) == (["held", "held", "pending"], None)
    assert successor.expire(now=NOON + timedelta(days=99)) == {"boss": 1}


# --- what people do ------------------------------------------------------------------------------------------------


def _pending(_: Pair) -> None:
    """As it was queued."""


def _leased(pair: Pair) -> None:
    assert pair.outbox.claim("team", now=NOON)


def _settled(pair: Pair, method: str, verdict: Verdict) -> None:
    delivery = pair.outbox.claim("team", now=NOON)
    getattr(pair.outbox, method)(delivery, verdict, now=NOON)


def _held(pair: Pair) -> None:
    _settled(pair, "hold", UNSURE)


def _dead(pair: Pair) -> None:
    _settled(pair, "bury", NEVER)


def _sent(pair: Pair) -> None:
    _settled(pair, "done", OK)


def _dropped(pair: Pair) -> None:
    pair.outbox.drop(1, now=NOON)


MOVABLE = [_pending, _held, _dead]


@pytest.mark.parametrize("happen", MOVABLE)
def test_a_message_can_be_sent_again_as_fresh_as_a_new_one(pair: Pair, happen: Happening) -> None:
    enqueue(pair, "hello")
    happen(pair)
    later = NOON + timedelta(days=30)
    pair.outbox.requeue(1, now=later)
    delivery = pair.outbox.claim("team", now=later)
    assert delivery is not None
    assert (delivery.message.text, delivery.expires) == ("hello", later + delivery.message.max_age)


@pytest.mark.parametrize("happen", MOVABLE)
def test_a_message_can_be_given_up_with_its_last_reason(pair: Pair, happen: Happening) -> None:
    enqueue(pair, "hello")
    happen(pair)
    before = pair.messages()[0].reason
    pair.outbox.drop(1, now=NOON)
    [dropped] = pair.messages()
    assert (dropped.state, dropped.reason) == ("dropped", "dropped by hand" + (f"; last: {before}" if before else ""))
    assert pair.outbox.claim("team", now=NOON + HOUR) is None


@pytest.mark.parametrize("happen", [_leased, _sent, _dropped])
@pytest.mark.parametrize("method", ["requeue", "drop"])
def test_what_is_on_its_way_or_done_with_is_left_as_it_is(pair: Pair, happen: Happening, method: str) -> None:
    enqueue(pair, "hello")
    happen(pair)
    before = pair.messages()
    with pytest.raises(MonitorError, match="message 1 is "):
        getattr(pair.outbox, method)(1, now=NOON)
    assert pair.messages() == before


@pytest.mark.parametrize("method", ["requeue", "drop"])
def test_a_message_that_is_not_there_is_not_found(pair: Pair, method: str) -> None:
    with pytest.raises(NotFound, match="no message 7"):
        getattr(pair.outbox, method)(7, now=NOON)


def test_what_grew_too_old_is_counted_by_channel_but_not_the_monitors_own(pair: Pair) -> None:
    for name in ("team", "desk"):
        for number in range(2):
            told = replace(note(f"{number}", channel=name), kind="test", max_age=HOUR)
            pair.outbox.enqueue(told, key=f"{name}{number}", now=NOON)
        own = replace(note("I fare well", channel=name), max_age=HOUR)
        pair.outbox.enqueue(own, key=name, now=NOON)
    assert pair.outbox.expire(now=NOON + HOUR - SECOND) == {}
    assert pair.outbox.expire(now=NOON + HOUR) == {"team": 2, "desk": 2}
    assert states(pair) == ["dead"] * 6


# --- what waits in all ---------------------------------------------------------------------------------------------


def test_a_backlog_is_the_messages_that_are_pending_and_the_notices_without_one(pair: Pair) -> None:
    assert pair.outbox.backlog() == Backlog()
    take_in(pair.store, dump(TALKS, VISIT))
    assert pair.outbox.backlog() == Backlog(pending=2)
    pair.form(now=NOON + HOUR)
    assert pair.outbox.backlog() == Backlog(pending=1, oldest=NOON + HOUR)
    pair.outbox.enqueue(note("older", channel="desk"), key="older", now=NOON)
    assert pair.outbox.backlog() == Backlog(pending=2, oldest=NOON)
    delivery = pair.outbox.claim("desk", now=NOON + HOUR)
    assert delivery is not None
    assert pair.outbox.backlog() == Backlog(pending=1, oldest=NOON + HOUR)
    pair.outbox.retry(delivery, BUSY, due=NOON + 2 * HOUR, now=NOON + HOUR)
    assert pair.outbox.backlog() == Backlog(pending=2, oldest=NOON)
