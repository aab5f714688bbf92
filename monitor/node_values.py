"""Hold what monitors that share one store tell each other, and define the port by which they do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Protocol

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


class Nodes(Protocol):
    """The monitors that share one store: which of them live, and what each may do alone.

    Each start of a node is a boot. It reports by its beat; who sees a beat stand still for long enough, by a clock of
    its own, buries that boot. No wall clock decides.
    """

    @property
    def node(self) -> str:
        """Return the NODE_ID of this node."""

    def join(self, facts: NodeFacts) -> Joined:
        """Begin a new boot of this node; its earlier ones are buried at once, their open attempts as in `bury`."""

    def beat(self, facts: NodeFacts) -> View:
        """Report that this boot lives, and read the others, in one round trip. Raises Buried: join again."""

    def bury(self, boot: str, *, beat: int, now: datetime) -> Mapping[str, int] | None:
        """Declare a boot dead, if it still stands at this beat; return how many messages are held now, by channel.

        Its leases are free. Its open attempts end as `unknown`: their messages are due again, or held on the channels
        where it holds what may have arrived. None: it beats again, or another node buried it.
        """

    def take(self, lease: str) -> bool:
        """Take a lease that no living boot has; return whether this boot has it now."""

    def give(self, lease: str) -> None:
        """Give up a lease of this boot, if it has it."""

    def leave(self) -> Mapping[str, int]:
        """End this boot in order: as `bury` does, by the facts that it told last."""

    def news(self) -> frozenset[str]:
        """Return the channels for which this process has stored something since the last call."""

    def notify(self, channels: Collection[str]) -> None:
        """Wake the other nodes, for something on these channels is stored; called after the commit, by itself."""

    def listen(self, seconds: float) -> frozenset[str] | None:
        """Wait for others' `notify`, at most so long; return the channels.

        None: nobody knows, for notifications are not proven to arrive; it is returned at once, and the caller asks
        the store instead.
        """

    def work(self, channels: Collection[str]) -> Mapping[str, str]:
        """Return what is stored for the workers of these channels: another text once one of them should look again."""

    def seen(self) -> View:
        """Return what `beat` returns. Only reads."""
