"""What a process remembers of its place among the others."""

from __future__ import annotations

from monitor.node_values import CHORES
from tests.store.postgresql.nodes import OpenNode


def test_a_store_that_went_back_in_time_has_another_epoch(open_node: OpenNode) -> None:
    """As a fail-over to a standby that lags behind: it knows fewer beats of this boot."""
    node, other = open_node("a").join(), open_node("b").join()
    epochs = []
    for lost in (0, 0, 1, 0, 2):
        node.query("UPDATE node SET beat = beat - %(lost)s WHERE boot = %(boot)s", lost=lost, boot=node.boot)
        epochs.append(node.nodes.beat(node.facts).epoch)
        node.beat()
    assert epochs[0] == epochs[1] != epochs[2] == epochs[3] != epochs[4]
    assert other.nodes.beat(other.facts).epoch == epochs[0]


def test_a_restore_gives_all_nodes_another_epoch(open_node: OpenNode) -> None:
    one, two = open_node("a").join(), open_node("b").join()
    assert one.nodes.beat(one.facts).epoch == two.nodes.seen().epoch
    one.query("INSERT INTO meta VALUES ('epoch', 'restored') ON CONFLICT (k) DO UPDATE SET v = excluded.v")
    assert one.nodes.beat(one.facts).epoch == two.nodes.beat(two.facts).epoch == "restored"


def test_a_beat_tells_which_leases_are_left(open_node: OpenNode) -> None:
    """An answer to `take` may be lost, and a restore may give a lease to somebody else."""
    node = open_node("a").join("team", "desk")
    node.query("UPDATE lease SET owner = 'another' WHERE name = 'channel:team'")
    node.query("INSERT INTO lease VALUES ('chores', %(boot)s, 4)", boot=node.boot)
    node.beat()
    assert node.shared.membership.fences == {"channel:desk": 1, CHORES: 4}


def test_a_beat_is_as_old_as_its_question(open_node: OpenNode) -> None:
    node = open_node("a").join()
    before = node.shared.clock.seconds()
    node.beat()
    assert before <= node.shared.membership.last_beat <= node.shared.clock.seconds()
    node.nodes.leave()
    assert not node.shared.membership.is_current(None)
