"""The port `Nodes` in memory: several nodes on one table, as far as a node's own behaviour needs it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from monitor.errors import Buried, StoreDown
from monitor.node_values import Joined, Lease, NodeFacts, NodeState, View
from monitor.testing import NOON


@dataclass
class Table:
    """What all nodes share."""

    nodes: dict[str, NodeState] = field(default_factory=dict)  # by boot, living ones
    leases: dict[str, Lease] = field(default_factory=dict)
    epoch: str = "first"
    joined: int = 0
    held: dict[str, Mapping[str, int]] = field(default_factory=dict)  # by node, what is held when it is buried
    announced: list[tuple[str, frozenset[str]]] = field(default_factory=list)  # by whom, and which channels

    def owner(self, lease: str) -> str | None:
        """The name of the node that owns a lease."""
        found = self.leases.get(lease)
        node = self.nodes.get(found.owner or "") if found else None
        return node.facts.node if node else None


class FakeNodes:
    """Implements `monitor.ports.Nodes`."""

    def __init__(self, table: Table, node: str) -> None:
        self._table = table
        self.node = node
        self.boot = ""
        self.is_down = False  # the store cannot be reached from here
        self.calls: list[str] = []
        self.written: set[str] = set()  # channels that this process has written something for
        self.stored: dict[str, str] = {}  # what `work` returns
        self.heard: list[frozenset[str] | None] = []  # what `listen` returns, one after another

    def join(self, facts: NodeFacts) -> Joined:
        self._call("join")
        held: Mapping[str, int] = {}
        for boot, state in list(self._table.nodes.items()):
            if state.facts.node == self.node:
                held = self._end(boot)
        self._table.joined += 1
        self.boot = f"{self.node}{self._table.joined}"
        self._table.nodes[self.boot] = NodeState(boot=self.boot, beat=0, since=NOON, facts=facts, age=timedelta(0))
        return Joined(boot=self.boot, held=held)

    def beat(self, facts: NodeFacts) -> View:
        self._call("beat")
        if self.boot not in self._table.nodes:
            raise Buried("buried")
        state = self._table.nodes[self.boot]
        self._table.nodes[self.boot] = replace(state, beat=state.beat + 1, facts=facts)
        return self.seen()

    def seen(self) -> View:
        table = self._table
        return View(now=NOON, nodes=tuple(table.nodes.values()), leases=dict(table.leases), epoch=table.epoch)

    def bury(self, boot: str, *, beat: int, now: datetime) -> Mapping[str, int] | None:
        self._call("bury")
        state = self._table.nodes.get(boot)
        return self._end(boot) if state and state.beat == beat else None

    def take(self, lease: str) -> bool:
        self._call("take")
        found = self._table.leases.get(lease, Lease(owner=None, fence=0))
        if found.owner in self._table.nodes:
            return False
        self._table.leases[lease] = Lease(owner=self.boot, fence=found.fence + 1)
        return True

    def give(self, lease: str) -> None:
        self._call("give")
        if (found := self._table.leases.get(lease)) and found.owner == self.boot:
            self._table.leases[lease] = replace(found, owner=None)

    def leave(self) -> Mapping[str, int]:
        self._call("leave")
        return self._end(self.boot)

    def news(self) -> frozenset[str]:
        found = frozenset(self.written)
        self.written.clear()
        return found

    def notify(self, channels: Collection[str]) -> None:
        self._call("notify")
        self._table.announced.append((self.node, frozenset(channels)))

    def listen(self, seconds: float) -> frozenset[str] | None:
        return self.heard.pop(0) if self.heard else frozenset()

    def work(self, channels: Collection[str]) -> Mapping[str, str]:
        self._call("work")
        return {channel: self.stored.get(channel, "") for channel in channels}

    def _call(self, name: str) -> None:
        if self.is_down:
            raise StoreDown("down", retry_after=1.0, since=0.0)
        self.calls.append(name)

    def _end(self, boot: str) -> Mapping[str, int]:
        for name, lease in self._table.leases.items():
            if lease.owner == boot:
                self._table.leases[name] = replace(lease, owner=None)
        return self._table.held.get(self._table.nodes.pop(boot).facts.node, {})
