"""What the shipped fakes promise beyond their ports."""

from __future__ import annotations

import doctest
from datetime import timedelta

import pytest

import monitor.testing
from monitor.clock import SteadyClock
from monitor.model import Outcome, Verdict
from monitor.ports import Channel, ChannelStates, Clock, Outbox
from monitor.testing import NOON, FrozenClock, MemoryChannelStates, MemoryOutbox, RecordingChannel, dump_of, note


def test_the_documented_use_works() -> None:
    assert doctest.testmod(monitor.testing).failed == 0


@pytest.mark.parametrize("clock", [SteadyClock(None), FrozenClock()])
def test_every_clock_tells_utc(clock: Clock) -> None:
    assert clock.now().utcoffset() == timedelta()


def test_a_frozen_clock_moves_only_when_told() -> None:
    clock = FrozenClock()
    assert (clock.now(), clock.now()) == (NOON, NOON)
    clock.advance(timedelta(hours=1))
    assert clock.now() == NOON + timedelta(hours=1)


def test_a_recording_channel_follows_its_script_and_then_accepts() -> None:
    busy = Verdict(outcome=Outcome.TRANSIENT, reason="busy")
    channel = RecordingChannel("team", busy, busy)
    hello = note("hello", channel="team")
    assert [channel.send(hello, delivery="1").outcome for _ in range(3)] == [Outcome.TRANSIENT] * 2 + [Outcome.OK]
    assert channel.messages == [hello] * 3


def test_dumps_of_other_texts_or_names_are_other_dumps() -> None:
    assert len({dump_of(""), dump_of("x"), dump_of("", name="b.txt"), dump_of("")}) == 3


def _fit(
    channel: RecordingChannel, clock: FrozenClock, outbox: MemoryOutbox, channel_states: MemoryChannelStates
) -> None:
    """Type-checked only: the fakes have the shape of the ports."""
    _ports: tuple[Channel, Clock, Outbox, ChannelStates] = (channel, clock, outbox, channel_states)
