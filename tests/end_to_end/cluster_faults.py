"""Faults of five kinds that befall the monitors of one store and its server, one after the other."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from tests.end_to_end.cluster import Cluster, Node


class Kind(StrEnum):
    """What breaks."""

    KILL = "kill -9"
    STOP = "stopped"
    DEAD = "dead wire"
    CUT = "cut wire"
    CRASH = "server crash"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What broke, and how long nothing was announced."""

    kind: Kind
    node: str
    owned: bool  # this node delivered the channel `hook`
    seconds: float | None  # from the fault until a release that was dropped then was announced; None: it was short


def strike_all(cluster: Cluster, kinds: Sequence[Kind]) -> list[Fault]:
    """Let faults happen one after the other, with some peace between them."""
    faults = []
    for kind in kinds:
        faults.append(strike(cluster, kind))
        pause(cluster.dice.uniform(0.0, 1.5))
    return faults


def strike(cluster: Cluster, kind: Kind) -> Fault:
    """Let one fault happen to a node, most often to the one that delivers `hook`, and pass again.

    A long one passes once another node has announced what was dropped meanwhile, a short one within three seconds.
    """
    dice = cluster.dice
    owner = cluster.owner("hook")
    node = owner if owner and dice.random() < 0.7 else dice.choice(cluster.nodes)
    is_long = kind is Kind.CRASH or dice.random() < 0.5
    cluster.faults.append(time.time())
    print(
        f"{datetime.now(UTC):%H:%M:%S.%f} {kind} {node.name}{' (owner)' * (node is owner)}{' long' * is_long}",
        flush=True,
    )
    _BEGIN[kind](cluster, node)
    if kind is Kind.CRASH:
        pause(dice.uniform(0.2, 3.0))
        cluster.server.start()
    seconds = None
    if is_long:
        seconds = _time_to_announce(cluster, node)
    else:
        pause(dice.uniform(0.1, 3.0))
    _END[kind](cluster, node)
    return Fault(kind=kind, node=node.name, owned=node is owner, seconds=seconds)


def _time_to_announce(cluster: Cluster, struck: Node) -> float:
    """Return how long a release takes that another node takes in."""
    other = cluster.dice.choice([node for node in cluster.nodes if node is not struck])
    return cluster.time_to_announce(other.folder / "own")


def begin_again(node: Node) -> None:
    """Start a node that was killed, and wait until it runs."""
    node.begin()
    node.wait_until_started()


def pause(seconds: float) -> None:
    """Let the fault last."""
    threading.Event().wait(seconds)


def _heal(cluster: Cluster, node: Node) -> None:
    """Let a dead wire pass on what it held back, or reset it."""
    if cluster.dice.random() < 0.5:
        node.proxy.cut()
    node.proxy.heal()


_Act = Callable[[Cluster, Node], object]
_BEGIN: Mapping[Kind, _Act] = {
    Kind.KILL: lambda _, node: node.end(signal.SIGKILL),
    Kind.STOP: lambda _, node: node.send_signal(signal.SIGSTOP),
    Kind.DEAD: lambda _, node: node.proxy.go_dead(),
    Kind.CUT: lambda _, node: node.proxy.cut(),
    Kind.CRASH: lambda cluster, _: cluster.server.stop("immediate"),
}
_END: Mapping[Kind, _Act] = {
    Kind.KILL: lambda _, node: begin_again(node),
    Kind.STOP: lambda _, node: node.send_signal(signal.SIGCONT),
    Kind.DEAD: _heal,
    Kind.CUT: lambda _, node: node.proxy.heal(),
    Kind.CRASH: lambda *_: None,
}
