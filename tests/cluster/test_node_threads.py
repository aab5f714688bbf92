"""The threads of a node: whether one of them hangs is known to the daemon, and an error in one ends the process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from monitor.cluster.node_threads import NodeThreads
from monitor.cluster.node_worker import NodeWorker
from monitor.health.daemon_state import STALE_AFTER
from monitor.health.liveness import Liveness, not_ready_reason, stalled_part
from monitor.node_values import NodeFacts, View
from tests.cluster.fake_nodes import FakeNodes, Table
from tests.cluster.nodes import facts
from tests.waiting import wait_until


class HangingNodes(FakeNodes):
    """A store that answers the first beat at once; the second, the first of the thread, hangs until `answer`."""

    def __init__(self, failure: Exception | None) -> None:
        super().__init__(Table(), "north")
        self.hangs, self.answer = threading.Event(), threading.Event()
        self._failure, self._beats = failure, 0

    def beat(self, facts: NodeFacts) -> View:
        self._beats += 1
        if self._beats == 2:
            if self._failure:
                raise self._failure
            self.hangs.set()
            self.answer.wait()
        return super().beat(facts)


class Node:
    """A node and the daemon that watches it, on one clock that stands still."""

    def __init__(self, failure: Exception | None) -> None:
        self.now = 1_000.0
        self.nodes = HangingNodes(failure)
        self.threads = NodeThreads(NodeWorker(self.nodes, facts("north", "team")), seconds=lambda: self.now)
        self.liveness = Liveness(seconds=lambda: self.now, node_silence=self.threads.silence)

    def stalled(self) -> str:
        """What the watchdog goes by, with all other parts alive."""
        self.liveness.report_watches({})
        self.liveness.report_scheduler()
        return stalled_part(self.liveness.snapshot(), within=STALE_AFTER)


@contextmanager
def running(failure: Exception | None = None) -> Iterator[tuple[Node, list[BaseException]]]:
    node, failures = Node(failure), list[BaseException]()
    try:
        node.threads.start(failures.append)
        yield node, failures
    finally:
        node.nodes.answer.set()
        node.threads.close()


def test_a_node_whose_beat_hangs_is_neither_alive_nor_ready_until_it_goes_on() -> None:
    with running() as (node, _failures):
        assert node.nodes.hangs.wait(10.0)
        assert node.stalled() == ""
        node.now += 60.0
        assert node.stalled().startswith("the node thread has not answered for 5")
        assert not_ready_reason(node.liveness.snapshot()).startswith("the node thread has not answered")
        node.nodes.answer.set()
        wait_until(lambda: node.stalled() == "")


def test_an_error_in_this_program_ends_the_process() -> None:
    with running(RuntimeError("a bug")) as (_node, failures):
        wait_until(lambda: bool(failures))
        assert str(failures[0]) == "a bug"
