"""Keep this process alive in the eyes of the others, and own what it should own among them.

    beat → read the others → bury who stands still → take and give leases → tell the daemon what became its own

One thread beats and does nothing that waits for anything but the store. It goes on while the daemon reloads.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field, replace
from functools import partial

from monitor.clock import uptime
from monitor.cluster.failure_detector import (
    NOTHING_SEEN,
    STAND_DOWN_AFTER,
    Observation,
    beat_interval,
    observe,
)
from monitor.cluster.ownership import ChannelWorker
from monitor.cluster.rendezvous import (
    channels_of,
    free_counts,
    lease_moves,
    rightful_owner,
    watched_by,
)
from monitor.errors import Buried, StoreError
from monitor.frozen import dataclass
from monitor.logs import say, warn, warn_store
from monitor.node_values import CHORES, NodeFacts, NodeState, View, channel_lease
from monitor.ports import Nodes

REMEMBERED = 3600.0  # seconds for which a channel is still another node's that has ended: it may only restart
_MOVES = 2.0  # beats: a node that has stood still for longer is given nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeHooks:
    """What a daemon does when the node's lot changes. After a StoreError each is called again."""

    on_taken: Callable[[str], None] = lambda _channel: None
    on_held: Callable[[Mapping[str, int]], None] = lambda _held: None  # messages by channel that may have arrived


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """What this process is among the others, as of its last beat; replaced as a whole."""

    boot: str = ""  # "": it has not joined, or was buried
    view: View | None = None  # None: there was no beat yet
    epoch: str = ""
    observation: Observation = NOTHING_SEEN
    free: Mapping[str, int] = field(default_factory=dict)  # as `free_counts`
    owned: frozenset[str] = frozenset()  # channels
    leaving: frozenset[str] = frozenset()  # of these, those that another node is to have
    has_chores: bool = False

    @property
    def nodes(self) -> tuple[NodeState, ...]:
        """The living nodes, this one too."""
        return self.view.nodes if self.view else ()


class NodeWorker:
    """Implements `Ownership` for a process that shares its store; safe to share between threads."""

    is_shared = True

    def __init__(self, nodes: Nodes, facts: NodeFacts, *, uptime: Callable[[], float] = uptime) -> None:
        """facts: without NODE_ID, which the store knows."""
        self._nodes = nodes
        self._uptime = uptime
        self._facts = replace(facts, node=nodes.node)
        self._workers: Mapping[str, ChannelWorker] = {}
        self._hooks = NodeHooks()
        self._standing = _Standing()
        self._beat_at = float("-inf")  # uptime at the begin of the last beat that was stored
        self._was_buried = self._is_doubled = False
        self._news = threading.Event()
        self._elsewhere: dict[str, float] = {}  # channels of other nodes, and when each was seen last, in uptime
        self._work: Mapping[str, str] = {}  # what the store held for each channel's worker; empty: not known
        self._sending = threading.Lock()
        self._errands = deque[Callable[[], None]]()
        self._named = dict[str, None]()  # channels to announce, whatever the store knows of them
        self._lent = frozenset[str]()  # channels that no node has, and that this one owns for a moment

    def serve(self, facts: NodeFacts, hooks: NodeHooks) -> None:
        """Work for another configuration from now on."""
        self._facts, self._hooks = replace(facts, node=self._nodes.node), hooks

    def employ(self, workers: Mapping[str, ChannelWorker]) -> None:
        self._workers = workers

    def beat(self) -> float:
        """Count up, read the others, and do what follows; return the seconds until the next beat.

        After an error nothing is known about the others.
        """
        began, was_up = self._uptime(), self._is_up()
        try:
            if not (self._standing.boot or self._join()):
                return 1.0
            view = self._nodes.beat(self._facts)
            self._beat_at = began
            if self._standing.epoch not in ("", view.epoch):
                warn("store_went_back", see="monitor status")
                self._standing = _Standing()
                return 0.0
            self._act(view, began)
            if not was_up:  # what was owned all along waits for no news
                self._wake(self._standing.owned)
        except Buried:
            warn("node_buried", reason="the other nodes have not seen it alive; it joins anew")
            self._standing, self._was_buried = _Standing(), True
            return 0.0
        except StoreError as error:
            warn_store(error)
            self._standing = replace(self._standing, observation=NOTHING_SEEN)
        return max(0.0, beat_interval(len(self._standing.nodes)) - (self._uptime() - began))

    def leave(self) -> None:
        """Tell the others that this process ends, so that they need not find out."""
        if self._standing.boot:
            self._standing = _Standing()
            try:
                if held := self._nodes.leave():
                    self._hooks.on_held(held)
            except StoreError as error:  # they find out
                warn_store(error)

    def owns(self, channel: str) -> bool:
        standing = self._standing
        return channel in standing.owned - standing.leaving and self._is_up()

    def has_chores(self) -> bool:
        return self._standing.has_chores and self._is_up()

    def judges(self, source: str) -> bool:
        standing = self._standing
        having = (node for node in standing.nodes if source in node.facts.sources)
        return self._is_up() and rightful_owner(f"source:{source}", having) == standing.boot

    def other_channels(self) -> frozenset[str]:
        now = self._uptime()
        return frozenset(name for name, seen in dict(self._elsewhere).items() if now - seen < REMEMBERED)

    def living(self) -> tuple[NodeState, ...]:
        """Return the nodes that are alive, as the last beat showed them; empty: none was stored lately."""
        return self._standing.nodes if self._is_up() else ()

    @contextmanager
    def lent(self, channel: str) -> Iterator[bool]:
        lease = channel_lease(channel)
        if channel in self.other_channels() or not self._nodes.take(lease):
            yield False
            return
        self._lent |= {channel}
        try:
            yield True
        finally:
            self._nodes.give(lease)
            self._lent -= {channel}

    def announce(self, channels: Collection[str] = ()) -> None:
        self._named.update(dict.fromkeys(channels))
        self._news.set()

    def send_news(self, timeout: float) -> None:
        """Wait for something to do beside the beats: announce, or call a hook. Raises StoreError.

        What is this process's own is not announced. What could not be done is done at the next call.
        """
        if not self._news.wait(timeout):
            return
        with self._sending:
            while self._errands:
                self._errands[0]()
                self._errands.popleft()
            self._news.clear()
            self._named.update(dict.fromkeys(self._nodes.news()))
            named = tuple(self._named)
            if channels := {*named} - self._standing.owned:
                self._nodes.notify(channels)
            for channel in named:
                self._named.pop(channel, None)

    def announce_now(self) -> None:
        """Announce what was written, in a process that runs no threads of its node."""
        self.announce()
        self.send_news(0.0)

    def hear(self, seconds: float) -> bool:
        """Wait for what other processes announce, and wake the workers of it; False: nothing can be heard.

        Then the store is asked once for all channels, and the workers are woken for which it holds something else now.
        """
        heard = self._nodes.listen(seconds)
        if heard is not None:
            self._work = {}
            self._wake(heard)
            return True
        before, owned = self._work, self._standing.owned
        self._work = self._nodes.work(owned) if owned else {}
        self._wake(channel for channel in owned if self._work.get(channel) != before.get(channel))
        return False

    def _is_up(self) -> bool:
        """Return whether no other node may have buried this process by now."""
        return self._uptime() - self._beat_at < STAND_DOWN_AFTER * beat_interval(len(self._standing.nodes))

    def _join(self) -> bool:
        """Begin a new boot, which buries earlier ones of this node; False: a later process has taken its place."""
        if self._was_buried and self._has_twin():
            return False
        joined = self._nodes.join(self._facts)
        self._was_buried = self._is_doubled = False
        self._standing = _Standing(boot=joined.boot)
        say("node_joined", name=self._facts.name, boot=joined.boot)
        if joined.held:
            self._later(partial(self._hooks.on_held, joined.held))
        return True

    def _has_twin(self) -> bool:
        """Return whether another process lives under this NODE_ID: both would bury each other again and again."""
        began, view = self._uptime(), self._nodes.seen()
        beats = {node.boot: node.beat for node in view.nodes}
        observation = observe(self._standing.observation, beats, began=began, ended=self._uptime())
        self._standing = replace(self._standing, observation=observation)
        twins = {node.boot for node in view.nodes if node.facts.node == self._facts.node} - observation.stopped()
        if twins and not self._is_doubled:
            cure = "if its state folder is a copy of this one, remove NODE_ID there and restart it"
            warn("node_doubled", name=self._facts.name, cure=f"another process is this node now; {cure}")
        self._is_doubled = bool(twins)
        return self._is_doubled

    def _act(self, view: View, began: float) -> None:
        """Do what follows from a read: bury, take and give leases, and note what is this node's own now."""
        before, facts = self._standing, self._facts
        beats = {node.boot: node.beat for node in view.nodes}
        observation = observe(before.observation, beats, began=began, ended=self._uptime())
        view = self._without_buried(view, observation)
        free = free_counts(before.free, view, [*map(channel_lease, facts.channels), CHORES])
        moves = lease_moves(
            view,
            boot=before.boot,
            channels=facts.channels,
            moving={node.boot for node in view.nodes if observation.still(node.boot) < _MOVES},
            free=free,
        )
        others = (node for node in view.nodes if node.boot != before.boot)
        self._elsewhere |= {name: began for node in others for name in node.facts.channels}
        taken = frozenset(name for name in moves.take if self._nodes.take(name))
        leases = taken | {name for name, lease in view.leases.items() if lease.owner == before.boot}
        leaving = channels_of(moves.give) - self._lent
        self._standing = replace(
            before,
            view=view,
            epoch=view.epoch,
            observation=observation,
            free=free,
            leaving=leaving,
            has_chores=CHORES in leases,
        )
        self._hand_over(leaving, channels_of(leases) & {*facts.channels})

    def _without_buried(self, view: View, observation: Observation) -> View:
        """Bury the nodes that have stopped, as far as this one watches them; return the view without those."""
        stopped, buried = observation.stopped() & watched_by(view, boot=self._standing.boot), set[str]()
        for node in view.nodes:
            if node.boot not in stopped:
                continue
            held = self._nodes.bury(node.boot, beat=node.beat, now=view.now)
            if held is None:  # another node has, or it is alive
                continue
            buried.add(node.boot)
            warn("node_lost", name=node.facts.name, boot=node.boot, channels=", ".join(node.facts.channels))
            if held:
                self._later(partial(self._hooks.on_held, held))
        return replace(view, nodes=tuple(node for node in view.nodes if node.boot not in buried))

    def _hand_over(self, leaving: frozenset[str], leased: frozenset[str]) -> None:
        """Give up what another node should own, between two of its messages, and note what became this node's own."""
        given = set[str]()
        for channel in sorted(leaving):
            worker = self._workers.get(channel)
            if worker is None or not worker.is_busy:
                self._nodes.give(channel_lease(channel))
                given.add(channel)
                say("channel_given", channel=channel)
        before = self._standing.owned & leased
        self._standing = replace(self._standing, owned=before - given)
        taken = sorted(leased - before - given)
        self._standing = replace(self._standing, owned=(before - given) | {*taken})
        for channel in taken:
            say("channel_taken", channel=channel)
            self._later(partial(self._hooks.on_taken, channel))
            self._wake([channel])

    def _later(self, errand: Callable[[], None]) -> None:
        """Do what may wait for the store in another thread: the one that beats must not."""
        self._errands.append(errand)
        self._news.set()

    def _wake(self, channels: Iterable[str]) -> None:
        workers = self._workers
        for channel in channels:
            if channel in workers:
                workers[channel].wake()
