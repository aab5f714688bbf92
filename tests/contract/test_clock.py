"""What every store promises when the clock is set: what waits keeps the time that it has left, in both directions."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from monitor.channel_health import ChannelState
from monitor.ingest_values import IngestReport, Mode
from monitor.model import Outcome, Verdict
from monitor.pipeline import ingest
from monitor.ports import LEASE
from monitor.testing import NOON, dump_of, note
from monitor.times import ClockReading
from tests.contract.pairs import Pair
from tests.contract.takes import AUDIENCE, HABITS, figures, record, take_in

SECOND, MINUTE, HOUR, DAY, YEARS = (timedelta(seconds=each) for each in (1, 60, 3600, 86_400, 3650 * 86_400))
BUSY = Verdict(outcome=Outcome.TRANSIENT, reason="busy")
OK = Verdict(outcome=Outcome.OK, reason="accepted")
JUMPS = pytest.mark.parametrize("by", [9 * HOUR, -9 * HOUR, YEARS, -YEARS], ids=["+9h", "-9h", "+10y", "-10y"])
CUT = "-\nUnfinished talks\nThe text ends in the mid"


def reading(at: datetime, *, uptime: float = 1000.0) -> ClockReading:
    return ClockReading(at=at, wall=at, uptime=uptime, boot="first", steady_since=7.5, aged=at)


def set_clock(pair: Pair, by: timedelta, *, at: datetime = NOON) -> datetime:
    """Set the clock of the store by so much; return the time after that."""
    pair.maintenance.note_clock(reading(at + by), moved=by)
    return at + by


def test_a_reading_comes_back_as_it_was_noted(pair: Pair) -> None:
    assert pair.maintenance.clock() is None
    pair.maintenance.note_clock(reading(NOON, uptime=12.25))
    assert pair.maintenance.clock() == reading(NOON, uptime=12.25)


def test_a_store_without_a_reading_knows_the_time_of_its_newest_dump(pair: Pair) -> None:
    take_in(pair.store, record("Talks held"), now=NOON)
    known = pair.maintenance.clock()
    assert known is not None
    assert (known.at, known.boot) == (NOON, "")


@JUMPS
def test_a_message_keeps_the_time_until_its_next_attempt_and_its_end(pair: Pair, by: timedelta) -> None:
    pair.outbox.enqueue(note("up", channel="team"), key="up", now=NOON)
    delivery = pair.outbox.claim("team", now=NOON)
    assert delivery
    pair.outbox.retry(delivery, BUSY, due=NOON + HOUR, now=NOON)
    now = set_clock(pair, by)
    assert pair.outbox.next_due("team", now=now) == now + HOUR
    assert pair.outbox.claim("team", now=now + HOUR - SECOND) is None
    left = delivery.expires - NOON
    assert pair.outbox.expire(now=now + left - SECOND) == {}
    later = pair.outbox.claim("team", now=now + HOUR)
    assert later
    assert later.expires == delivery.expires + by


@JUMPS
def test_a_lease_lasts_as_long_as_before(pair: Pair, by: timedelta) -> None:
    pair.outbox.enqueue(note("up", channel="team"), key="up", now=NOON)
    delivery = pair.outbox.claim("team", now=NOON)
    assert delivery
    now = set_clock(pair, by)
    pair.outbox.reclaim(claimed_before=NOON + by, now=now + LEASE - SECOND)
    assert pair.outbox.claim("team", now=now + LEASE - SECOND) is None
    pair.outbox.done(delivery, OK, now=now)
    assert [message.state for message in pair.messages()] == ["sent"]


@JUMPS
def test_a_channel_rests_and_is_muted_as_long_as_before(pair: Pair, by: timedelta) -> None:
    state = ChannelState(failures=5, since=NOON - HOUR, opened_until=NOON + MINUTE, reason="busy", resumed=NOON)
    pair.channel_states.save("team", state)
    pair.channel_states.mute("team", until=NOON + 2 * HOUR)
    now = set_clock(pair, by)
    found = pair.channel_states.get("team")
    assert (found.since, found.opened_until, found.resumed) == (now - HOUR, now + MINUTE, now)
    assert pair.channel_states.mutes(now=now) == {"team": now + 2 * HOUR}


@JUMPS
def test_the_limit_of_an_hour_counts_what_was_made_within_it(pair: Pair, by: timedelta) -> None:
    take_in(pair.store, record("Talks held"), now=NOON)
    pair.channel_states.note_fingerprint("team", "abcd", now=NOON)
    pair.form()
    delivery = pair.outbox.claim("team", now=NOON, tokens=1.0)
    assert delivery
    pair.outbox.done(delivery, OK, now=NOON)
    now = set_clock(pair, by)
    assert pair.outbox.recent("team", after=now - HOUR, most=9) == [now]
    assert pair.channel_states.get("team").tokens_at == now


@JUMPS
def test_a_notice_waits_from_the_same_distance(pair: Pair, by: timedelta) -> None:
    take_in(pair.store, record("Talks held"), now=NOON)
    now = set_clock(pair, by, at=NOON + HOUR)
    assert pair.outbox.pending_since("team") == [(now - HOUR, False)]


@JUMPS
def test_a_source_is_silent_from_the_same_distance(pair: Pair, by: timedelta) -> None:
    take_in(pair.store, record("Talks held"), now=NOON)
    pair.source_states.begin_silence("other", NOON - DAY)
    pair.source_states.expected_since("third", now=NOON)
    now = set_clock(pair, by, at=NOON + HOUR)
    assert pair.source_states.last_dumps() == {"motie": now - HOUR}
    assert pair.source_states.silences() == {"other": now - HOUR - DAY}
    assert pair.source_states.expected_since("third", now=now) == now - HOUR


@JUMPS
def test_an_unfinished_dump_may_be_completed_as_long_as_before(pair: Pair, by: timedelta) -> None:
    take_in(pair.store, CUT, now=NOON)
    now = set_clock(pair, by)
    assert pair.store.reject_overdue(held_before=now - SECOND, now=now).total == 0
    assert pair.store.reject_overdue(held_before=now, now=now + MINUTE).total == 1


def arrive(pair: Pair, text: str, *, name: str, now: datetime) -> IngestReport:
    """Take in a dump whose age is told by its arrival alone."""
    options = replace(HABITS, as_of="filename")
    return ingest(
        dump_of(text, name=name), options=options, routing=AUDIENCE, store=pair.store, now=now, mode=Mode.WATCH
    )


@pytest.mark.parametrize("by", [-9 * HOUR, -YEARS], ids=["-9h", "-10y"])
def test_after_a_clock_ran_ahead_nothing_lies_in_the_future_and_no_later_dump_is_stale(
    pair: Pair, by: timedelta
) -> None:
    arrive(pair, figures("5.1"), name="a.txt", now=NOON - by)
    pair.form(now=NOON - by)
    delivery = pair.outbox.claim("team", now=NOON - by)
    assert delivery
    pair.outbox.done(delivery, OK, now=NOON - by)
    now = set_clock(pair, by, at=NOON - by + MINUTE)
    arrive(pair, figures("5.3"), name="b.txt", now=now)
    assert pair.kinds() == ["new", "changed"]
    assert [one.report.at for one in pair.archive.dumps()] == [NOON, now]
    assert [one.report.as_of for one in pair.archive.dumps()] == [NOON, now]
    assert [one.at for one in pair.archive.versions(1)] == [NOON, now]
    assert [one.at for one in pair.archive.release_events(1)] == [NOON, now]
    assert [(one.due, one.sent_at) for one in pair.archive.messages()] == [(NOON, NOON)]


def test_no_version_of_a_later_release_stays_in_the_future(pair: Pair) -> None:
    arrive(pair, "\n".join(record(f"Talks number {number}") for number in range(3)), name="a.txt", now=NOON - HOUR)
    arrive(pair, figures("5.1"), name="b.txt", now=NOON + 9 * HOUR)
    set_clock(pair, -9 * HOUR, at=NOON + 9 * HOUR + MINUTE)
    [version], [event] = pair.archive.versions(4), pair.archive.release_events(4)
    assert (version.at, event.at) == (NOON, NOON)
    assert [one.at for one in pair.archive.versions(1)] == [NOON - HOUR]


def test_a_clock_that_is_set_forward_moves_nothing_that_is_finished(pair: Pair) -> None:
    arrive(pair, figures("5.1"), name="a.txt", now=NOON)
    set_clock(pair, YEARS)
    [dumped], [version], [event] = pair.archive.dumps(), pair.archive.versions(1), pair.archive.release_events(1)
    assert {dumped.report.at, dumped.report.as_of, version.at, event.at} == {NOON}


def test_what_waits_to_be_sent_does_not_expire_while_the_machine_is_off(pair: Pair) -> None:
    pair.outbox.enqueue(note("up", channel="team"), key="up", now=NOON)
    pair.maintenance.note_clock(reading(NOON + YEARS), off=YEARS)
    assert pair.outbox.expire(now=NOON + YEARS) == {}
    assert pair.outbox.claim("team", now=NOON + YEARS)
