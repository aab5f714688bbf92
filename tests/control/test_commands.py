"""Commands that change a running monitor, on stores in memory."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.channel_health import ChannelState
from monitor.control.commands import Commands
from monitor.control.requests import Request, execute
from monitor.errors import MonitorError, NotFound, UsageError, WrongState
from monitor.model import Outcome, Verdict
from monitor.ports import Row
from monitor.testing import NOON, FrozenClock, MemoryChannelStates, MemoryOutbox, note

HOUR = timedelta(hours=1)
NEVER = Verdict(outcome=Outcome.REFUSED, reason="413 from the service", code=413)


class Harness:
    """Commands and their stores; channels `team` and `mail`, watchlist `fta`, messages numbered from 1."""

    def __init__(self, *messages: str) -> None:
        self.clock = FrozenClock()
        self.outbox = MemoryOutbox()
        self.channel_states = MemoryChannelStates(self.outbox)
        self.commands = Commands(
            channels=("team", "mail"),
            watchlists=("fta",),
            outbox=self.outbox,
            channel_states=self.channel_states,
            clock=self.clock,
        )
        for number, state in enumerate(messages):
            self.outbox.enqueue(note(f"message {number}", channel="team"), key=f"{number}", now=NOON)
            self.outbox.rows[-1].state = state

    def states(self) -> list[str]:
        return [row.state for row in self.outbox.rows]

    def execute(self, verb: str, *words: str) -> Row:
        return execute(self.commands.by_name(), Request(command=verb, arguments=words))


@pytest.mark.parametrize("state", ["dead", "held", "pending"])
def test_a_message_that_did_not_arrive_is_sent_again_or_dropped(state: str) -> None:
    harness = Harness(state, state)
    assert harness.execute("retry", "1") == {
        "verb": "retry",
        "message": 1,
        "state": "pending",
        "text": "message 1 is due now",
    }
    assert harness.execute("drop", "2") == {
        "verb": "drop",
        "message": 2,
        "state": "dropped",
        "text": "message 2 is dropped",
    }
    assert harness.states() == ["pending", "dropped"]


def test_a_message_that_is_sent_again_is_due_now_and_as_fresh_as_a_new_one() -> None:
    harness = Harness("dead")
    harness.clock.advance(100 * HOUR)
    harness.commands.retry(1)
    [row] = harness.outbox.rows
    assert (row.due, row.expires, row.attempts) == (NOON + 100 * HOUR, NOON + 172 * HOUR, 0)


@pytest.mark.parametrize(
    ("channel_state", "text"),
    [
        (
            ChannelState(failures=5, since=NOON, opened_until=NOON + HOUR, reason="503"),
            "message 1 waits until 2026-11-22T13:00:00Z: channel team is paused after failures",
        ),
        (
            ChannelState(failures=1, since=NOON, is_refused=True, reason="401"),
            "message 1 waits: channel team refuses everything",
        ),
    ],
)
def test_a_message_that_is_sent_again_on_a_channel_that_is_down_says_what_it_waits_for(
    channel_state: ChannelState, text: str
) -> None:
    harness = Harness("dead")
    harness.channel_states.save("team", channel_state)
    cure = "`monitor channels resume team` ends that"
    assert harness.execute("retry", "1")["text"] == f"{text}; {cure}"


def test_a_message_that_is_sent_again_on_a_muted_channel_says_when_it_goes_out() -> None:
    harness = Harness("dead")
    harness.commands.mute("team", HOUR)
    assert harness.execute("retry", "1")["text"] == (
        "message 1 waits until 2026-11-22T13:00:00Z: channel team is muted; `monitor mute team off` ends that"
    )


@pytest.mark.parametrize("verb", ["retry", "drop"])
@pytest.mark.parametrize("state", ["sent", "leased", "dropped"])
def test_a_message_that_arrived_or_is_on_its_way_stays_as_it_is(verb: str, state: str) -> None:
    harness = Harness(state)
    with pytest.raises(WrongState) as refused:
        harness.execute(verb, "1")
    assert (refused.value.where, refused.value.exit_code) == ("1", 1)
    assert harness.states() == [state]


@pytest.mark.parametrize("verb", ["retry", "drop"])
def test_a_message_that_does_not_exist_is_not_found(verb: str) -> None:
    with pytest.raises(NotFound, match="no message 7"):
        Harness().execute(verb, "7")


@pytest.mark.parametrize("word", ["", "x", "-1", "0", "1.5", "٣", "9" * 19, "9" * 5000])
def test_what_is_no_number_is_no_message(word: str) -> None:
    with pytest.raises(UsageError, match="is not a message number"):
        Harness().execute("retry", word)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("team", "channel team is muted until 2026-11-22T20:00:00Z; its alerts wait until then"),
        ("fta", "watchlist fta is muted until 2026-11-22T20:00:00Z; its matches are recorded and alert nobody"),
    ],
)
def test_a_channel_or_a_watchlist_is_muted_for_a_while(name: str, text: str) -> None:
    harness = Harness()
    assert harness.execute("mute", name, "8h") == {
        "verb": "mute",
        "name": name,
        "muted_until": "2026-11-22T20:00:00Z",
        "text": text,
    }
    assert harness.channel_states.mutes(now=NOON) == {name: NOON + 8 * HOUR}


def test_a_second_mute_takes_the_place_of_the_first() -> None:
    harness = Harness()
    harness.execute("mute", "fta", "8h")
    harness.execute("mute", "fta", "1h")
    assert harness.channel_states.mutes(now=NOON) == {"fta": NOON + HOUR}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("team", "channel team is no longer muted; alerts that only the mute held back are sent now"),
        ("fta", "fta is no longer muted"),
    ],
)
def test_a_mute_is_ended_early(name: str, text: str) -> None:
    harness = Harness()
    harness.commands.mute(name, 8 * HOUR)
    harness.clock.advance(HOUR)
    row = harness.execute("mute", name, "off")
    assert (row["muted_until"], row["text"]) == (None, text)
    assert harness.channel_states.mutes(now=NOON + HOUR) == {}


def test_a_mute_that_is_ended_says_to_the_channel_since_when_it_may_speak() -> None:
    """Alerts from before that time were held, and the message says so."""
    harness = Harness()
    harness.commands.mute("team", 8 * HOUR)
    harness.clock.advance(HOUR)
    harness.commands.mute("team", None)
    assert harness.channel_states.get("team").muted_until == NOON + HOUR


def test_ending_a_mute_that_does_not_exist_changes_nothing_and_says_so() -> None:
    harness = Harness()
    assert harness.execute("mute", "fta", "off")["text"] == "fta was not muted"
    harness.commands.mute("team", HOUR)
    harness.clock.advance(2 * HOUR)
    assert harness.execute("mute", "team", "off")["text"] == "team was not muted"
    assert harness.channel_states.get("team").muted_until == NOON + HOUR


def test_a_name_that_nothing_has_is_answered_with_those_there_are() -> None:
    for length in ("8h", "off"):
        with pytest.raises(NotFound, match="no channel or watchlist 'taem'; the configuration has team, mail, fta"):
            Harness().execute("mute", "taem", length)
    with pytest.raises(NotFound, match="no channel 'fta'; the configuration has team, mail"):
        Harness().execute("resume", "fta")


def test_the_mute_of_what_was_renamed_can_be_ended() -> None:
    harness = Harness()
    harness.channel_states.mute("old-name", until=NOON + HOUR)
    assert harness.execute("mute", "old-name", "off")["text"] == "old-name is no longer muted"
    assert harness.channel_states.mutes(now=NOON) == {}


@pytest.mark.parametrize("word", ["8", "h", "0h", "-8h", "8 h", "", "OFF", "99999999999w", "999999w"])
def test_what_is_no_duration_mutes_nothing(word: str) -> None:
    harness = Harness()
    with pytest.raises(UsageError):
        harness.execute("mute", "team", word)
    assert harness.channel_states.mutes(now=NOON) == {}


def test_a_channel_that_refused_is_tried_again_with_all_that_waits() -> None:
    harness = Harness("pending")
    harness.outbox.rows[0].due = NOON + HOUR
    harness.channel_states.save("team", ChannelState(failures=9, is_refused=True, reason="401"))
    row = harness.execute("resume", "team")
    assert row == {"verb": "resume", "name": "team", "text": "channel team is tried again"}
    assert harness.channel_states.get("team") == ChannelState()
    assert harness.outbox.next_due("team", now=NOON) == NOON


def test_resuming_a_muted_channel_says_that_it_stays_so() -> None:
    harness = Harness()
    harness.commands.mute("team", HOUR)
    assert (
        harness.execute("resume", "team")["text"]
        == "channel team is tried again; it is muted until 2026-11-22T13:00:00Z"
    )


@pytest.mark.parametrize(
    ("verb", "words", "text"),
    [
        ("explode", (), "no command 'explode'; this monitor has retry, drop, mute, resume"),
        ("mute", ("team",), "mute takes 2 arguments and was given 1"),
        ("resume", (), "resume takes 1 arguments and was given 0"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused(verb: str, words: tuple[str, ...], text: str) -> None:
    with pytest.raises(MonitorError, match=text) as refused:
        Harness().execute(verb, *words)
    assert refused.value.exit_code == 2


def test_a_test_message_is_queued_like_any_other_and_passes_quiet_hours() -> None:
    harness = Harness()
    for _ in range(2):
        assert harness.execute("test", "team") == {
            "verb": "test",
            "name": "team",
            "state": "pending",
            "text": "the test message to channel team is due now",
        }
    rows = harness.outbox.rows
    assert [(row.message.channel, row.message.kind, row.message.is_urgent) for row in rows] == [
        ("team", "test", True)
    ] * 2
    assert "'team' works" in rows[0].message.text


def test_a_test_message_says_what_it_waits_for() -> None:
    harness = Harness()
    harness.commands.mute("team", HOUR)
    assert harness.execute("test", "team")["text"] == (
        "the test message to channel team waits until 2026-11-22T13:00:00Z: channel team is muted; "
        "`monitor mute team off` ends that"
    )


@pytest.mark.parametrize("name", ["fta", "", "taem"])
def test_only_a_channel_is_tested(name: str) -> None:
    harness = Harness()
    with pytest.raises(NotFound, match="the configuration has team, mail"):
        harness.execute("test", name)
    assert harness.outbox.rows == []
