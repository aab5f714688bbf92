"""What a dispatcher does of what must happen once, where other monitors share its store."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.channel_health import ChannelState
from monitor.cluster.ownership import ChannelWorker
from monitor.daemon.dispatcher import Dispatcher, Receiver
from monitor.daemon.operator_alerts import OperatorAlerts
from monitor.health.counters import Counters
from monitor.notify.send_time import Policy
from monitor.testing import NOON, FrozenClock, MemoryChannelStates, MemoryOutbox, RecordingChannel, note
from tests.notify.facts import notice

HOUR = timedelta(hours=1)
REFUSED = ChannelState(is_refused=True, since=NOON, reason="401")
FAILING = ChannelState(failures=5, since=NOON, reason="503", opened_until=NOON + 9 * HOUR)


class Share:
    """Implements `Ownership` for one of several processes."""

    is_shared = True

    def __init__(self) -> None:
        self.owned: set[str] = set()
        self.others: frozenset[str] = frozenset()
        self.is_chief = False
        self.can_lend = True
        self.lendings: list[str] = []
        self.workers: Mapping[str, ChannelWorker] = {}

    def owns(self, channel: str) -> bool:
        return channel in self.owned

    def has_chores(self) -> bool:
        return self.is_chief

    def judges(self, source: str) -> bool:
        raise AssertionError(source)

    def other_channels(self) -> frozenset[str]:
        return self.others

    @contextmanager
    def lent(self, channel: str) -> Iterator[bool]:
        self.lendings.append(channel)
        yield self.can_lend

    def employ(self, workers: Mapping[str, ChannelWorker]) -> None:
        self.workers = workers

    def announce(self, channels: Collection[str] = ()) -> None:
        raise AssertionError


class Process:
    """A dispatcher of the channels `team` and `mail`."""

    def __init__(self) -> None:
        self.share, self.outbox, self.clock = Share(), MemoryOutbox(), FrozenClock()
        self.channel_states = MemoryChannelStates(self.outbox)
        self.channels = {name: RecordingChannel(name) for name in ("team", "mail")}
        self.dispatcher = Dispatcher(
            receivers=[Receiver(channel=one, policy=Policy(), fingerprint="new") for one in self.channels.values()],
            outbox=self.outbox,
            channel_states=self.channel_states,
            operator=OperatorAlerts(channels=["desk"], outbox=self.outbox, clock=self.clock),
            counters=Counters(),
            clock=self.clock,
            since=self.clock.now(),
            ownership=self.share,
            routed=frozenset({"named"}),
        )

    def alerts(self) -> list[str]:
        return [row.message.text.partition("\n")[0] for row in self.outbox.rows if row.message.channel == "desk"]


@pytest.fixture
def process() -> Process:
    return Process()


def test_a_start_takes_back_no_message_that_another_process_may_be_sending(process: Process) -> None:
    process.outbox.enqueue(note("on its way", channel="team"), key="1", now=NOON)
    process.outbox.claim("team", now=NOON)
    process.clock.advance(timedelta(seconds=1))
    process.dispatcher.start()
    assert process.outbox.rows[0].state == "leased"


def test_a_refused_channel_is_resumed_by_its_owners_settings_alone(process: Process) -> None:
    for name in ("team", "mail"):
        process.channel_states.note_fingerprint(name, "old", now=NOON)
        process.channel_states.save(name, REFUSED)
    process.share.owned = {"team"}
    process.dispatcher.start()
    assert [process.channel_states.get(name).is_refused for name in ("team", "mail")] == [False, True]
    process.dispatcher.note_settings("mail")  # as when it becomes its own
    assert not process.channel_states.get("mail").is_refused


def test_messages_expire_where_the_chores_are_done(process: Process) -> None:
    process.outbox.enqueue(replace(note("old", channel="team"), kind="instant", max_age=HOUR), key="1", now=NOON)
    process.clock.advance(HOUR)
    assert process.dispatcher.start() == 0
    process.share.is_chief = True
    assert process.dispatcher.expire() == 1


def test_the_owner_of_a_channel_reminds_of_it(process: Process) -> None:
    process.channel_states.save("team", FAILING)
    process.clock.advance(HOUR)
    process.dispatcher.send_reminders()
    assert process.alerts() == []
    process.share.owned = {"team"}
    process.dispatcher.send_reminders()
    assert process.alerts() == ["channel team is still down"]


def test_a_channel_is_unclaimed_only_where_no_living_node_has_it(process: Process) -> None:
    channels = ("old", "there", "named")
    process.outbox.notices += [notice(number, channel=name) for number, name in enumerate(channels, 1)]
    process.share.others = frozenset({"there"})
    process.dispatcher.build_unconfigured_messages()
    assert (process.share.lendings, process.outbox.rows) == ([], [])
    process.share.is_chief = True
    process.share.can_lend = False  # another process has just taken it
    process.dispatcher.build_unconfigured_messages()
    assert (process.share.lendings, process.outbox.rows) == (["old"], [])
    process.share.can_lend = True
    process.dispatcher.build_unconfigured_messages()
    assert [row.message.channel for row in process.outbox.rows] == ["old"]


def test_a_pass_delivers_only_on_the_channels_that_are_its_own(process: Process) -> None:
    for name in process.channels:
        process.outbox.enqueue(note("news", channel=name), key=name, now=NOON)
    process.share.owned = {"mail"}
    workers = process.dispatcher.delivery_workers()
    for worker in workers:
        worker.deliver_due()
    assert [len(channel.messages) for channel in process.channels.values()] == [0, 1]
    assert process.share.workers == {"team": workers[0], "mail": workers[1]}


def test_what_a_dead_node_left_half_sent_is_reported(process: Process) -> None:
    process.dispatcher.report_held({"team": 2})
    assert process.alerts() == ["2 messages to channel team wait for you"]
    assert process.dispatcher.counters.snapshot().messages["team", "held"] == 2
