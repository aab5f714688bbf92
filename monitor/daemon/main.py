"""Run one daemon after another in this process, each on its configuration, until a signal."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from monitor import __version__
from monitor.control.commands import Command, Commands
from monitor.control.server import ControlServer
from monitor.daemon.bootstrap import Runtime
from monitor.daemon.daemon import DEFAULT_TIMINGS, Daemon, PeriodicJobs, Timings
from monitor.daemon.dispatcher import Dispatcher
from monitor.daemon.ingest_worker import IngestWorker, WatchTimings
from monitor.daemon.reload import ConfigReloader
from monitor.daemon.signals import SignalQueue
from monitor.daemon.silence import SilenceMonitor
from monitor.health.daemon_state import write_state
from monitor.health.heartbeat import Heartbeat
from monitor.health.http import HealthServer, Response, alive, ready
from monitor.health.liveness import Liveness, not_ready_reason
from monitor.health.metrics import CONTENT_TYPE, exposition, metrics
from monitor.health.publisher import StatePublisher
from monitor.inspect.status import status
from monitor.ports import Row

if TYPE_CHECKING:
    from monitor.config import Config


def run(runtime: Runtime, timings: Timings = DEFAULT_TIMINGS) -> int:
    """Run the daemon until a signal and return the exit code. A changed configuration starts a new daemon."""
    signal_queue, health_server = SignalQueue(), HealthServer()
    try:
        while True:
            liveness = Liveness()
            reloader = ConfigReloader(runtime.config, runtime.rebuilt_for, runtime.dispatcher.operator)
            _serve_health(health_server, runtime, liveness)
            code = daemon_of(runtime, signal_queue, reloader, liveness).run(timings)
            if code is not None or reloader.next is None:
                return code or 0
            runtime = reloader.next.after_renames()
    finally:
        health_server.close()


def _serve_health(health_server: HealthServer, runtime: Runtime, liveness: Liveness) -> None:
    """Serve the health routes of this daemon at its configured address."""
    address = runtime.config.health.listen
    health_server.set_routes(
        {
            "/healthz": alive,
            "/readyz": lambda: ready(liveness.snapshot()),
            "/metrics": partial(_metrics, runtime.dispatcher),
        }
    )
    fault = health_server.listen(address)
    if fault:
        runtime.dispatcher.operator.health_unavailable(address, fault)


def _metrics(dispatcher: Dispatcher) -> Response:
    found = metrics(dispatcher.counters.snapshot(), version=__version__, now=dispatcher.clock.now())
    return Response(text=exposition(found), content_type=CONTENT_TYPE)


def daemon_of(
    runtime: Runtime, signal_queue: SignalQueue, reloader: ConfigReloader[Runtime], liveness: Liveness
) -> Daemon:
    """Build one daemon on one configuration."""
    dispatcher = runtime.dispatcher
    publisher = StatePublisher(liveness, partial(write_state, runtime.config.state), refusal=lambda: reloader.rejection)
    ingest_worker = IngestWorker(
        runtime.ingester,
        dispatcher.operator,
        store=runtime.stores.store,
        clock=dispatcher.clock,
        timings=_timings(runtime.config),
        liveness=liveness,
        publisher=publisher,
    )
    return Daemon(
        ingest_worker,
        dispatcher,
        control=_control_server(runtime, signal_queue, publisher),
        signal_queue=signal_queue,
        reloader=reloader,
        liveness=liveness,
        jobs=periodic_jobs(runtime, liveness),
    )


def periodic_jobs(runtime: Runtime, liveness: Liveness) -> PeriodicJobs:
    """Return the jobs of a daemon; the check that the store can be written comes first."""
    dispatcher = runtime.dispatcher
    delivery = (
        dispatcher.build_unconfigured_messages,
        dispatcher.reclaim,
        dispatcher.expire,
        dispatcher.send_reminders,
        dispatcher.update_backlog,
    )
    return PeriodicJobs(
        each_tick=(runtime.stores.maintenance.check_writable, _silence_monitor(runtime, liveness).check, *delivery),
        threads={"upkeep": runtime.maintenance.run, **_heartbeat(runtime.config, liveness)},
    )


def _silence_monitor(runtime: Runtime, liveness: Liveness) -> SilenceMonitor:
    dispatcher, sources = runtime.dispatcher, runtime.config.sources
    return SilenceMonitor(
        expected={name: source.expect_every for name, source in sources.items() if source.expect_every},
        source_states=runtime.stores.source_states,
        counters=dispatcher.counters,
        operator=dispatcher.operator,
        clock=dispatcher.clock,
        is_busy=lambda: liveness.is_busy,
    )


def _heartbeat(config: Config, liveness: Liveness) -> dict[str, Callable[[threading.Event], None]]:
    """Return the heartbeat thread, where an address is configured."""
    url, every = config.heartbeat.url, config.heartbeat.every
    if url is None:
        return {}
    return {
        "heartbeat": Heartbeat(url=url, every=every, not_ready_reason=lambda: not_ready_reason(liveness.snapshot())).run
    }


def _timings(config: Config) -> WatchTimings:
    watch = config.watch
    return WatchTimings(
        settle=watch.settle.total_seconds(),
        rescan=watch.rescan.total_seconds(),
        partial_grace=watch.partial_grace.total_seconds(),
        mode=watch.mode,
    )


def _control_server(runtime: Runtime, signal_queue: SignalQueue, publisher: StatePublisher) -> ControlServer:
    dispatcher = runtime.dispatcher
    commands = Commands(
        channels=runtime.config.channels,
        watchlists=runtime.config.watchlists,
        outbox=dispatcher.outbox,
        channel_states=dispatcher.channel_states,
        clock=dispatcher.clock,
    )
    reload = Command(arguments=0, run=partial(_request_reload, signal_queue))
    show_status = Command(
        arguments=0,
        run=lambda: _status_answer(runtime.config, dispatcher.clock.now(), publisher.current_state()),
        is_read_only=True,
    )
    show_state = Command(
        arguments=0,
        run=lambda: {"verb": "state", "text": "how the daemon is", "state": publisher.current_state()},
        is_read_only=True,
    )
    return ControlServer(
        runtime.config.state, {**commands.by_name(), "reload": reload, "status": show_status, "state": show_state}
    )


def _status_answer(config: Config, now: datetime, daemon_state: Mapping[str, Any]) -> Row:
    """Return all that `status` shows, for a command that cannot read the configuration any more."""
    shown = status(config, daemon_state, now=now)
    return {"verb": "status", "text": "how things stand", "zone": config.timezone.key, "standing": shown}


def _request_reload(signal_queue: SignalQueue) -> Row:
    signal_queue.put(signal.SIGHUP)
    return {"verb": "reload", "text": "the configuration is read again; the log says whether it can be used"}
