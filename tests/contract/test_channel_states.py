"""What every ChannelStates promises of channels and mutes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.channel_health import ChannelState
from monitor.model import Outcome, Verdict
from monitor.testing import NOON, note
from tests.contract.pairs import OUTBOXES, Pair
from tests.contract.takes import record

pytestmark = pytest.mark.parametrize("pair", OUTBOXES, indirect=True)

TALKS = record("Talks held")
HOUR = timedelta(hours=1)
FAILING = ChannelState(failures=3, since=NOON, opened_until=NOON + HOUR, reason="503 from the service")
REFUSED = ChannelState(failures=1, since=NOON, opened_until=NOON + HOUR, is_refused=True, reason="401")
BUSY = Verdict(outcome=Outcome.TRANSIENT, reason="503 from the service")


def wait_for_retry(pair: Pair) -> None:
    pair.outbox.enqueue(note("hello", channel="team"), key="hello", now=NOON)
    delivery = pair.outbox.claim("team", now=NOON, tokens=0.5)
    assert delivery is not None
    pair.outbox.retry(delivery, BUSY, due=NOON + 5 * HOUR, now=NOON)


def test_a_channel_nobody_heard_of_stands_well(pair: Pair) -> None:
    assert pair.channel_states.get("team") == ChannelState()
    assert pair.channel_states.mutes(now=NOON) == {}


def test_a_standing_comes_out_as_it_was_kept(pair: Pair) -> None:
    for channel_state in (FAILING, REFUSED, ChannelState()):
        pair.channel_states.save("team", channel_state)
        assert pair.channel_states.get("team") == channel_state
    assert pair.channel_states.get("desk") == ChannelState()


def test_keeping_a_standing_leaves_bucket_flood_and_mute_alone(pair: Pair) -> None:
    wait_for_retry(pair)
    pair.outbox.queue_messages("team", [], flood_until=NOON + HOUR, now=NOON)
    pair.channel_states.mute("team", until=NOON + 2 * HOUR)
    pair.channel_states.save("team", ChannelState(tokens=9.0, flood_until=None, muted_until=None, failures=1))
    assert pair.channel_states.get("team") == ChannelState(
        failures=1, tokens=0.5, tokens_at=NOON, flood_until=NOON + HOUR, muted_until=NOON + 2 * HOUR
    )


def test_a_resumed_channel_stands_well_and_all_that_waits_is_due(pair: Pair) -> None:
    wait_for_retry(pair)
    pair.channel_states.save("team", REFUSED)
    pair.channel_states.resume("team", now=NOON + HOUR)
    channel_state = pair.channel_states.get("team")
    assert (channel_state.failures, channel_state.is_refused, channel_state.opened_until, channel_state.tokens) == (
        0,
        False,
        None,
        0.5,
    )
    assert pair.outbox.next_due("team", now=NOON + HOUR) == NOON + HOUR
    assert (channel_state.since, channel_state.resumed) == (NOON, NOON + HOUR)


def test_a_channel_is_resumed_when_its_settings_change_and_only_then(pair: Pair) -> None:
    pair.channel_states.save("team", REFUSED)
    for fingerprint, is_refused in (("aaaa", True), ("aaaa", True), ("bbbb", False)):
        pair.channel_states.note_fingerprint("team", fingerprint, now=NOON)
        assert pair.channel_states.get("team").is_refused is is_refused
    pair.channel_states.save("team", REFUSED)
    pair.channel_states.note_fingerprint("team", "bbbb", now=NOON)
    assert pair.channel_states.get("team").is_refused


def test_a_mute_is_known_until_it_ends_and_its_end_is_remembered(pair: Pair) -> None:
    pair.channel_states.mute("team", until=NOON + HOUR)
    pair.channel_states.mute("fta", until=NOON + 2 * HOUR)
    assert pair.channel_states.mutes(now=NOON) == {"fta": NOON + 2 * HOUR, "team": NOON + HOUR}
    assert pair.channel_states.mutes(now=NOON + HOUR) == {"fta": NOON + 2 * HOUR}
    assert pair.channel_states.get("team").muted_until == NOON + HOUR


def test_a_mute_can_be_prolonged_and_ended_early(pair: Pair) -> None:
    for until in (NOON + HOUR, NOON + 9 * HOUR, NOON):
        pair.channel_states.mute("team", until=until)
    assert pair.channel_states.mutes(now=NOON) == {}
    assert pair.channel_states.get("team").muted_until == NOON


def test_what_waits_on_a_muted_channel_grows_no_older_meanwhile(pair: Pair) -> None:
    for name in ("team", "desk"):
        pair.outbox.enqueue(note("hello", channel=name), key=name, now=NOON)
    until = NOON + timedelta(days=9, milliseconds=1)
    pair.channel_states.mute("team", until=until)
    pair.channel_states.mute("team", until=NOON + HOUR)  # ended early: it keeps what it was given
    pair.outbox.expire(now=until)
    assert [sent.state for sent in pair.messages()] == ["pending", "dead"]
    delivery = pair.outbox.claim("team", now=until)
    assert delivery is not None
    assert delivery.expires == until + delivery.message.max_age
