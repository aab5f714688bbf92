"""Build all parts from a configuration; the one module that knows every adapter."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, TypeVar

from monitor.clock import wall_time
from monitor.cluster.config_hash import url_fingerprint
from monitor.cluster.facts import facts_of
from monitor.cluster.node_threads import NodeThreads
from monitor.cluster.node_worker import NodeHooks, NodeWorker
from monitor.cluster.ownership import SOLE_OWNER
from monitor.collect.source import Source
from monitor.collect.watching.supervisor import require_events
from monitor.compare.fingerprint import FINGERPRINTER
from monitor.config.convert import policy_of, retention_of, sources_of, watchlists_of
from monitor.control import lock
from monitor.control.clock import open_clock
from monitor.control.late_mount import refuse_unmounted
from monitor.control.rights import close_to_others
from monitor.daemon.clock_follower import ClockFollower
from monitor.daemon.config_agreement import ConfigAgreement
from monitor.daemon.dispatcher import Dispatcher, Receiver
from monitor.daemon.ingester import Ingester
from monitor.daemon.maintenance import MaintenanceWorker
from monitor.daemon.operator_alerts import OperatorAlerts
from monitor.daemon.run_once import run_once
from monitor.daemon.source_rename import refuse_earlier_names, refuse_renames_beside_others, rename_sources
from monitor.errors import NotFound, StoreDamaged, UsageError
from monitor.frozen import dataclass
from monitor.health.counters import Counters
from monitor.ingest_values import IngestReport, Mode
from monitor.logs import say, warn
from monitor.match.matcher import Matcher, frequencies_in
from monitor.model import Message, Verdict
from monitor.notify.channels import open_channel
from monitor.notify.compose import trial_message
from monitor.notify.guard import GuardedChannel, fits
from monitor.notify.retry import DEFAULT_RETRY_POLICY, RetryPolicy
from monitor.notify.unrecorded import UnrecordedAttempts
from monitor.pipeline import Routing
from monitor.ports import Channel, Clock
from monitor.records import Archive, read_all
from monitor.store.open import BUSY, Access, Stores, open_stores, store_size

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.daemon.fetch_worker import FetchWorker


T = TypeVar("T")
_MIN_RULES = 500  # from then on word frequencies are counted
_RELEASES = 500  # the latest, whose words are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedParts:
    """The parts that all configurations of a process share."""

    stores: Stores
    counters: Counters
    clock: Clock
    clock_follower: ClockFollower | None  # None: the clock is the database's
    node: NodeThreads | None  # None: nobody shares the store
    agreement: ConfigAgreement | None  # of the nodes; None: as `node`
    since: datetime  # as in Dispatcher
    retry_policy: RetryPolicy
    unrecorded: UnrecordedAttempts = field(default_factory=UnrecordedAttempts)
    postponed: dict[str, Message] = field(default_factory=dict)  # as in OperatorAlerts


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """All parts built on one configuration, while its state folder is locked."""

    config: Config
    ingester: Ingester
    dispatcher: Dispatcher
    fetch_workers: Sequence[FetchWorker]
    stores: Stores
    maintenance: MaintenanceWorker
    node: NodeThreads | None  # as in SharedParts
    check_clock: Callable[[], None]  # runs at each tick
    check_agreement: Callable[[], None]  # runs at each tick
    update_store_size: Callable[[], None]  # runs at each tick
    build_for: Callable[[Config], Runtime]  # builds a Runtime with the same shared parts

    def rebuilt_for(self, config: Config) -> Runtime:
        """Build the runtime of a changed configuration. Raises MonitorError where it could not be run."""
        refuse_renames_beside_others(config, self.stores.maintenance)
        runtime = self.build_for(config)
        if config.watch.mode == "events":
            require_events([source.folder for source in runtime.ingester.sources])
        return runtime

    def after_renames(self) -> Runtime:
        """Rename sources in the store; return a rebuilt runtime where any was renamed, else this one."""
        return self.build_for(self.config) if rename_sources(self.config, self.stores.maintenance) else self

    def join(self, *, on_failure: Callable[[BaseException], None]) -> None:
        """Work as one of the nodes of a shared store, on this configuration; on_failure: as in NodeThreads."""
        if self.node:
            hooks = NodeHooks(on_taken=self.dispatcher.note_settings, on_held=self.dispatcher.report_held)
            self.node.node.serve(facts_of(self.config), hooks)
            self.node.start(on_failure)

    def run_once(self) -> int:
        """Run one pass and return the exit code."""
        self.join(on_failure=lambda _error: None)
        result = run_once(self.ingester, self.dispatcher, self.fetch_workers)
        self.maintenance.fill()
        return result.exit_code

    def ingest(
        self,
        files: Sequence[Path],
        *,
        source: str | None,
        is_again: bool,
        on_progress: Callable[[str, int, int | None], object] = lambda _phase, _done, _total: None,
    ) -> list[IngestReport | None]:
        """Ingest files in the given order; None stands for a file that could not be read.

        on_progress: called with a phase of long work, how much of it is done, and of how much; None: nobody knows.
        """
        self.ingester.on_part = partial(on_progress, "releases")
        chosen = [(_absolute(path), self._source_for(path, source)) for path in files]
        for each in self.ingester.sources:
            if paths := [path for path, chosen_source in chosen if chosen_source is each]:
                self.ingester.start_baseline(paths, each)
        mode = Mode.AGAIN if is_again else Mode.ONCE
        reports = [outcome.report for outcome in self.ingester.ingest_all(chosen, mode=mode)]
        self.dispatcher.build_all_messages()
        if self.node:  # which delivers nothing here
            self.node.node.announce_now()
        self.maintenance.fill(on_step=lambda done: on_progress("search index", done, None))
        return reports

    def _source_for(self, path: Path, name: str | None) -> Source:
        if not path.is_file():
            what = "this is a folder; name the files in it" if path.is_dir() else "there is no such file"
            raise NotFound(what, where=str(path))
        sources = {source.name: source for source in self.ingester.sources}
        if name is not None and name not in sources:
            raise UsageError(f"there is no source {name!r}; the configuration has {', '.join(sources)}")
        if name is not None:
            return sources[name]
        inside = self.ingester.source_of(_absolute(path))
        found = inside or next((s for s in sources.values() if s.folder.matches(os.fsencode(path.name))), None)
        if found is None:
            raise UsageError("no source matches this file name; choose one with --source", where=str(path))
        return found


@contextmanager
def open_runtime(
    config: Config,
    *,
    verb: str,
    clock: Clock | None = None,
    retry_policy: RetryPolicy = DEFAULT_RETRY_POLICY,
    busy: float = BUSY,
) -> Iterator[Runtime]:
    """Lock the state folder, open the store and build the runtime. Raises LockHeld, StoreError.

    On a shared store `ingest` needs no lock: it works beside a daemon, as the node of the same folder.
    clock: None: the one that goes on with the store's. busy: seconds to wait for another program that writes.
    """
    for fault in config.warnings:
        warn("config_warning", where=fault.where, path=fault.path, message=fault.message)
    is_beside = verb == "ingest" and config.store is not None
    locked = nullcontext(str) if is_beside else lock_state(config, verb=verb, clock=clock)
    with (
        locked as lock_lost,
        open_locked(config, lock_lost, clock=clock, retry_policy=retry_policy, busy=busy) as runtime,
    ):
        yield runtime


@contextmanager
def lock_state(config: Config, *, verb: str, clock: Clock | None = None) -> Iterator[Callable[[], str]]:
    """Hold the state folder, closed to other users; gives what `lock.hold` gives. Raises LockHeld, StoreError."""
    refuse_unmounted(config.state)
    now = wall_time() if clock is None else clock.now()
    with lock.hold(config.state, verb=verb, now=now) as lock_lost:
        close_to_others(config.state, shared_with=[config.file, *(source.path for source in config.sources.values())])
        yield lock_lost


@contextmanager
def open_locked(
    config: Config,
    lock_lost: Callable[[], str],
    *,
    clock: Clock | None = None,
    retry_policy: RetryPolicy = DEFAULT_RETRY_POLICY,
    busy: float = BUSY,
    first_busy: float = BUSY,
) -> Iterator[Runtime]:
    """Open the store of a folder that this process holds, and build the runtime. Raises StoreError.

    first_busy: as `busy`, while the store is being opened.
    """
    opened = open_stores(
        config.location, Access.WRITE, busy=busy, first_busy=min(busy, first_busy), lock_lost=lock_lost
    )
    with opened as stores:
        clock = clock or stores.clock or open_clock(stores.maintenance)
        if rehashed := stores.maintenance.rehash(FINGERPRINTER):
            say("store_rehashed", versions=rehashed)
        rename_sources(config, stores.maintenance)
        counters, since = Counters(), clock.now()
        node = NodeThreads(NodeWorker(stores.nodes, facts_of(config))) if stores.nodes else None
        shared = SharedParts(
            stores=stores,
            counters=counters,
            clock=clock,
            clock_follower=None
            if stores.clock
            else ClockFollower(clock=clock, maintenance=stores.maintenance, counters=counters),
            node=node,
            agreement=ConfigAgreement(living=node.node.living, has_chores=node.node.has_chores) if node else None,
            since=since,
            retry_policy=retry_policy,
        )
        try:
            yield _build_runtime(config, shared)
        finally:
            if node:
                node.close()


def send_test(config: Config, name: str, *, stream: TextIO) -> Verdict:
    """Send a test message to a channel at once, without the outbox. Raises NotFound."""
    if name not in config.channels:
        raise NotFound(f"there is no channel {name!r}; the configuration has {', '.join(config.channels)}")
    guarded = GuardedChannel(_channel(config, name, stream))
    return guarded.send(trial_message(name), delivery=f"0-{secrets.token_hex(8)}")


def _absolute(path: Path) -> bytes:
    return os.path.abspath(os.fsencode(path))  # noqa: PTH100 - resolve() would follow links, and the ledger must not


def _build_runtime(config: Config, shared: SharedParts) -> Runtime:
    stores, clock = shared.stores, shared.clock
    refuse_earlier_names(config, stores.source_states)
    store = _unless_damaged(stores.archive.store_id) or ""
    counters = shared.counters
    _update_store_size(config.state, counters)
    last_dumps = _unless_damaged(stores.source_states.last_dumps)
    counters.register(channels=config.channels, sources=config.sources, last_dumps=last_dumps)
    notified = config.operator.notify or ()
    operator = OperatorAlerts(
        channels=notified,
        outbox=stores.outbox,
        clock=clock,
        timezone=config.timezone,
        postponed=shared.postponed,
    )
    ingester = Ingester(
        sources_of(config),
        routing=_routing(config, stores.archive),
        store=stores.store,
        channel_states=stores.channel_states,
        source_states=stores.source_states,
        operator=operator,
        counters=counters,
    )
    dispatcher = _dispatcher(config, shared, operator, store)

    return Runtime(
        config=config,
        ingester=ingester,
        dispatcher=dispatcher,
        fetch_workers=_fetch_workers(ingester, operator, clock),
        stores=stores,
        maintenance=MaintenanceWorker(
            maintenance=stores.maintenance,
            retention=retention_of(config),
            clock=clock,
            has_chores=dispatcher.ownership.has_chores,
        ),
        node=shared.node,
        check_clock=partial(shared.clock_follower.check, operator) if shared.clock_follower else _nothing,
        check_agreement=partial(shared.agreement.check, operator) if shared.agreement else _nothing,
        update_store_size=partial(_update_store_size, config.state, counters),
        build_for=partial(_build_runtime, shared=shared),
    )


def _dispatcher(config: Config, shared: SharedParts, operator: OperatorAlerts, store: str) -> Dispatcher:
    return Dispatcher(
        receivers=[_receiver(config, name, sys.stdout, shared.retry_policy, store) for name in config.channels],
        outbox=shared.stores.outbox,
        channel_states=shared.stores.channel_states,
        operator=operator,
        counters=shared.counters,
        clock=shared.clock,
        since=shared.since,
        unrecorded=shared.unrecorded,
        ownership=shared.node.node if shared.node else SOLE_OWNER,
        routed=frozenset(channel for each in config.watchlists.values() for channel in each.notify or ()),
    )


def _nothing() -> None:
    """Do nothing at a tick."""


def _update_store_size(state: Path, counters: Counters) -> None:
    with suppress(OSError):  # a file that goes away meanwhile; what is wrong with the store is said elsewhere
        counters.store_bytes = store_size(state)


def _fetch_workers(ingester: Ingester, operator: OperatorAlerts, clock: Clock) -> list[FetchWorker]:
    sources = [source for source in ingester.sources if source.fetch]
    if not sources:
        return []
    from monitor.collect.fetching.fetcher import fetcher_of
    from monitor.daemon.fetch_worker import FetchWorker

    return [
        FetchWorker(
            fetcher_of(source), operator=operator, clock=clock, is_ingested=partial(ingester.is_ingested, source=source)
        )
        for source in sources
    ]


def _routing(config: Config, archive: Archive) -> Routing:
    every = tuple(config.channels)
    return Routing(
        matcher=Matcher(
            watchlists_of(config),
            config.aliases,
            frequencies=_unless_damaged(partial(_frequencies, config, archive)) or {},
        ),
        routes={name: every if w.notify is None else w.notify for name, w in config.watchlists.items()},
        urgent=frozenset(name for name, watchlist in config.watchlists.items() if watchlist.urgent),
        full_text=frozenset(name for name, channel in config.channels.items() if channel.body == "full"),
    )


def _receiver(config: Config, name: str, stream: TextIO, retry_policy: RetryPolicy, store: str) -> Receiver:
    channel = config.channels[name]
    policy = policy_of(config, name, retry_policy=retry_policy)
    opened = _channel(config, name, stream, store)
    part_limit = replace(policy.part_limit, fits=partial(fits, opened))
    return Receiver(
        channel=opened, policy=replace(policy, part_limit=part_limit), fingerprint=url_fingerprint(channel.url)
    )


def _unless_damaged(read: Callable[[], T]) -> T | None:
    """Return what is read; None where the store is damaged: that is noted, and what still works goes on."""
    with suppress(StoreDamaged):
        return read()
    return None


def _frequencies(config: Config, archive: Archive) -> Mapping[str, int]:
    """Return how common words are in the latest releases; empty for few rules, where counting costs more."""
    if max(len(config.watchlists), sum(len(one.keywords) for one in config.watchlists.values())) < _MIN_RULES:
        return {}
    latest = read_all(archive.heads, after=archive.head_before_last(_RELEASES))
    return frequencies_in(stored.release for stored in latest)


def _channel(config: Config, name: str, stream: TextIO, store: str = "") -> Channel:
    is_color = stream.isatty() and "NO_COLOR" not in os.environ
    channel, page = config.channels[name], config.web.url or ""
    return open_channel(
        name,
        channel.url,
        stream=stream,
        color=is_color,
        html=channel.html,
        page=page,
        language=channel.language,
        store=store,
    )
