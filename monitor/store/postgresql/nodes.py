"""Keep the monitors that share a store: which of them live, and who has which lease."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from monitor.errors import Buried, StoreError, StoreMoved
from monitor.node_values import Joined, Lease, NodeFacts, NodeState, View
from monitor.store.handle import Row
from monitor.store.postgresql.database import SharedDatabase
from monitor.store.rows import parse_timestamp, to_json
from monitor.store.stored_values import checked, reports_damage
from monitor.times import timestamp

_BURIED = "the other monitors of the store have taken this one for dead; it joins anew"
_LISTS = ("sources", "channels", "holding")


@reports_damage
class PostgresqlNodes:
    """Implements `monitor.ports.Nodes`.

    What keeps this boot alive has a handle of its own, so that it waits for nothing else of this process.
    """

    def __init__(self, shared: SharedDatabase) -> None:
        self._handle, self._beats = shared.handle, shared.beats
        self._membership, self._clock, self._listener = shared.membership, shared.clock, shared.listener

    @property
    def node(self) -> str:
        return self._membership.node

    def join(self, facts: NodeFacts) -> Joined:
        boot, held, since = uuid.uuid4().hex, Counter[str](), self._clock.seconds()
        self._membership.end()
        with self._beats.transaction():
            self._require_own(stored["v"] if (stored := self._beats.one("meta", k="store_id")) else None)
            if moved := self._beats.one("meta", k="moved_to"):
                raise StoreMoved(f"this store was copied to {moved['v']}: no monitor joins it", where=self.node)
            for earlier in self._beats.all("boots_of_node", node=facts.node):
                self._beats.all("end_boot", boot=earlier["boot"])
                held.update(self._release(earlier["boot"], holding=facts.holding, now=self._clock.now()))
            self._beats.all("forget_boots")
            self._beats.all("add_boot", boot=boot, node=facts.node, facts=_packed(facts))
        self._membership.begin(boot, at=since)
        return Joined(boot=boot, held=held)

    def beat(self, facts: NodeFacts) -> View:
        boot, since = self._membership.boot, self._clock.seconds()
        [row] = self._beats.all("beat", boot=boot, facts=_packed(facts))
        self._require_own(row["store"])
        view = self._view(row)
        beats = [node.beat for node in view.nodes if node.boot == boot]
        if boot is None or not beats:
            self._membership.end()
            raise Buried(_BURIED, where=self.node)
        self._clock.note(view.now, since=since)
        self._membership.note_beat(view, beat=beats[0], at=since)
        return replace(view, epoch=self._membership.epoch(row["epoch"]))

    def bury(self, boot: str, *, beat: int, now: datetime) -> Mapping[str, int] | None:
        with self._beats.transaction():
            row = self._beats.one("bury_boot", boot=boot, beat=beat)
            return self._release(boot, holding=_facts(row["facts"]).holding, now=now) if row else None

    def take(self, lease: str) -> bool:
        row = self._beats.one("take_lease", name=lease, boot=self._membership.boot)
        if row:
            self._membership.fences = {**self._membership.fences, lease: row["fence"]}
        return row is not None

    def give(self, lease: str) -> None:
        fences = dict(self._membership.fences)
        if fences.pop(lease, None) is not None:
            self._membership.fences = fences
            self._beats.all("give_lease", name=lease, boot=self._membership.boot)

    def leave(self) -> Mapping[str, int]:
        boot = self._membership.boot
        self._membership.end()
        with self._beats.transaction():
            row = self._beats.one("end_boot", boot=boot)
            return self._release(str(boot), holding=_facts(row["facts"]).holding, now=self._clock.now()) if row else {}

    def news(self) -> frozenset[str]:
        return self._membership.news()

    def notify(self, channels: Collection[str]) -> None:
        if channels:
            payloads = [f"{self._membership.boot or ''}:{channel}" for channel in sorted(channels)]
            self._handle.all("notify", name=self._listener.name, payloads=to_json(payloads))

    def listen(self, seconds: float) -> frozenset[str] | None:
        """See Nodes; what this boot has notified others of is left out."""
        payloads = self._listener.listen(seconds)
        if payloads is None:
            return None
        pairs = [payload.partition(":") for payload in payloads]
        return frozenset(channel for boot, _, channel in pairs if boot != (self._membership.boot or "-"))

    def work(self, channels: Collection[str]) -> Mapping[str, str]:
        return {row["channel"]: row["work"] for row in self._handle.all("work", channels=to_json(sorted(channels)))}

    def seen(self) -> View:
        [row] = self._handle.all("nodes_seen")
        return self._view(row)

    def _require_own(self, store: str | None) -> None:
        """Raise StoreUnavailable where another database answers in place of this store; the others hear of it, too."""
        try:
            self._beats.require_own(store)
        except StoreError:
            self._handle.reconnect()
            raise

    def _release(self, boot: str, *, holding: Iterable[str], now: datetime) -> Mapping[str, int]:
        """Free the leases and the messages of a boot that is dead; return how many messages are held now, by channel.

        In this order: a claim that is on its way holds its lease, and is stored once the lease is free.
        """
        self._beats.all("free_leases", boot=boot)
        freed = self._beats.all(
            "free_messages_of_boot", boot=boot, holding=to_json(sorted(holding)), now=timestamp(now)
        )
        self._membership.add_news(row["channel"] for row in freed)
        return Counter(row["channel"] for row in freed if row["state"] == "held" and row["kind"] != "system")

    def _view(self, row: Row) -> View:
        return View(
            now=parse_timestamp(row["now"]),
            nodes=_nodes(row["nodes"]),
            leases=_leases(row["leases"]),
            epoch=self._membership.epoch(row["epoch"]),
        )


def _packed(facts: NodeFacts) -> str:
    return to_json(asdict(facts))


@checked
def _facts(text: str) -> NodeFacts:
    """Return what a node told; one of another version may tell more, or less."""
    told: Mapping[str, Any] = json.loads(text)
    return NodeFacts(
        node=told["node"],
        name=told.get("name", ""),
        version=told.get("version", ""),
        rules=told.get("rules", ""),
        policies=dict(told.get("policies", {})),
        **{name: tuple(told.get(name, ())) for name in _LISTS},
    )


@checked
def _nodes(text: str) -> tuple[NodeState, ...]:
    return tuple(
        NodeState(
            boot=one["boot"],
            beat=one["beat"],
            since=parse_timestamp(one["since"]),
            facts=_facts(one["facts"]),
            age=timedelta(seconds=one["age"]),
        )
        for one in json.loads(text)
    )


@checked
def _leases(text: str) -> Mapping[str, Lease]:
    return {one["name"]: Lease(owner=one["owner"], fence=one["fence"]) for one in json.loads(text)}
