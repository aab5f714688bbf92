"""Hold what monitors that share one store tell of themselves, and what each reads of the others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from monitor.frozen import dataclass

CHORES = "chores"  # the lease of the node that does what must happen once


def channel_lease(channel: str) -> str:
    """Return the name of the lease of a channel."""
    return f"channel:{channel}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFacts:
    """What a node tells the others with its beat."""

    node: str  # the NODE_ID of its state folder
    name: str  # how it is called in status and logs
    version: str
    sources: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    holding: tuple[str, ...] = ()  # of its channels those that hold what may have arrived
    rules: str = ""  # a hash of what all nodes must agree on; "": it was not told
    policies: Mapping[str, str]  # channel → hash of its policy, and of its url


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeState:
    """One start of a node, as the store knows it."""

    boot: str
    beat: int  # how often it has reported
    since: datetime
    facts: NodeFacts
    age: timedelta  # since its last beat, by the database's clock: for people, nothing is decided by it


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A right that one node has at a time: to deliver a channel, or to do the chores."""

    owner: str | None  # its boot; None: nobody has it
    fence: int  # counts its owners


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All nodes that live and all leases, read at one time."""

    now: datetime  # by the database's clock
    nodes: tuple[NodeState, ...]  # this one, too
    leases: Mapping[str, Lease]
    epoch: str  # another one after the store has gone back in time: what was read of it before is void


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """A new start of this node."""

    boot: str
    held: Mapping[str, int]  # what its earlier starts left half sent and is held now: how many by channel
