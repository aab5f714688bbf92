"""Decide which node should own a lease: the one of the highest hash, so that all nodes agree without a word.

A node that comes or goes moves only the leases that it gets or had.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256

from monitor.frozen import dataclass
from monitor.node_values import CHORES, NodeState, View, channel_lease

MAX_WATCHING_ALL = 20  # nodes; of more, one watches all, and all watch that one
_FREE_FOR_ALL = 2  # beats after which anybody takes a free lease
_CHANNEL = channel_lease("")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseMoves:
    """What a node does about the leases after one read."""

    take: tuple[str, ...] = ()
    give: tuple[str, ...] = ()


def channels_of(leases: Iterable[str]) -> frozenset[str]:
    """Return the channels of these leases."""
    return frozenset(name.removeprefix(_CHANNEL) for name in leases if name.startswith(_CHANNEL))


def rightful_owner(name: str, nodes: Iterable[NodeState]) -> str | None:
    """Return the boot of the node that should own a name; None: there is no node."""
    return max(((_rank(name, node.facts.node), node.boot) for node in nodes), default=(b"", None))[1]


def channel_nodes(channel: str, nodes: Iterable[NodeState]) -> tuple[NodeState, ...]:
    """Return the nodes that have a channel."""
    return tuple(node for node in nodes if channel in node.facts.channels)


def free_counts(before: Mapping[str, int], view: View, names: Collection[str]) -> Mapping[str, int]:
    """Return for how many reads in a row each of these leases has been free."""
    return {name: before.get(name, 0) + 1 for name in names if _owner(view, name) is None}


def lease_moves(
    view: View, *, boot: str, channels: Collection[str], moving: Collection[str], free: Mapping[str, int]
) -> LeaseMoves:
    """Return which leases a node takes and gives up.

    boot: of this node. channels: those that it has. moving: the boots whose beats do not stand still: a lease is given
    up for no other. free: as `free_counts` gives it. The lease of the chores stays where it is.
    """
    alive = [node for node in view.nodes if node.boot == boot or node.boot in moving]
    candidates = {channel_lease(name): channel_nodes(name, alive) for name in channels} | {CHORES: tuple(alive)}
    owned = {name for name, lease in view.leases.items() if lease.owner == boot} - {CHORES}
    return LeaseMoves(
        take=tuple(
            name
            for name, nodes in candidates.items()
            if free.get(name, 0) > _FREE_FOR_ALL or (free.get(name) and rightful_owner(name, nodes) == boot)
        ),
        give=tuple(
            sorted(name for name in owned if rightful_owner(name, candidates.get(name, ())) != boot),
        ),
    )


def watched_by(view: View, *, boot: str) -> frozenset[str]:
    """Return the boots whose death this node has to notice."""
    others = {node.boot for node in view.nodes} - {boot}
    holder = _owner(view, CHORES)
    if len(view.nodes) <= MAX_WATCHING_ALL or holder in (boot, None):
        return frozenset(others)
    return frozenset(others & {holder})


def _owner(view: View, name: str) -> str | None:
    """Return the living owner of a lease; None: it is free."""
    lease = view.leases.get(name)
    return lease.owner if lease and any(node.boot == lease.owner for node in view.nodes) else None


def _rank(name: str, node: str) -> bytes:
    return sha256(f"{node}\0{name}".encode()).digest()
