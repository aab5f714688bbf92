"""A configuration → working parts, put together; the one place that knows every adapter."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from monitor.collect.source import Source
from monitor.collect.watching.supervisor import require_events
from monitor.compare.fingerprint import FINGERPRINTER
from monitor.config.convert import policy_of, retention_of, sources_of, watchlists_of
from monitor.control import lock
from monitor.daemon.dispatcher import Dispatcher, Receiver
from monitor.daemon.ingester import Ingester
from monitor.daemon.maintenance import MaintenanceWorker
from monitor.daemon.operator_alerts import OperatorAlerts
from monitor.daemon.run_once import run_once
from monitor.daemon.source_rename import rename_sources
from monitor.errors import NotFound, UsageError
from monitor.health.counters import Counters
from monitor.logs import say, warn
from monitor.match.matcher import Matcher, frequencies_in
from monitor.model import IngestReport, Message, Mode, Verdict
from monitor.notify.channels import open_channel
from monitor.notify.retry import DEFAULT_RETRY_POLICY, RetryPolicy
from monitor.pipeline import Routing
from monitor.ports import Archive, Channel, Clock
from monitor.records import read_all
from monitor.store.open import BUSY, Access, Stores, open_stores
from monitor.times import SystemClock

if TYPE_CHECKING:
    from monitor.config import Config


_CLOCK = SystemClock()
_MANY = 500  # rules
_COUNTED = 500  # releases


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedParts:
    """What all configurations of a process have in common."""

    stores: Stores
    counters: Counters
    clock: Clock
    since: datetime  # as in Office
    retry_policy: RetryPolicy
    reject_counts: dict[str, int] = field(default_factory=dict)  # as in Operator


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """Everything that runs on one configuration, while its state folder is locked."""

    config: Config
    ingester: Ingester
    dispatcher: Dispatcher
    stores: Stores
    maintenance: MaintenanceWorker
    build_for: Callable[[Config], Runtime]  # the same on another configuration

    def rebuilt_for(self, config: Config) -> Runtime:
        """What a changed configuration asks for. Raises MonitorError when it asks for what cannot be had here."""
        runtime = self.build_for(config)
        if config.watch.mode == "events":
            require_events([source.folder for source in runtime.ingester.sources])
        return runtime

    def after_renames(self) -> Runtime:
        """The same once the store knows its sources by their names; what was built before that is built again."""
        return self.build_for(self.config) if rename_sources(self.config, self.stores.maintenance) else self

    def run_once(self) -> int:
        """One pass; the exit code."""
        done = run_once(self.ingester, self.dispatcher, store=self.stores.store)
        self.maintenance.fill()
        return done.exit_code

    def ingest(self, files: Sequence[Path], *, source: str | None, is_again: bool) -> list[IngestReport | None]:
        """Take in files in the given order; None where one could not be read."""
        chosen = [(_absolute(path), self._source_for(path, source)) for path in files]
        for of in self.ingester.sources:
            own = [path for path, chosen_source in chosen if chosen_source is of]
            if own:
                self.ingester.start_baseline(own, of)
        mode = Mode.AGAIN if is_again else Mode.ONCE
        reports = [self.ingester.ingest(path, of, mode=mode).report for path, of in chosen]
        self.dispatcher.build_all_messages()
        self.maintenance.fill()
        return reports

    def _source_for(self, path: Path, name: str | None) -> Source:
        if not path.is_file():
            what = "this is a folder; name the files in it" if path.is_dir() else "there is no such file"
            raise NotFound(what, where=str(path))
        if name is not None:
            return self._named(name)
        inside = self.ingester.source_of(_absolute(path))
        found = inside or next((s for s in self.ingester.sources if s.folder.matches(os.fsencode(path.name))), None)
        if found is None:
            raise UsageError("no source takes files of this name; say which with --source", where=str(path))
        return found

    def _named(self, name: str) -> Source:
        found = next((source for source in self.ingester.sources if source.name == name), None)
        if found is None:
            names = ", ".join(source.name for source in self.ingester.sources)
            raise UsageError(f"there is no source {name!r}; the configuration has {names}")
        return found


@contextmanager
def open_runtime(
    config: Config,
    *,
    verb: str,
    clock: Clock = _CLOCK,
    retry_policy: RetryPolicy = DEFAULT_RETRY_POLICY,
    busy: float = BUSY,
) -> Iterator[Runtime]:
    """Lock the state folder, open the store and put everything together. Raises LockHeld, StoreError.

    busy: seconds to wait for another program that writes to the store.
    """
    for fault in config.warnings:
        warn("config_warning", where=fault.where, path=fault.path, message=fault.message)
    with (
        lock.hold(config.state, verb=verb, now=clock.now()),
        open_stores(config.state, Access.WRITE, busy=busy) as stores,
    ):
        rehashed = stores.maintenance.rehash(FINGERPRINTER)
        if rehashed:
            say("store_rehashed", versions=rehashed)
        rename_sources(config, stores.maintenance)
        counters, since = Counters(stores.source_states.last_dumps()), clock.now()
        shared = SharedParts(stores=stores, counters=counters, clock=clock, since=since, retry_policy=retry_policy)
        yield _build_runtime(config, shared)


def send_test(config: Config, name: str, *, stream: TextIO) -> Verdict:
    """One test message to a channel, now and past the outbox. Raises NotFound."""
    if name not in config.channels:
        raise NotFound(f"there is no channel {name!r}; the configuration has {', '.join(config.channels)}")
    text = f"A test message from monitor: if you read this, the channel {name!r} works."
    return _channel(config, name, stream).send(Message(channel=name, kind="test", source="", text=text), delivery=0)


def _absolute(path: Path) -> bytes:
    return os.path.abspath(os.fsencode(path))  # noqa: PTH100 - resolve() would follow links, and the ledger must not


def _build_runtime(config: Config, shared: SharedParts) -> Runtime:
    stores, clock = shared.stores, shared.clock
    shared.counters.register_channels(config.channels)
    told = tuple(config.channels) if config.operator.notify is None else config.operator.notify
    operator = OperatorAlerts(channels=told, outbox=stores.outbox, clock=clock, reject_counts=shared.reject_counts)
    ingester = Ingester(
        sources_of(config),
        routing=_routing(config, stores.archive),
        store=stores.store,
        channel_states=stores.channel_states,
        source_states=stores.source_states,
        operator=operator,
        counters=shared.counters,
    )
    stream = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115 - closed with the process; started with >&-
    lines = [_receiver(config, name, stream, shared.retry_policy) for name in config.channels]
    dispatcher = Dispatcher(
        receivers=lines,
        outbox=stores.outbox,
        channel_states=stores.channel_states,
        operator=operator,
        counters=shared.counters,
        clock=clock,
        since=shared.since,
    )
    maintenance = MaintenanceWorker(maintenance=stores.maintenance, retention=retention_of(config), clock=clock)
    renewed = partial(_build_runtime, shared=shared)
    return Runtime(
        config=config,
        ingester=ingester,
        dispatcher=dispatcher,
        stores=stores,
        maintenance=maintenance,
        build_for=renewed,
    )


def _routing(config: Config, archive: Archive) -> Routing:
    every = tuple(config.channels)
    return Routing(
        matcher=Matcher(watchlists_of(config), config.aliases, frequencies=_frequencies(config, archive)),
        routes={name: every if w.notify is None else w.notify for name, w in config.watchlists.items()},
        urgent=frozenset(name for name, watchlist in config.watchlists.items() if watchlist.urgent),
    )


def _receiver(config: Config, name: str, stream: TextIO, retry_policy: RetryPolicy) -> Receiver:
    channel = config.channels[name]
    policy = policy_of(config, name, retry_policy=retry_policy)
    fingerprint = sha256(channel.url.reveal().encode("utf-8", "surrogatepass")).hexdigest()[:4]
    return Receiver(channel=_channel(config, name, stream), policy=policy, fingerprint=fingerprint)


def _frequencies(config: Config, archive: Archive) -> Mapping[str, int]:
    """How common words are in the latest releases; for few rules not worth the time to count."""
    if len(config.watchlists) < _MANY and sum(len(one.keywords) for one in config.watchlists.values()) < _MANY:
        return {}
    return frequencies_in(
        stored.release for stored in read_all(archive.heads, after=archive.head_before_last(_COUNTED))
    )


def _channel(config: Config, name: str, stream: TextIO) -> Channel:
    is_color = stream.isatty() and "NO_COLOR" not in os.environ
    return open_channel(name, config.channels[name].url, stream=stream, color=is_color, html=config.channels[name].html)
