"""Delivery by several monitors of one store: one owner a channel, and what comes too late changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.channel_health import ChannelState
from monitor.errors import NotFound, Stale, StoreError, WrongState
from monitor.model import Delivery, DraftMessage, Message, Outcome, Verdict
from monitor.node_values import channel_lease
from monitor.ports import LEASE
from monitor.testing import NOON, note
from tests.store.postgresql.nodes import Node, OpenNode
from tests.waiting import wait_until

OK = Verdict(outcome=Outcome.OK, reason="accepted")
BUSY = Verdict(outcome=Outcome.TRANSIENT, reason="503 from the service", code=503)
NEVER = Verdict(outcome=Outcome.REFUSED, reason="413 from the service", code=413)
UNSURE = Verdict(outcome=Outcome.UNCERTAIN, reason="no answer in time")
SOON, MOMENT = timedelta(seconds=30), timedelta(milliseconds=1)
TEAM = channel_lease("team")

Verdicts = Callable[[Node, Delivery], bool]


def done(node: Node, delivery: Delivery) -> bool:
    return node.outbox.done(delivery, OK, now=NOON)


def retry(node: Node, delivery: Delivery) -> bool:
    return node.outbox.retry(delivery, BUSY, due=NOON + SOON, now=NOON)


def hold(node: Node, delivery: Delivery) -> bool:
    return node.outbox.hold(delivery, UNSURE, now=NOON)


def bury(node: Node, delivery: Delivery) -> bool:
    return node.outbox.bury(delivery, NEVER, now=NOON)


EVERY = pytest.mark.parametrize("give", [done, retry, hold, bury])
FAILED = pytest.mark.parametrize("give", [retry, hold, bury])


def enqueue(node: Node, *texts: str, channel: str = "team") -> None:
    for text in texts:
        message = replace(note(text, channel=channel), kind="test")
        node.outbox.enqueue(message, key=f"{channel}:{text}", now=NOON)


def claim(node: Node, *, after: timedelta = timedelta()) -> Delivery:
    """Claim a message whose send begins."""
    delivery = node.outbox.claim("team", now=NOON + after)
    assert delivery is not None
    assert node.outbox.holds(delivery)
    return delivery


def messages(node: Node) -> list[tuple[object, ...]]:
    return [tuple(row) for row in node.query("SELECT state, attempts, last_reason FROM message ORDER BY id")]


def attempts(node: Node) -> list[tuple[object, ...]]:
    return [tuple(row) for row in node.query("SELECT n, outcome, late FROM attempt ORDER BY message, n")]


# --- who may claim -------------------------------------------------------------------------------------------------


def test_only_the_owner_of_a_channel_claims_its_messages(open_node: OpenNode) -> None:
    owner, other = open_node("a").join("team"), open_node("b").join("desk")
    enqueue(other, "hello")
    assert other.outbox.claim("team", now=NOON) is None
    assert claim(owner).message.text == "hello"


def test_who_has_not_joined_claims_nothing(open_node: OpenNode) -> None:
    node = open_node("a")
    enqueue(node, "hello")
    assert node.outbox.claim("team", now=NOON) is None


def test_a_process_whose_lease_went_to_another_claims_nothing_though_it_does_not_know(open_node: OpenNode) -> None:
    first, second = open_node("a").join("team"), open_node("b").join()
    second.nodes.bury(first.boot, beat=0, now=NOON)
    assert second.nodes.take(TEAM)
    enqueue(first, "hello")
    assert first.shared.membership.fences == {TEAM: 1}
    assert first.outbox.claim("team", now=NOON) is None
    assert claim(second).message.text == "hello"


def test_a_lease_that_came_back_has_another_fence(open_node: OpenNode) -> None:
    """A claim from before it was given away is refused, though the owner is the same."""
    node = open_node("a").join("team")
    enqueue(node, "hello")
    old = dict(node.shared.membership.fences)
    node.nodes.give(TEAM)
    node.nodes.take(TEAM)
    new, node.shared.membership.fences = node.shared.membership.fences, old
    assert node.outbox.claim("team", now=NOON) is None
    node.shared.membership.fences = new
    assert claim(node).message.text == "hello"


def test_a_claim_spends_a_token_where_there_is_something_to_claim_and_else_none(open_node: OpenNode) -> None:
    node = open_node("a").join("team")
    assert node.outbox.claim("team", now=NOON, tokens=1.0) is None
    assert node.channel_states.get("team") == ChannelState()
    enqueue(node, "hello")
    assert node.outbox.claim("team", now=NOON, tokens=2.5)
    assert node.channel_states.get("team") == ChannelState(tokens=2.5, tokens_at=NOON)


def test_a_buried_boot_waits_for_a_claim_that_is_on_its_way_and_frees_it(open_node: OpenNode) -> None:
    """Its claim holds the lease: whoever buries it comes after the claim, and finds its attempt."""
    dying, other = open_node("a").join("team"), open_node("b").join()
    enqueue(dying, "hello")
    with dying.outbox.transaction():
        assert dying.outbox.claim("team", now=NOON) is not None
        with pytest.raises(StoreError, match="lock"):
            other.nodes.bury(dying.boot, beat=0, now=NOON)
    assert other.nodes.bury(dying.boot, beat=0, now=NOON) == {}
    assert attempts(other) == [(1, "unknown", None)]
    other.nodes.take(TEAM)
    assert claim(other).attempt == 2


# --- verdicts of a boot that was buried ----------------------------------------------------------------------------


def test_what_a_buried_boot_was_sending_is_due_again_and_marked(open_node: OpenNode) -> None:
    dead, other = open_node("a").join("team"), open_node("b").join()
    enqueue(dead, "sent", "open")
    done(dead, claim(dead))
    claim(dead)
    assert other.nodes.bury(dead.boot, beat=0, now=NOON) == {}
    assert messages(other) == [("sent", 1, "accepted"), ("pending", 1, "the process ended during the send")]
    other.nodes.take(TEAM)
    again = claim(other)
    assert (again.attempt, again.message.text) == (2, "open")


def test_what_may_have_arrived_is_held_on_the_channels_where_the_dead_one_held_it(open_node: OpenNode) -> None:
    dead, other = open_node("a", holding=("team",)).join("team", "desk"), open_node("b").join()
    enqueue(dead, "hello")
    enqueue(dead, "other", channel="desk")
    claim(dead)
    assert dead.outbox.claim("desk", now=NOON)
    assert other.nodes.bury(dead.boot, beat=0, now=NOON) == {"team": 1}
    assert [state for state, *_ in messages(other)] == ["held", "pending"]


def test_a_start_tells_what_the_last_one_left_and_is_held_now(open_node: OpenNode) -> None:
    enqueue(first := open_node("a").join("team"), "hello")
    claim(first)
    next_start = open_node("a", holding=("team",))
    assert next_start.nodes.join(next_start.facts).held == {"team": 1}


def test_who_leaves_holds_what_it_could_not_end(open_node: OpenNode) -> None:
    """A send that hangs, and was not waited for."""
    node = open_node("a", holding=("team",)).join("team")
    enqueue(node, "hello")
    claim(node)
    assert node.nodes.leave() == {"team": 1}
    assert node.nodes.leave() == {}
    assert [state for state, *_ in messages(node)] == ["held"]


@FAILED
def test_a_late_failure_changes_nothing_and_stands_in_the_ledger(open_node: OpenNode, give: Verdicts) -> None:
    dead, other = open_node("a").join("team"), open_node("b").join()
    enqueue(dead, "hello")
    late = claim(dead)
    other.nodes.bury(dead.boot, beat=0, now=NOON)
    before = messages(other)
    assert not give(dead, late)
    assert messages(other) == before
    [(_, outcome, said)] = attempts(other)
    assert outcome == "unknown"
    assert said in ("transient: 503 from the service", "uncertain: no answer in time", "refused: 413 from the service")


@EVERY
def test_a_late_verdict_after_the_next_claim_changes_nothing_and_explains_the_duplicate(
    open_node: OpenNode, give: Verdicts
) -> None:
    dead, other = open_node("a").join("team"), open_node("b").join()
    enqueue(dead, "hello")
    late = claim(dead)
    other.nodes.bury(dead.boot, beat=0, now=NOON)
    other.nodes.take(TEAM)
    current = claim(other)
    assert not give(dead, late)
    assert messages(other) == [("leased", 2, "the process ended during the send")]
    assert done(other, current)
    assert not give(dead, late)
    assert messages(other) == [("sent", 2, "accepted")]
    [(_, first, said), (_, second, _)] = attempts(other)
    assert (first, second) == ("unknown", "ok")
    assert said is not None


def test_what_was_accepted_is_not_sent_again_where_that_is_known_in_time(open_node: OpenNode) -> None:
    dead, other = open_node("a", holding=("team",)).join("team"), open_node("b").join()
    enqueue(dead, "hello")
    late = claim(dead)
    assert other.nodes.bury(dead.boot, beat=0, now=NOON) == {"team": 1}
    assert done(dead, late)
    assert messages(other) == [("sent", 1, "accepted")]
    assert attempts(other) == [(1, "unknown", "ok: accepted")]


def test_a_delivery_keeps_the_boot_that_claimed_it(open_node: OpenNode) -> None:
    """The process joins anew while the message is on its way: it may not speak for its new boot."""
    node, other = open_node("a").join("team"), open_node("b").join()
    enqueue(node, "hello", "second")
    late, unsent = claim(node), node.outbox.claim("team", now=NOON)
    other.nodes.bury(node.boot, beat=0, now=NOON)
    node.join("team")
    assert unsent is not None
    assert not node.outbox.holds(unsent)
    current = claim(node)
    assert (current.id, current.attempt) == (late.id, 2)
    assert not retry(node, late)
    assert messages(node)[0] == ("leased", 2, "the process ended during the send")


# --- right before the send -----------------------------------------------------------------------------------------


def test_a_process_that_stood_still_sends_nothing_until_it_beats_again(open_node: OpenNode) -> None:
    node = open_node("a").join("team")
    enqueue(node, "hello", "second")
    delivery = node.outbox.claim("team", now=NOON)
    assert delivery is not None
    node.stand_still()
    assert not node.outbox.holds(delivery)
    assert node.outbox.next_due("team", now=NOON + SOON) == NOON  # of the second one
    node.beat()
    assert node.outbox.next_due("team", now=NOON + SOON) == NOON + SOON
    again = claim(node)
    assert (again.id, again.attempt) == (delivery.id, 1)
    assert claim(node).message.text == "second"
    assert attempts(node) == [(1, None, None), (1, None, None)]


def test_how_long_it_may_stand_still_depends_on_the_period_of_the_beats(open_node: OpenNode) -> None:
    node = open_node("a").join("team")
    node.query(
        "INSERT INTO node SELECT 'boot ' || n, 'node', 0, now(), now(), FALSE,"
        """ '{"node": "n"}' FROM generate_series(1, 999) AS n"""
    )
    node.beat()
    assert node.shared.membership.interval == 10
    node.shared.membership.last_beat -= 29
    assert node.shared.membership.is_current(node.boot)
    node.shared.membership.last_beat -= 1
    assert not node.shared.membership.is_current(node.boot)


# --- lost answers --------------------------------------------------------------------------------------------------


class LostAnswer(StoreError):
    """The server has done what it was asked; its answer did not arrive."""


def losing(node: Node, name: str) -> Node:
    """Let the answer of one statement of this node be lost, once."""
    real = node.shared.handle.one

    def one(query: str, **values: object) -> object:
        row = real(query, **values)
        if query == name:
            node.shared.handle.one = real  # type: ignore[method-assign]
            raise LostAnswer("the connection is lost")
        return row

    node.shared.handle.one = one  # type: ignore[method-assign,assignment]
    return node


def test_a_claim_whose_answer_was_lost_is_found_again(open_node: OpenNode) -> None:
    node = open_node("a").join("team")
    enqueue(node, "first", "second")
    with suppress(LostAnswer):
        losing(node, "claim").outbox.claim("team", now=NOON)
    assert node.outbox.next_due("team", now=NOON) == NOON
    found = claim(node)
    assert (found.message.text, found.attempt) == ("first", 1)
    assert attempts(node) == [(1, None, None)]
    assert claim(node).message.text == "second"
    assert node.outbox.claim("team", now=NOON) is None


def losing_commit(node: Node) -> Node:
    """Let the answer to the next COMMIT of this node be lost."""
    with node.shared.handle._sessions.use() as session:
        connection = session.connection
    assert connection is not None
    real = connection.transaction

    @contextmanager
    def transaction() -> Iterator[None]:
        del connection.transaction
        with real():
            yield
        raise LostAnswer("the connection is lost")

    connection.transaction = transaction  # type: ignore[method-assign,assignment]
    return node


def test_a_claim_that_was_lost_with_its_commit_is_found_again(open_node: OpenNode) -> None:
    node = open_node("a").join("team")
    enqueue(node, "first", "second")
    verdict = claim(node)
    with suppress(LostAnswer), losing_commit(node).outbox.transaction():
        done(node, verdict)
        assert node.outbox.claim("team", now=NOON)
    assert attempts(node) == [(1, "ok", None), (1, None, None)]
    assert done(node, verdict)
    assert node.outbox.next_due("team", now=NOON) == NOON
    assert claim(node).message.text == "second"
    assert node.outbox.claim("team", now=NOON) is None


def test_a_claim_that_was_undone_is_claimed_anew(open_node: OpenNode) -> None:
    node = open_node("a").join("team")
    enqueue(node, "first", "second")
    verdict = claim(node)
    with suppress(LostAnswer), node.outbox.transaction():
        done(node, verdict)
        assert node.outbox.claim("team", now=NOON)
        raise LostAnswer("the connection is lost")
    assert attempts(node) == [(1, None, None)]
    assert done(node, verdict)
    assert claim(node).message.text == "second"
    assert node.outbox.claim("team", now=NOON) is None


def test_a_message_whose_send_has_begun_is_not_found_again(open_node: OpenNode) -> None:
    node = open_node("a").join("team")
    enqueue(node, "sending", "lost")
    claim(node)
    with suppress(LostAnswer):
        losing(node, "claim").outbox.claim("team", now=NOON)
    assert claim(node).message.text == "lost"
    assert node.outbox.claim("team", now=NOON) is None


@EVERY
def test_a_verdict_whose_answer_was_lost_is_recorded_again(open_node: OpenNode, give: Verdicts) -> None:
    node = open_node("a").join("team")
    enqueue(node, "hello")
    delivery = claim(node)
    with suppress(LostAnswer):
        give(losing(node, "settle_open"), delivery)
    before = messages(node), attempts(node)
    assert give(node, delivery)
    assert (messages(node), attempts(node)) == before
    assert before[0] != [("leased", 1, None)]


def test_a_verdict_that_a_new_server_does_not_know_is_recorded_again_before_the_next_claim(open_node: OpenNode) -> None:
    node = open_node("a").join("team")
    enqueue(node, "first", "second")
    done(node, claim(node))
    node.query("UPDATE message SET state = 'leased' WHERE attempts = 1")
    node.query("UPDATE attempt SET ended_at = NULL, outcome = NULL")
    assert node.outbox.next_due("team", now=NOON) == NOON
    assert attempts(node) == [(1, None, None)]
    end_sessions(node)
    assert node.outbox.next_due("team", now=NOON) == NOON
    assert messages(node) == [("sent", 1, "accepted"), ("pending", 0, None)]
    assert attempts(node) == [(1, "ok", None)]


def end_sessions(node: Node) -> None:
    """End every session of this node's handle, and let it notice."""
    node.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = current_setting('application_name') AND pid <> pg_backend_pid()"
    )
    with pytest.raises(StoreError):
        node.shared.handle.check_writable()
    node.shared.handle.breaker.back()


# --- what is lost --------------------------------------------------------------------------------------------------


def test_nobody_takes_back_what_another_living_process_sends_whatever_its_lease_says(open_node: OpenNode) -> None:
    sender, other = open_node("a").join("team"), open_node("b").join()
    enqueue(sender, "hello")
    delivery = claim(sender)
    later = NOON + 9 * LEASE
    assert other.outbox.reclaim(claimed_before=later, now=later) == {}
    assert other.outbox.expire(now=later) == {}
    assert messages(sender) == [("leased", 1, None)]
    assert done(sender, delivery)
    assert messages(sender) == [("sent", 1, "accepted")]


def test_a_verdict_that_only_could_not_be_recorded_is_not_lost(open_node: OpenNode) -> None:
    """The store was down for longer than the lease; the chores are done before the verdict is recorded."""
    node = open_node("a").join("team")
    enqueue(node, "hello")
    delivery = claim(node)
    node.outbox.reclaim(now=NOON + 9 * LEASE)
    assert attempts(node) == [(1, None, None)]
    assert done(node, delivery)


def test_a_verdict_that_a_fault_of_this_program_has_lost_does_not_keep_its_message(open_node: OpenNode) -> None:
    node = open_node("a").join("team")
    enqueue(node, "hello")
    delivery = claim(node)
    with pytest.raises(Exception, match="NUL"):
        node.outbox.retry(delivery, replace(BUSY, reason="a\0b"), due=NOON, now=NOON)
    node.outbox.reclaim(now=NOON + LEASE)
    assert messages(node) == [("pending", 1, "the process ended during the send")]


def test_what_no_living_boot_sends_is_taken_back_at_once(open_node: OpenNode) -> None:
    """As after a copy from one machine, or a restore: nobody knows its boot."""
    node = open_node("a").join("team")
    enqueue(node, "copied", "restored", "mine")
    for boot in (None, "a boot of long ago"):
        delivery = claim(node)
        node.query("UPDATE attempt SET boot = %(boot)s WHERE message = %(id)s", boot=boot, id=delivery.id)
    claim(node)
    assert node.outbox.reclaim(holding=("team",), now=NOON) == {"team": 2}
    assert [state for state, *_ in messages(node)] == ["held", "held", "leased"]


def test_who_has_not_joined_takes_back_what_is_lost_and_nothing_else(open_node: OpenNode) -> None:
    sender, command = open_node("a").join("team"), open_node("b")
    enqueue(sender, "living", "lost")
    claim(sender)
    sender.query("UPDATE attempt SET boot = 'dead' WHERE message = %(id)s", id=claim(sender).id)
    command.outbox.reclaim(claimed_before=NOON + SOON, now=NOON + SOON)
    assert [state for state, *_ in messages(sender)] == ["leased", "pending"]


# --- what a person does beside it ----------------------------------------------------------------------------------


def test_a_message_that_is_claimed_meanwhile_is_not_requeued(open_node: OpenNode) -> None:
    """The command reads and writes with the row locked; a claim passes over it."""
    node, command = open_node("a").join("team"), open_node("b")
    enqueue(node, "hello")
    with command.outbox.transaction():
        command.outbox.requeue(1, now=NOON)
        assert node.outbox.claim("team", now=NOON) is None  # its row is locked: the next round finds it
    assert claim(node).attempt == 1
    for change in (command.outbox.drop, command.outbox.requeue):
        with pytest.raises(WrongState, match="on its way"):
            change(1, now=NOON)
    with pytest.raises(NotFound):
        command.outbox.drop(2, now=NOON)


def test_a_command_waits_for_a_claim_that_is_on_its_way(open_node: OpenNode) -> None:
    """Else it would make a message pending that is being sent."""
    node, command = open_node("a").join("team"), open_node("b")
    enqueue(node, "hello")
    with ThreadPoolExecutor(1) as threads:
        with node.outbox.transaction():
            claim(node)
            requeued = threads.submit(command.outbox.requeue, 1, now=NOON)
            wait_until(
                lambda: command.query(
                    "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                    " AND application_name = current_setting('application_name')"
                )
            )
        assert isinstance(requeued.exception(), WrongState)
    assert messages(node) == [("leased", 1, None)]


def test_what_is_stored_for_a_channel_is_news_once_it_is_durable(open_node: OpenNode) -> None:
    node = open_node("a")
    with suppress(ZeroDivisionError), node.outbox.transaction():
        enqueue(node, "undone")
        raise ZeroDivisionError
    assert node.nodes.news() == frozenset()
    with node.outbox.transaction():
        enqueue(node, "hello")
        enqueue(node, "hello", channel="desk")
        assert node.nodes.news() == frozenset()
    assert node.nodes.news() == {"team", "desk"}
    node.outbox.requeue(1 + 1, now=NOON)
    assert node.nodes.news() == {"team"}
    assert node.nodes.news() == frozenset()


# --- messages of notices -------------------------------------------------------------------------------------------


@pytest.fixture
def two_notices(open_node: OpenNode) -> Node:
    """A node that owns a channel with two notices."""
    node = open_node("a").join("team")
    node.query(
        "INSERT INTO message_item (channel, event, watchlists, payload_json, since)"
        " SELECT 'team', n, '[]', '{}', now() FROM generate_series(1, 2) AS n"
    )
    return node


def draft(*events: int) -> DraftMessage:
    return DraftMessage(
        message=Message(channel="team", kind="instant", source="motie", items=(), text=""), events=events
    )


def taken(node: Node) -> list[object]:
    return [row[0] for row in node.query("SELECT message FROM message_item ORDER BY event")]


def queue(node: Node, *events: int) -> None:
    node.outbox.queue_messages("team", [draft(*events)], flood_until=NOON, now=NOON)


def test_only_the_owner_of_a_channel_makes_its_messages(two_notices: Node, open_node: OpenNode) -> None:
    other = open_node("b").join()
    queue(other, 1, 2)
    assert (taken(other), messages(other)) == ([None, None], [])
    assert other.channel_states.get("team") == ChannelState()
    queue(two_notices, 1, 2)
    assert taken(other) == [1, 1]
    assert two_notices.channel_states.get("team") == ChannelState(flood_until=NOON)


def test_a_message_holds_all_of_its_notices_or_none(two_notices: Node) -> None:
    with pytest.raises(Stale):
        queue(two_notices, 1, 2, 3)
    assert (taken(two_notices), messages(two_notices)) == ([None, None], [])
    queue(two_notices, 2)
    queue(two_notices, 1, 2)
    assert (taken(two_notices)[0], len(messages(two_notices))) == (None, 1)


def test_nobody_takes_the_lease_while_its_owner_makes_messages(two_notices: Node, open_node: OpenNode) -> None:
    other = open_node("b").join()
    with two_notices.outbox.transaction():
        queue(two_notices, 1, 2)
        with pytest.raises(StoreError, match="lock"):
            other.nodes.bury(two_notices.boot, beat=0, now=NOON)
    assert other.nodes.bury(two_notices.boot, beat=0, now=NOON) == {}
