"""What a node does beat by beat, several of them on one table in memory and each on an uptime of its own."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from monitor.cluster.node_worker import REMEMBERED, NodeHooks, NodeWorker
from monitor.errors import StoreError
from monitor.node_values import CHORES, channel_lease
from tests.cluster.fake_nodes import FakeNodes, Table
from tests.cluster.nodes import facts

TEAM, MAIL = channel_lease("team"), channel_lease("mail")


@dataclass
class Worker:
    """The worker of one channel."""

    is_busy: bool = False
    woken: int = 0

    def wake(self) -> None:
        self.woken += 1


class Member:
    """One node with its channels; time passes for it alone."""

    def __init__(self, table: Table, name: str, *channels: str, sources: tuple[str, ...] = ()) -> None:
        self.now = 1_000.0
        self.nodes = FakeNodes(table, name)
        self.taken: list[str] = []
        self.held: list[Mapping[str, int]] = []
        self.faults: list[StoreError] = []  # of the next calls of `on_taken`
        self.facts = facts(name, *channels, sources=sources)
        self.workers = {channel: Worker() for channel in channels}
        self.worker = NodeWorker(self.nodes, self.facts, uptime=lambda: self.now)
        self.serve(*channels)

    def serve(self, *channels: str) -> None:
        """Work for a configuration with these channels."""
        self.workers = {channel: Worker() for channel in channels}
        hooks = NodeHooks(on_taken=self._note_taken, on_held=self.held.append)
        self.worker.serve(facts(self.nodes.node, *channels, sources=self.facts.sources), hooks)
        self.worker.employ(self.workers)

    def beat(self, seconds: float = 1.0) -> float:
        """Let time pass, beat, and do what may wait."""
        self.now += seconds
        pause = self.worker.beat()
        with suppress(StoreError):
            self.worker.send_news(0.0)
        return pause

    def owns(self, *channels: str) -> tuple[bool, ...]:
        return tuple(self.worker.owns(channel) for channel in channels)

    def _note_taken(self, channel: str) -> None:
        if self.faults:
            raise self.faults.pop()
        self.taken.append(channel)


@dataclass
class Cluster:
    """Nodes on one table."""

    table: Table = field(default_factory=Table)
    members: list[Member] = field(default_factory=list)

    def add(self, name: str, *channels: str, sources: tuple[str, ...] = ()) -> Member:
        self.members.append(Member(self.table, name, *channels, sources=sources))
        return self.members[-1]

    def beat(self, times: int = 1, *, but: Member | None = None) -> None:
        """Let a second pass and everybody beat, so many times; `but` stands still."""
        for _ in range(times):
            for member in self.members:
                if member is not but:
                    member.beat()

    def owner(self, channel: str) -> Member:
        [found] = [member for member in self.members if member.worker.owns(channel)]
        return found

    def other(self, member: Member) -> Member:
        [found] = [one for one in self.members if one is not member]
        return found


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def pair(cluster: Cluster) -> Cluster:
    """Two nodes that both have two channels, and have settled who owns them."""
    for name in ("north", "south"):
        cluster.add(name, "team", "mail")
    cluster.beat(4)
    return cluster


def test_a_node_alone_owns_all_that_it_has_after_its_first_beat(cluster: Cluster) -> None:
    alone = cluster.add("north", "team", "mail")
    assert alone.owns("team", "mail") == (False, False)
    assert alone.beat() == 1.0
    assert (alone.owns("team", "mail", "chat"), alone.worker.has_chores()) == ((True, True, False), True)
    assert sorted(alone.taken) == ["mail", "team"]
    assert all(worker.woken for worker in alone.workers.values())


def test_each_channel_has_one_owner_and_the_chores_have_one(pair: Cluster) -> None:
    for channel in ("team", "mail"):
        assert sorted(member.worker.owns(channel) for member in pair.members) == [False, True]
    assert sorted(member.worker.has_chores() for member in pair.members) == [False, True]


def test_of_a_dead_node_the_other_owns_everything_after_five_beats(pair: Cluster) -> None:
    dead = pair.owner("team")
    left = pair.other(dead)
    pair.table.held[dead.nodes.node] = {"mail": 2}
    pair.beat(4, but=dead)
    assert (left.owns("team"), left.held) == ((False,), [])
    pair.beat(2, but=dead)
    assert (left.owns("team", "mail"), left.worker.has_chores()) == ((True, True), True)
    assert left.held == [{"mail": 2}]


def test_a_node_that_stood_still_sends_nothing_and_joins_anew(pair: Cluster) -> None:
    stopped = pair.owner("team")
    stopped.now += 2.9
    assert stopped.owns("team") == (True,)
    stopped.now += 0.2
    assert (stopped.owns("team"), stopped.worker.has_chores()) == ((False,), False)
    pair.beat(6, but=stopped)
    boot = stopped.nodes.boot
    assert stopped.beat() == 0.0  # it hears that it was buried
    assert stopped.owns("team", "mail") == (False, False)
    stopped.beat(0.0)
    assert stopped.nodes.boot != boot
    pair.beat(3)
    assert pair.owner("team") is stopped  # it should own it, so the other has handed it over


def test_a_node_that_beats_again_before_it_is_buried_goes_on(pair: Cluster) -> None:
    slow = pair.owner("team")
    boot = slow.nodes.boot
    slow.now += 4.0
    assert slow.owns("team") == (False,)
    woken = slow.workers["team"].woken
    slow.beat()
    assert (slow.owns("team"), slow.nodes.boot) == ((True,), boot)
    assert slow.workers["team"].woken == woken + 1  # it may have forgotten a message meanwhile
    assert slow.taken.count("team") == 1


def test_nobody_is_buried_for_an_outage_of_the_store(pair: Cluster) -> None:
    first, second = pair.members
    for member in pair.members:
        member.nodes.is_down = True
    pair.beat(300)
    assert [member.owns("team", "mail") for member in pair.members] == [(False, False)] * 2
    for member in pair.members:
        member.nodes.is_down = False
    first.beat()
    first.beat(4.9)  # the other one needs a moment more
    second.beat()
    assert len(pair.table.nodes) == 2
    assert pair.table.joined == 2


def test_nobody_is_buried_by_a_machine_that_slept(pair: Cluster) -> None:
    awake, other = pair.members
    awake.beat(300.0)
    for _ in range(4):
        awake.beat()
    assert len(pair.table.nodes) == 2
    assert other.nodes.boot in pair.table.nodes


def test_a_wrong_owner_hands_over_between_two_messages(pair: Cluster) -> None:
    rightful = pair.owner("team")
    wrong = pair.other(rightful)
    rightful.worker.leave()
    pair.beat(3, but=rightful)
    assert wrong.owns("team") == (True,)
    wrong.workers["team"].is_busy = True
    pair.beat(3)
    assert (wrong.owns("team"), pair.table.owner(TEAM)) == ((False,), wrong.nodes.node)  # it claims no further one
    wrong.workers["team"].is_busy = False
    pair.beat(2)
    assert (wrong.owns("team"), rightful.owns("team")) == ((False,), (True,))
    assert pair.table.owner(TEAM) == rightful.nodes.node


def test_a_channel_that_a_reload_removed_is_left_to_the_others(pair: Cluster) -> None:
    before = pair.owner("team")
    before.serve("mail")
    pair.beat(4)
    assert pair.owner("team") is pair.other(before)
    assert before.worker.other_channels() == {"team", "mail"}


def test_settings_of_a_channel_that_could_not_be_noted_are_noted_later_and_no_beat_waits_for_it(
    cluster: Cluster,
) -> None:
    alone = cluster.add("north", "team")
    alone.faults = [StoreError("busy")]
    alone.beat()
    assert (alone.owns("team"), alone.taken) == ((True,), [])
    alone.worker.send_news(0.0)
    assert alone.taken == ["team"]


def test_a_new_process_of_a_node_takes_over_at_once(pair: Cluster) -> None:
    before = pair.owner("team")
    pair.table.held[before.nodes.node] = {"team": 1}
    after = Member(pair.table, before.nodes.node, "team", "mail")
    after.beat()
    assert after.owns("team") == (True,)
    assert after.held == [{"team": 1}]


def test_a_channel_of_a_node_that_ended_is_not_nobodys_at_once(cluster: Cluster) -> None:
    left, ended = cluster.add("north", "team"), cluster.add("south", "mail")
    cluster.beat(2)
    ended.worker.leave()
    left.beat()
    assert left.worker.other_channels() == {"mail"}
    left.beat(REMEMBERED)
    assert left.worker.other_channels() == frozenset()


def test_of_two_processes_with_a_copy_of_one_state_folder_the_later_one_is_the_node(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = cluster.add("north", "team"), Member(cluster.table, "north", "team")
    first.beat()
    second.beat()
    for _ in range(20):
        first.beat()
        second.beat()
    assert (first.owns("team"), second.owns("team"), cluster.table.joined) == ((False,), (True,), 2)
    assert [record.message for record in caplog.records].count("node_doubled") == 1
    for _ in range(6):  # the later one is dead, and no other node is there to see it
        first.beat()
    first.beat()
    assert (first.owns("team"), cluster.table.joined) == ((True,), 3)


def test_an_orderly_end_frees_everything_at_once(pair: Cluster) -> None:
    ended = pair.owner("team")
    pair.table.held[ended.nodes.node] = {"team": 1}  # whose send hangs
    ended.worker.leave()
    assert (ended.owns("team", "mail"), ended.held) == ((False, False), [{"team": 1}])
    pair.beat(1, but=ended)
    assert pair.other(ended).owns("team") == (True,)


def test_a_store_that_went_back_in_time_is_joined_anew(pair: Cluster) -> None:
    member = pair.members[0]
    boot = member.nodes.boot
    pair.table.epoch = "second"
    assert member.beat() == 0.0
    assert member.owns("team", "mail") == (False, False)
    member.beat(0.0)
    assert member.nodes.boot != boot


def test_a_silence_is_judged_by_one_of_the_nodes_that_have_the_source(cluster: Cluster) -> None:
    cluster.add("north", sources=("motie", "customs"))
    cluster.add("south", sources=("motie",))
    cluster.add("west")
    cluster.beat(2)
    north, south, west = (member.worker for member in cluster.members)
    assert [node.judges("customs") for node in (north, south, west)] == [True, False, False]
    assert sorted(node.judges("motie") for node in (north, south, west)) == [False, False, True]
    cluster.members[0].now += 4.0
    assert not north.judges("customs")


def test_a_channel_of_nobody_is_lent_to_whoever_asks_first(pair: Cluster) -> None:
    first, second = pair.members
    with first.worker.lent("old") as is_lent:
        assert is_lent
        first.beat()  # which does not take it for a wrong owner's
        with second.worker.lent("old") as is_lent_again:
            assert not is_lent_again
    with second.worker.lent("old") as is_lent:
        assert is_lent
    with first.worker.lent("team") as is_lent:
        assert not is_lent


def test_news_are_announced_of_channels_that_others_own(pair: Cluster) -> None:
    writer = pair.owner("team")
    writer.nodes.written |= {"team", "other"}
    writer.worker.announce(["named"])
    writer.worker.send_news(0.0)
    writer.worker.send_news(0.0)
    assert pair.table.announced == [(writer.nodes.node, frozenset({"other", "named"}))]


def test_news_that_could_not_be_announced_are_announced_later(pair: Cluster) -> None:
    writer = pair.members[0]
    writer.nodes.written |= {"other"}
    writer.nodes.is_down = True
    writer.worker.announce(["named"])
    with pytest.raises(StoreError):
        writer.worker.send_news(0.0)
    writer.nodes.is_down = False
    writer.worker.announce()
    writer.worker.send_news(0.0)
    assert pair.table.announced == [(writer.nodes.node, frozenset({"other", "named"}))]


def test_what_is_heard_wakes_its_worker_and_where_nothing_is_heard_all_look(cluster: Cluster) -> None:
    member = cluster.add("north", "team", "mail")
    member.beat()
    before = member.workers["team"].woken, member.workers["mail"].woken
    member.nodes.heard = [frozenset({"team", "elsewhere"}), None]
    assert member.worker.hear(0.0)
    assert (member.workers["team"].woken, member.workers["mail"].woken) == (before[0] + 1, before[1])
    assert not member.worker.hear(0.0)
    assert (member.workers["team"].woken, member.workers["mail"].woken) == (before[0] + 2, before[1] + 1)


def test_where_nothing_is_heard_one_question_wakes_those_for_which_something_else_is_stored(cluster: Cluster) -> None:
    member = cluster.add("north", "team", "mail")
    member.beat()
    member.nodes.heard = [None, None, None, frozenset(), None]
    member.worker.hear(0.0)
    before = member.workers["team"].woken, member.workers["mail"].woken
    member.nodes.calls.clear()
    member.worker.hear(0.0)
    assert (member.nodes.calls, member.workers["team"].woken) == (["work"], before[0])
    member.nodes.stored["team"] = "a notice"
    member.worker.hear(0.0)
    assert (member.workers["team"].woken, member.workers["mail"].woken) == (before[0] + 1, before[1])
    member.worker.hear(0.0)
    member.worker.hear(0.0)  # what came before notifications ceased is not known
    assert (member.workers["team"].woken, member.workers["mail"].woken) == (before[0] + 2, before[1] + 1)


def test_the_chores_are_had_by_one_that_lives(pair: Cluster) -> None:
    holder = next(member for member in pair.members if member.worker.has_chores())
    pair.beat(6, but=holder)
    assert pair.table.owner(CHORES) == pair.other(holder).nodes.node
