"""Which node owns a channel: all nodes agree, and a node that comes or goes moves only what it gets or had."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cluster.rendezvous import (
    LeaseMoves,
    channel_nodes,
    channels_of,
    free_counts,
    lease_moves,
    rightful_owner,
    watched_by,
)
from monitor.node_values import CHORES, View, channel_lease
from tests.cluster.nodes import node, view

TEAM = channel_lease("team")
names = st.sets(st.text(min_size=1, max_size=6), min_size=1, max_size=8)


def owner_of(channel: str, nodes: Collection[str]) -> str:
    """The rightful owner among nodes that all have the channel."""
    found = rightful_owner(channel_lease(channel), [node(one, channel) for one in nodes])
    assert found is not None
    return found


def moves(
    shown: View, boot: str, *, free: Mapping[str, int] | None = None, moving: Collection[str] | None = None
) -> LeaseMoves:
    channels = next(one.facts.channels for one in shown.nodes if one.boot == boot)
    counted = free_counts({}, shown, [*map(channel_lease, channels), CHORES])
    others = [one.boot for one in shown.nodes] if moving is None else moving
    return lease_moves(shown, boot=boot, channels=channels, moving=others, free=free or counted)


def both() -> tuple[str, str]:
    """The boot that should own `team` of two, and the other one."""
    first = owner_of("team", ("a", "b"))
    return first, "b" if first == "a" else "a"


def test_nobody_owns_where_there_is_no_node() -> None:
    assert rightful_owner(TEAM, []) is None


@given(nodes=names, channel=st.text(max_size=6))
def test_every_node_finds_the_same_owner_in_whatever_order_it_reads(nodes: set[str], channel: str) -> None:
    forward, backward = sorted(nodes), sorted(nodes, reverse=True)
    assert owner_of(channel, forward) == owner_of(channel, backward)


@given(nodes=names, channel=st.text(max_size=6), data=st.data())
def test_a_node_that_goes_moves_only_what_it_had(nodes: set[str], channel: str, data: st.DataObject) -> None:
    gone = data.draw(st.sampled_from(sorted(nodes)))
    before, left = owner_of(channel, nodes), nodes - {gone}
    if left and before != gone:
        assert owner_of(channel, left) == before


def test_channels_spread_over_the_nodes() -> None:
    counts = Counter(owner_of(f"channel-{number}", ("a", "b", "c", "d")) for number in range(400))
    assert len(counts) == 4
    assert min(counts.values()) > 50


def test_a_restarted_node_gets_back_what_it_had() -> None:
    before = node("first boot", "team")
    after = node("second boot", "team")
    again = type(after)(boot="x", beat=1, since=after.since, facts=before.facts, age=after.age)
    other = node("other", "team")
    assert (rightful_owner(TEAM, [before, other]) == "first boot") == (rightful_owner(TEAM, [again, other]) == "x")


def test_only_a_node_that_has_a_channel_may_own_it() -> None:
    nodes = [node("a", "mail"), node("b", "team"), node("c")]
    assert [one.boot for one in channel_nodes("team", nodes)] == ["b"]


def test_a_free_channel_is_taken_by_its_rightful_owner_at_once_and_by_any_after_two_beats() -> None:
    first, other = both()
    shown = view(node("a", "team"), node("b", "team"), owners={CHORES: "a"})
    assert moves(shown, first).take == (TEAM,)
    counted: Mapping[str, int] = {}
    taken = []
    for _ in range(3):  # reads, two beats apart from the first to the last
        counted = free_counts(counted, shown, [TEAM])
        taken.append(moves(shown, other, free=counted).take)
    assert taken == [(), (), (TEAM,)]


def test_a_lease_of_a_node_that_is_no_more_is_free() -> None:
    shown = view(node("a", "team"), owners={TEAM: "gone", CHORES: "a"})
    assert moves(shown, "a").take == (TEAM,)


def test_a_lease_that_is_taken_counts_anew_when_it_is_free_again() -> None:
    free, taken = view(node("a", "team")), view(node("a", "team"), owners={TEAM: "a"})
    counted = free_counts({TEAM: 2}, taken, [TEAM])
    assert (counted, free_counts(counted, free, [TEAM])) == ({}, {TEAM: 1})


def test_a_wrong_owner_hands_over_to_one_that_moves_and_to_no_other() -> None:
    first, other = both()
    shown = view(node("a", "team"), node("b", "team"), owners={TEAM: other, CHORES: "a"})
    assert moves(shown, other).give == (TEAM,)
    assert moves(shown, other, moving=[]).give == ()
    assert moves(shown, first) == LeaseMoves()


def test_a_channel_that_a_node_has_no_more_is_given_up() -> None:
    shown = view(node("a"), owners={TEAM: "a", CHORES: "a"})
    assert moves(shown, "a").give == (TEAM,)


def test_the_chores_stay_with_whoever_has_them() -> None:
    nodes = [node("a"), node("b")]
    for owner in "ab":
        assert moves(view(*nodes, owners={CHORES: owner}), owner) == LeaseMoves()
    first = rightful_owner(CHORES, nodes)
    assert moves(view(*nodes), first or "").take == (CHORES,)


def test_a_lease_is_of_a_channel_or_of_the_chores() -> None:
    assert channels_of([TEAM, channel_lease("chat:all"), CHORES]) == {"team", "chat:all"}


@pytest.mark.parametrize(("count", "boot", "watched"), [(20, "n1", 19), (21, "n1", 1), (21, "n0", 20)])
def test_of_many_nodes_one_watches_all_and_all_watch_that_one(count: int, boot: str, watched: int) -> None:
    nodes = [node(f"n{number}") for number in range(count)]
    shown = view(*nodes, owners={CHORES: "n0"})
    assert len(watched_by(shown, boot=boot)) == watched
    assert boot not in watched_by(shown, boot=boot)


def test_while_nobody_has_the_chores_everybody_watches_everybody() -> None:
    nodes = [node(f"n{number}") for number in range(30)]
    assert len(watched_by(view(*nodes, owners={CHORES: "gone"}), boot="n1")) == 29
