"""What every Outbox promises of messages on their way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.model import Delivery, Message, Outcome, Verdict
from monitor.ports import LEASE
from monitor.testing import NOON, note
from tests.contract.pairs import OUTBOXES, Pair, Sent
from tests.contract.takes import dump, record, take_in

pytestmark = pytest.mark.parametrize("pair", OUTBOXES, indirect=True)

OK = Verdict(outcome=Outcome.OK, reason="accepted")
BUSY = Verdict(outcome=Outcome.TRANSIENT, reason="503 from the service", code=503)
NEVER = Verdict(outcome=Outcome.REFUSED, reason="413 from the service", code=413)
UNSURE = Verdict(outcome=Outcome.UNCERTAIN, reason="no answer in time")
SOON, MOMENT = timedelta(seconds=30), timedelta(milliseconds=1)
LOST = "the process ended during the send"


def hello(text: str = "hello", channel: str = "team") -> Message:
    return note(text, channel=channel)


def enqueue(pair: Pair, *texts: str, channel: str = "team") -> None:
    for text in texts:
        pair.outbox.enqueue(hello(text, channel), key=f"{channel}:{text}", now=NOON)


def claim(pair: Pair, *, after: timedelta = timedelta(), channel: str = "team") -> Delivery:
    delivery = pair.outbox.claim(channel, now=NOON + after)
    assert delivery is not None
    return delivery


def test_a_queued_message_is_claimed_as_it_was_given(pair: Pair) -> None:
    enqueue(pair, "hello")
    delivery = claim(pair)
    assert (delivery.attempt, delivery.message) == (1, hello())
    assert delivery.expires == NOON + hello().max_age


def test_a_message_bears_one_number_in_all_its_attempts_and_no_other_message_bears_it(pair: Pair) -> None:
    enqueue(pair, "first", "second")
    first = claim(pair)
    pair.outbox.retry(first, BUSY, due=NOON + SOON, now=NOON)
    second, again = claim(pair), pair.restarted().claim("team", now=NOON + SOON)
    assert again is not None
    assert (again.id, again.number) == (first.id, first.number)
    assert second.number != first.number
    assert first.number.startswith(f"{first.id}-")


def test_a_requeued_message_is_tried_as_a_new_one_and_its_earlier_attempts_are_known(pair: Pair) -> None:
    enqueue(pair, "hello")
    for life in range(3):
        for attempt in (1, 2):
            delivery = claim(pair, after=life * SOON)
            assert delivery.attempt == attempt
            pair.outbox.retry(delivery, UNSURE, due=NOON + life * SOON, now=NOON + life * SOON)
        assert pair.outbox.requeue(delivery.id, now=NOON + (life + 1) * SOON) == "team"
        [sent] = pair.messages()
        assert (sent.state, sent.attempts, sent.unsure) == ("pending", 0, 2 * (life + 1))


def test_a_verdict_from_before_a_requeue_does_not_count(pair: Pair) -> None:
    enqueue(pair, "hello")
    delivery = claim(pair)
    pair.outbox.reclaim(claimed_before=NOON + SOON, now=NOON)
    pair.outbox.requeue(delivery.id, now=NOON)
    pair.outbox.bury(delivery, NEVER, now=NOON)
    assert [sent.state for sent in pair.messages()] == ["pending"]


def test_a_key_is_queued_once(pair: Pair) -> None:
    assert pair.outbox.enqueue(hello("first"), key="up", now=NOON)
    assert not pair.outbox.enqueue(hello("second"), key="up", now=NOON + SOON)
    assert claim(pair).message.text == "first"
    assert pair.outbox.claim("team", now=NOON + SOON) is None


def test_a_key_stays_taken_when_its_message_was_sent(pair: Pair) -> None:
    enqueue(pair, "hello")
    pair.outbox.done(claim(pair), OK, now=NOON)
    enqueue(pair, "hello")
    assert [sent.state for sent in pair.messages()] == ["sent"]


def test_what_a_dump_leads_to_is_claimed_whole(pair: Pair) -> None:
    take_in(pair.store, dump(record("Talks held"), record("Visit ends")))
    pair.form()
    message = claim(pair).message
    assert (message.channel, message.kind, message.source) == ("team", "instant", "motie")
    assert [(item.release, item.title, item.watchlists) for item in message.items] == [
        (1, "Talks held", ("desk",)),
        (2, "Visit ends", ("desk",)),
    ]


def test_the_parts_of_a_long_message_are_claimed_in_their_order(pair: Pair) -> None:
    take_in(pair.store, dump(*(record(f"Notice {n}", f"Text {n}.") for n in range(45))))
    pair.form()
    parts = [claim(pair).message for _ in range(3)]
    assert [(part.part, part.parts) for part in parts] == [(1, 3), (2, 3), (3, 3)]
    assert [item.release for part in parts for item in part.items] == list(range(1, 46))


def test_the_oldest_message_comes_first_and_each_only_once(pair: Pair) -> None:
    enqueue(pair, "one", "two")
    assert [claim(pair).message.text, claim(pair).message.text] == ["one", "two"]
    assert pair.outbox.claim("team", now=NOON) is None


def test_a_channel_is_given_only_its_own(pair: Pair) -> None:
    enqueue(pair, "hello", channel="desk")
    assert pair.outbox.claim("team", now=NOON) is None
    assert claim(pair, channel="desk").message.text == "hello"


def test_an_attempt_is_written_before_the_send(pair: Pair) -> None:
    enqueue(pair, "hello")
    claim(pair)
    assert pair.messages() == [Sent("leased", 1, None, 0)]


def test_a_message_that_is_done_never_comes_again(pair: Pair) -> None:
    enqueue(pair, "hello")
    pair.outbox.done(claim(pair), OK, now=NOON)
    assert pair.outbox.claim("team", now=NOON + timedelta(days=9)) is None
    assert pair.messages() == [Sent("sent", 1, "accepted", 0)]


def test_a_retry_comes_back_when_it_is_due_and_not_before(pair: Pair) -> None:
    enqueue(pair, "hello")
    first = claim(pair)
    pair.outbox.retry(first, BUSY, due=NOON + SOON, now=NOON)
    assert pair.messages() == [Sent("pending", 1, "503 from the service", 0)]
    assert pair.outbox.claim("team", now=NOON + SOON - timedelta(seconds=1)) is None
    second = claim(pair, after=SOON)
    assert (second.id, second.attempt, second.expires) == (first.id, 2, first.expires)


def test_a_later_message_passes_one_that_waits_for_its_retry(pair: Pair) -> None:
    enqueue(pair, "one", "two")
    pair.outbox.retry(claim(pair), BUSY, due=NOON + SOON, now=NOON)
    assert claim(pair).message.text == "two"
    assert claim(pair, after=SOON).message.text == "one"


def test_an_uncertain_attempt_stays_marked(pair: Pair) -> None:
    enqueue(pair, "hello")
    pair.outbox.retry(claim(pair), UNSURE, due=NOON, now=NOON)
    pair.outbox.done(claim(pair), OK, now=NOON)
    assert pair.messages() == [Sent("sent", 2, "accepted", 1)]


def test_a_buried_message_never_comes_again_and_stays_visible_with_its_reason(pair: Pair) -> None:
    enqueue(pair, "hello")
    pair.outbox.bury(claim(pair), NEVER, now=NOON)
    assert pair.outbox.claim("team", now=NOON + timedelta(days=9)) is None
    assert pair.messages() == [Sent("dead", 1, "413 from the service", 0)]


def test_next_due_is_when_the_first_of_a_channels_waiting_messages_is_due(pair: Pair) -> None:
    enqueue(pair, "one", "two")
    enqueue(pair, "other", channel="desk")
    for wait in (2 * SOON, SOON):
        pair.outbox.retry(claim(pair), BUSY, due=NOON + wait, now=NOON)
    assert pair.outbox.next_due("team", now=NOON) == NOON + SOON
    assert pair.outbox.next_due("desk", now=NOON) == NOON


def test_nothing_is_due_where_nothing_waits(pair: Pair) -> None:
    enqueue(pair, "sent", "dead", "on its way")
    pair.outbox.done(claim(pair), OK, now=NOON)
    pair.outbox.bury(claim(pair), NEVER, now=NOON)
    claim(pair)
    assert pair.outbox.next_due("team", now=NOON) is None


def test_what_a_dead_process_left_open_is_marked_and_due_again(pair: Pair) -> None:
    enqueue(pair, "sent", "retried", "open")
    pair.outbox.done(claim(pair), OK, now=NOON)
    pair.outbox.retry(claim(pair), BUSY, due=NOON + 9 * SOON, now=NOON)
    claim(pair)
    successor = pair.restarted()
    assert successor.reclaim(claimed_before=NOON + SOON, now=NOON + SOON) == {}
    assert pair.messages() == [
        Sent("sent", 1, "accepted", 0),
        Sent("pending", 1, "503 from the service", 0),
        Sent("pending", 1, LOST, 1),
    ]
    assert successor.next_due("team", now=NOON) == NOON + SOON
    again = successor.claim("team", now=NOON + SOON)
    assert again is not None
    assert (again.attempt, again.message.text) == (2, "open")


def test_an_attempt_is_left_alone_while_its_lease_lasts(pair: Pair) -> None:
    enqueue(pair, "hello")
    claim(pair)
    assert pair.outbox.reclaim(claimed_before=NOON, now=NOON + LEASE - MOMENT) == {}
    assert pair.messages() == [Sent("leased", 1, None, 0)]


def test_a_lease_that_has_run_out_is_taken_back_whoever_has_it(pair: Pair) -> None:
    enqueue(pair, "hello", "young")
    claim(pair)
    claim(pair, after=MOMENT)
    pair.outbox.reclaim(now=NOON + LEASE)
    assert pair.messages() == [Sent("pending", 1, LOST, 1), Sent("leased", 1, None, 0)]
    again = claim(pair, after=LEASE)
    assert (again.attempt, again.message.text) == (2, "hello")


def test_a_lease_from_before_the_clock_was_set_back_has_run_out(pair: Pair) -> None:
    enqueue(pair, "hello")
    claim(pair)
    pair.outbox.reclaim(now=NOON - LEASE)  # another machine's clock may differ by so much
    assert pair.messages() == [Sent("leased", 1, None, 0)]
    pair.outbox.reclaim(now=NOON - LEASE - MOMENT)
    assert pair.messages() == [Sent("pending", 1, LOST, 1)]


def test_every_process_that_dies_in_a_send_leaves_its_mark(pair: Pair) -> None:
    enqueue(pair, "hello")
    claim(pair)
    second = pair.restarted()
    second.reclaim(claimed_before=NOON + SOON, now=NOON + SOON)
    second.claim("team", now=NOON + SOON)
    third = pair.restarted()
    for _ in range(2):
        third.reclaim(claimed_before=NOON + 2 * SOON, now=NOON + 2 * SOON)
    assert pair.messages() == [Sent("pending", 2, LOST, 2)]


# --- verdicts that come late ---------------------------------------------------------------------------------------


def _done(pair: Pair, delivery: Delivery) -> None:
    pair.outbox.done(delivery, OK, now=NOON + LEASE)


def _retry(pair: Pair, delivery: Delivery) -> None:
    pair.outbox.retry(delivery, BUSY, due=NOON + LEASE + SOON, now=NOON + LEASE)


def _hold(pair: Pair, delivery: Delivery) -> None:
    pair.outbox.hold(delivery, UNSURE, now=NOON + LEASE)


def _bury(pair: Pair, delivery: Delivery) -> None:
    pair.outbox.bury(delivery, NEVER, now=NOON + LEASE)


Verdicts = Callable[[Pair, Delivery], None]
EVERY = pytest.mark.parametrize("give", [_done, _retry, _hold, _bury])


@pytest.mark.parametrize("holding", [(), ("team",)])
@pytest.mark.parametrize(
    ("give", "after"),
    [
        (_done, Sent("sent", 1, "accepted", 0)),
        (_retry, Sent("pending", 1, "503 from the service", 0)),
        (_hold, Sent("held", 1, "no answer in time", 1)),
        (_bury, Sent("dead", 1, "413 from the service", 0)),
    ],
)
def test_a_verdict_that_comes_before_the_next_attempt_still_counts(
    pair: Pair, give: Verdicts, after: Sent, holding: tuple[str, ...]
) -> None:
    """A full disk kept it from being written down: what was accepted must not be sent again."""
    enqueue(pair, "hello")
    delivery = claim(pair)
    pair.outbox.reclaim(holding=holding, now=NOON + LEASE)
    give(pair, delivery)
    assert pair.messages() == [after]


@pytest.mark.parametrize(("give", "state"), [(_done, "sent"), (_retry, "dead"), (_hold, "dead")])
def test_what_was_accepted_is_sent_even_where_it_expired_before_that_was_recorded(
    pair: Pair, give: Verdicts, state: str
) -> None:
    pair.outbox.enqueue(replace(hello("late"), max_age=SOON), key="late", now=NOON)
    delivery = claim(pair)
    pair.outbox.expire(now=NOON + LEASE)
    give(pair, delivery)
    assert [sent.state for sent in pair.messages()] == [state]


@EVERY
def test_a_verdict_that_comes_after_the_next_claim_changes_nothing(pair: Pair, give: Verdicts) -> None:
    enqueue(pair, "hello")
    late = claim(pair)
    pair.outbox.reclaim(now=NOON + LEASE)
    current = claim(pair, after=LEASE)
    give(pair, late)
    assert pair.messages() == [Sent("leased", 2, LOST, 1)]
    pair.outbox.done(current, OK, now=NOON + LEASE)
    give(pair, late)
    assert pair.messages() == [Sent("sent", 2, "accepted", 1)]


@EVERY
def test_a_verdict_that_comes_after_a_person_dropped_the_message_changes_nothing(pair: Pair, give: Verdicts) -> None:
    enqueue(pair, "hello")
    late = claim(pair)
    pair.outbox.reclaim(now=NOON + LEASE)
    pair.outbox.drop(late.id, now=NOON + LEASE)
    give(pair, late)
    assert [(sent.state, sent.unsure) for sent in pair.messages()] == [("dropped", 1)]


# --- age -----------------------------------------------------------------------------------------------------------


def test_a_message_whose_sender_is_gone_grows_too_old_as_well(pair: Pair) -> None:
    for name in ("lost", "sending"):
        pair.outbox.enqueue(replace(hello(name), kind="test", max_age=SOON), key=name, now=NOON)
    claim(pair)
    claim(pair, after=MOMENT)
    assert pair.outbox.expire(now=NOON + LEASE - MOMENT) == {}
    assert pair.outbox.expire(now=NOON + LEASE) == {"team": 1}
    assert pair.messages() == [Sent("dead", 1, f"older than max_age; last: {LOST}", 1), Sent("leased", 1, None, 0)]


def test_a_message_that_outlived_its_max_age_is_never_sent_and_says_so(pair: Pair) -> None:
    pair.outbox.enqueue(replace(note("old", channel="gone"), kind="test", max_age=SOON), key="old", now=NOON)
    pair.outbox.enqueue(note("young", channel="gone"), key="young", now=NOON)
    late = NOON + SOON
    delivery = pair.outbox.claim("gone", now=late)
    assert delivery is not None
    assert delivery.message.text == "young"
    assert pair.outbox.next_due("gone", now=late) is None
    assert pair.outbox.expire(now=late) == {"gone": 1}
    assert pair.outbox.expire(now=late) == {}
    old, young = pair.messages()
    assert (old.state, old.reason, young.state) == ("dead", "older than max_age", "leased")
