"""Several monitors on one database, each with everything that a process of its own would have."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

from monitor.node_values import NodeFacts, channel_lease
from monitor.secret import Secret
from monitor.store.channel_states import SqlChannelStates
from monitor.store.postgresql.address import Address
from monitor.store.postgresql.connection import connect
from monitor.store.postgresql.database import SharedDatabase, open_shared
from monitor.store.postgresql.nodes import PostgresqlNodes
from monitor.store.postgresql.outbox import PostgresqlOutbox
from monitor.store.postgresql.row import Row


def facts_of(node: str, *, holding: tuple[str, ...] = ()) -> NodeFacts:
    return NodeFacts(
        node=node,
        name=f"name of {node}",
        version="1",
        sources=("motie",),
        channels=("team",),
        holding=holding,
        rules="r",
        policies={"team": "p"},
    )


@dataclass(kw_only=True)
class Node:
    """One process."""

    shared: SharedDatabase
    url: str
    facts: NodeFacts
    nodes: PostgresqlNodes = field(init=False)
    outbox: PostgresqlOutbox = field(init=False)
    channel_states: SqlChannelStates = field(init=False)

    def __post_init__(self) -> None:
        self.nodes = PostgresqlNodes(self.shared)
        self.outbox = PostgresqlOutbox(self.shared.handle, self.shared.membership)
        self.channel_states = SqlChannelStates(self.shared.handle)

    @property
    def boot(self) -> str:
        boot = self.shared.membership.boot
        assert boot is not None
        return boot

    def join(self, *channels: str) -> Node:
        """Begin a boot that owns these channels."""
        self.nodes.join(self.facts)
        assert all(self.nodes.take(channel_lease(channel)) for channel in channels)
        return self

    def beat(self) -> int:
        """Beat once; return which beat that was."""
        view = self.nodes.beat(self.facts)
        return next(node.beat for node in view.nodes if node.boot == self.boot)

    def stand_still(self) -> None:
        """Let the last beat be as old as that of a process that was stopped for a while."""
        self.shared.membership.last_beat -= 60

    def query(self, statement: str, **values: object) -> list[Row]:
        """Ask the database beside every handle."""
        with connect(Address(Secret(self.url))) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []


OpenNode = Callable[..., Node]


def opener(url: str, stack: ExitStack) -> OpenNode:
    """Return what opens one more node of this database, by its NODE_ID."""

    def open_(node: str = "a", *, holding: tuple[str, ...] = ()) -> Node:
        own = f"{url}&application_name={uuid.uuid4().hex}"
        shared = open_shared(Address(Secret(own)), node=node)
        stack.callback(shared.close)
        return Node(shared=shared, url=own, facts=facts_of(node, holding=holding))

    return partial(open_)
