"""Nodes as a test needs them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from monitor.node_values import Lease, NodeFacts, NodeState, View
from monitor.testing import NOON


def facts(node: str, *channels: str, **others: object) -> NodeFacts:
    """What a node tells, called as its id; it has these channels."""
    told: dict[str, object] = {"sources": (), "holding": (), "rules": "", "policies": {}} | others
    return NodeFacts(node=node, name=node, version="1", channels=channels, **told)  # type: ignore[arg-type] # any field


def node(boot: str, *channels: str, beat: int = 1, **others: object) -> NodeState:
    """A node whose boot is called as the node."""
    return NodeState(boot=boot, beat=beat, since=NOON, facts=facts(boot, *channels, **others), age=timedelta(0))


def view(*nodes: NodeState, owners: Mapping[str, str | None] | None = None, epoch: str = "first") -> View:
    """What a read shows; owners: of leases, by the name of the lease."""
    leases = {name: Lease(owner=owner, fence=1) for name, owner in (owners or {}).items()}
    return View(now=NOON, nodes=nodes, leases=leases, epoch=epoch)
