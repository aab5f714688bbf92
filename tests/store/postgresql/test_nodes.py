"""The monitors that share a store: who lives, who has which lease, and what becomes of a boot that is buried."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from monitor.errors import Buried
from monitor.node_values import CHORES, Lease
from monitor.testing import NOON
from tests.store.postgresql.nodes import OpenNode, facts_of
from tests.waiting import wait_until


def test_who_joins_is_seen_by_all_with_what_it_tells(open_node: OpenNode) -> None:
    one, two = open_node("a").join(), open_node("b").join("team")
    view = one.nodes.beat(one.facts)
    assert [(node.boot, node.facts, node.beat) for node in view.nodes] == [
        (one.boot, facts_of("a"), 1),
        (two.boot, facts_of("b"), 0),
    ]
    assert view.leases == {"channel:team": Lease(owner=two.boot, fence=1)}
    assert all(timedelta(0) <= node.age < timedelta(minutes=1) for node in view.nodes)
    seen = open_node().nodes.seen()
    assert [(node.boot, node.beat) for node in seen.nodes] == [(one.boot, 1), (two.boot, 0)]
    assert (seen.leases, seen.epoch) == (view.leases, view.epoch)


def test_a_beat_counts_up_and_tells_what_has_changed(open_node: OpenNode) -> None:
    node = open_node("a").join()
    assert [node.beat(), node.beat()] == [1, 2]
    changed = facts_of("a", holding=("team",))
    assert [one.facts for one in node.nodes.beat(changed).nodes] == [changed]


def test_a_boot_that_stands_still_is_buried_by_one_of_those_who_see_it(open_node: OpenNode) -> None:
    dead, one, two = open_node("a").join("team"), open_node("b").join(), open_node("c").join()
    dead.beat()
    assert one.nodes.bury(dead.boot, beat=0, now=NOON) is None
    assert one.nodes.bury(dead.boot, beat=1, now=NOON) == {}
    assert two.nodes.bury(dead.boot, beat=1, now=NOON) is None
    view = one.nodes.seen()
    assert [node.boot for node in view.nodes] == [one.boot, two.boot]
    assert view.leases == {"channel:team": Lease(owner=None, fence=1)}


def test_who_was_buried_learns_it_at_its_next_beat_and_joins_anew(open_node: OpenNode) -> None:
    buried, other = open_node("a").join("team"), open_node("b").join()
    first = buried.boot
    other.nodes.bury(first, beat=0, now=NOON)
    with pytest.raises(Buried):
        buried.nodes.beat(buried.facts)
    with pytest.raises(Buried):
        buried.nodes.beat(buried.facts)
    assert not buried.nodes.take("channel:team")
    buried.join("team")
    assert buried.boot != first
    assert other.nodes.seen().leases == {"channel:team": Lease(owner=buried.boot, fence=2)}


def test_the_next_start_of_a_node_buries_the_last_one_at_once(open_node: OpenNode) -> None:
    first = open_node("a").join("team")
    second, other = open_node("a").join("team"), open_node("b").join()
    assert [node.boot for node in other.nodes.seen().nodes] == [second.boot, other.boot]
    with pytest.raises(Buried):
        first.nodes.beat(first.facts)


def test_a_lease_has_one_owner_until_that_one_gives_it_or_leaves(open_node: OpenNode) -> None:
    one, two = open_node("a").join(), open_node("b").join()
    assert one.nodes.take(CHORES)
    assert not two.nodes.take(CHORES)
    two.nodes.give(CHORES)
    assert not two.nodes.take(CHORES)
    one.nodes.give(CHORES)
    assert two.nodes.take(CHORES)
    assert not one.nodes.take(CHORES)
    two.nodes.leave()
    assert one.nodes.take(CHORES)
    assert one.nodes.seen().leases == {CHORES: Lease(owner=one.boot, fence=3)}
    assert [node.boot for node in one.nodes.seen().nodes] == [one.boot]


def test_a_lease_of_a_boot_that_nobody_knows_is_free(open_node: OpenNode) -> None:
    """As after a restore: nobody of before lives."""
    node = open_node("a").join()
    node.query("INSERT INTO lease VALUES ('chores', 'a boot of long ago', 7)")
    assert node.nodes.take(CHORES)
    assert node.nodes.seen().leases == {CHORES: Lease(owner=node.boot, fence=8)}


def test_who_has_not_joined_has_nothing(open_node: OpenNode) -> None:
    node = open_node("a")
    assert not node.nodes.take(CHORES)
    node.nodes.leave()
    with pytest.raises(Buried):
        node.nodes.beat(node.facts)
    assert node.nodes.seen().nodes == ()


def test_a_process_has_four_connections_at_most(open_node: OpenNode) -> None:
    node = open_node("a").join("team")
    node.nodes.listen(0)
    with ThreadPoolExecutor(4) as threads, node.outbox.transaction():
        node.outbox.backlog()
        list(threads.map(lambda _: node.outbox.backlog(), range(20)))
        list(threads.map(lambda _: node.beat(), range(4)))
        list(threads.map(lambda _: node.nodes.listen(0), range(4)))
    mine = "application_name = current_setting('application_name') AND pid <> pg_backend_pid()"
    assert node.query(f"SELECT count(*) FROM pg_stat_activity WHERE {mine}")[0][0] == 4
    node.shared.close()
    wait_until(lambda: node.query(f"SELECT count(*) FROM pg_stat_activity WHERE {mine}")[0][0] == 0)
