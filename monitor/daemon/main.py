"""Run one daemon after another in this process, each on its configuration, until a signal."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing, suppress
from functools import partial
from typing import TYPE_CHECKING

import monitor.notify.apprise_channel  # noqa: F401 - now, for later its file may be that of another version
from monitor import __version__
from monitor.control import lock
from monitor.control.commands import Commands
from monitor.control.requests import Command
from monitor.daemon.bootstrap import Runtime, lock_state, open_locked
from monitor.daemon.cut_off_baselines import report_cut_off_baselines
from monitor.daemon.daemon import DEFAULT_TIMINGS, Daemon, PeriodicJobs, Timings, reload_files
from monitor.daemon.ingest_worker import IngestWorker
from monitor.daemon.pacing import WatchTimings
from monitor.daemon.reload import ConfigReloader, reread
from monitor.daemon.signals import SignalQueue
from monitor.daemon.silence import SilenceMonitor
from monitor.daemon.startup import StoreWait, WaitEndedError
from monitor.daemon.web_process import WebProcess
from monitor.errors import StoreReplaced
from monitor.health.daemon_state import write_state
from monitor.health.heartbeat import Heartbeat
from monitor.health.liveness import Liveness, not_ready_reason
from monitor.health.publisher import StatePublisher
from monitor.inspect.status import status
from monitor.logs import NonBlockingWriter, set_timezone, warn
from monitor.ports import Row
from monitor.web.daemon_app import Answer, ControlServer, HealthServer, Routes, alive, metrics_page, ready

if TYPE_CHECKING:
    from monitor.config import Config


FIRST_BUSY = 1.0  # seconds that a start waits for another writer before it answers as a paused daemon


def run(runtime: Runtime, timings: Timings = DEFAULT_TIMINGS) -> int:
    """Run the daemon until a signal and return the exit code. A changed configuration starts a new daemon."""
    with closing(HealthServer()) as health_server, closing(WebProcess()) as web_process:
        return _run_all(runtime, timings, SignalQueue(), health_server, web_process)


def start(config: Config, timings: Timings = DEFAULT_TIMINGS) -> int:
    """Lock the state folder, open the store and run the daemon; wait where that cannot be done now.

    Returns the exit code. Raises LockHeld, and StoreError for what waiting does not heal.
    """
    signal_queue = SignalQueue()
    signal_queue.install_handlers()
    for fault in config.warnings:
        warn("config_warning", where=fault.where, path=fault.path, message=fault.message)
    with closing(HealthServer()) as health_server, closing(WebProcess(announce=_print_address)) as web_process:
        while True:
            try:
                return _start(config, timings, signal_queue, health_server, web_process)
            except WaitEndedError as end:
                if end.number != signal.SIGHUP:
                    return 130 if end.number == signal.SIGINT else 0
                config = reread(config)
            except StoreReplaced as error:  # while it waited: the folder is locked anew
                warn("state_replaced", reason=error.message)


def _print_address(address: str) -> None:
    """Print where the page is; a reader that takes nothing holds up nothing."""
    with suppress(OSError, ValueError):  # of a stream without a descriptor
        NonBlockingWriter(sys.stdout.fileno()).write(f"page  {address}\n")


def _start(
    config: Config,
    timings: Timings,
    signal_queue: SignalQueue,
    health_server: HealthServer,
    web_process: WebProcess,
) -> int:
    wait = StoreWait(config, signal_queue, health_server, web_process.current_state)
    with ExitStack() as stack:
        lock_lost = wait.until_it_works(
            lambda: stack.enter_context(lock_state(config, verb=lock.DAEMON)), is_locked=False
        )
        web_process.follow(config)
        runtime = wait.until_it_works(lambda: stack.enter_context(_opened(config, lock_lost)), is_locked=True)
        return _run_all(runtime, timings, signal_queue, health_server, web_process)


def _opened(config: Config, lock_lost: Callable[[], str]) -> AbstractContextManager[Runtime]:
    if reason := lock_lost():  # a file system was mounted over the folder that was locked
        raise StoreReplaced(reason, where=str(config.state))
    return open_locked(config, lock_lost, first_busy=FIRST_BUSY)


def _run_all(
    runtime: Runtime,
    timings: Timings,
    signal_queue: SignalQueue,
    health_server: HealthServer,
    web_process: WebProcess,
) -> int:
    """Run one daemon after the other, each on a newer configuration."""
    while True:
        node = runtime.node
        liveness = Liveness(store_failure=runtime.stores.fault, node_silence=node.silence if node else None)
        reloader = ConfigReloader(runtime.config, runtime.rebuilt_for, runtime.dispatcher.operator)
        set_timezone(runtime.config.timezone)
        _serve_health(health_server, runtime, liveness)
        web_process.follow(runtime.config)
        daemon = daemon_of(runtime, signal_queue, reloader, liveness, web_process, poll=timings.poll)
        runtime.join(on_failure=daemon.fail)
        code = daemon.run(timings)
        if code is not None or reloader.next is None:
            return code or 0
        wait = StoreWait(runtime.config, signal_queue, health_server, web_process.current_state)
        runtime = wait.until_it_works(reloader.next.after_renames, is_locked=True)


def _serve_health(health_server: HealthServer, runtime: Runtime, liveness: Liveness) -> None:
    """Serve the health routes of this daemon at its configured address."""
    address = runtime.config.health.listen
    health_server.routes = _health_routes(runtime, liveness)
    if fault := health_server.listen(address):
        runtime.dispatcher.operator.health_unavailable(address, fault)


def _health_routes(runtime: Runtime, liveness: Liveness) -> Routes:
    dispatcher = runtime.dispatcher

    def show_metrics() -> Answer:
        snapshot, clock = dispatcher.counters.snapshot(), dispatcher.clock
        is_ready = not not_ready_reason(liveness.snapshot())
        return metrics_page(
            snapshot, version=__version__, now=clock.now(), clock_ahead=clock.offset(), is_ready=is_ready
        )

    return {"/healthz": alive, "/readyz": lambda: ready(liveness.snapshot()), "/metrics": show_metrics}


def daemon_of(
    runtime: Runtime,
    signal_queue: SignalQueue,
    reloader: ConfigReloader[Runtime],
    liveness: Liveness,
    web_process: WebProcess,
    *,
    poll: float,
) -> Daemon:
    """Build one daemon on one configuration; poll: seconds between two scans of a folder without file events."""
    watch = runtime.config.watch
    publisher = StatePublisher(
        liveness,
        partial(write_state, runtime.config.state),
        refusal=lambda: reloader.rejection,
        page=web_process.current_state,
    )
    ingest_worker = IngestWorker(
        ingester=runtime.ingester,
        timings=WatchTimings(
            settle=watch.settle.total_seconds(),
            rescan=watch.rescan.total_seconds(),
            poll=poll,
            partial_grace=watch.partial_grace.total_seconds(),
            mode=watch.mode,
        ),
        liveness=liveness,
        publisher=publisher,
    )
    return Daemon(
        ingest_worker=ingest_worker,
        dispatcher=runtime.dispatcher,
        control=_control_server(runtime, signal_queue, publisher, reloader),
        signal_queue=signal_queue,
        reloader=reloader,
        liveness=liveness,
        jobs=periodic_jobs(runtime, liveness),
    )


def periodic_jobs(runtime: Runtime, liveness: Liveness) -> PeriodicJobs:
    """Return the jobs of a daemon; the checks of the store come first."""
    dispatcher, heartbeat = runtime.dispatcher, runtime.config.heartbeat
    ownership, source_states = dispatcher.ownership, runtime.stores.source_states
    threads = {"upkeep": runtime.maintenance.run}
    if heartbeat.url is not None:
        threads["heartbeat"] = Heartbeat(
            url=heartbeat.url, every=heartbeat.every, not_ready_reason=lambda: not_ready_reason(liveness.snapshot())
        ).run
    silence_monitor = SilenceMonitor(
        expected={name: each.expect_every for name, each in runtime.config.sources.items() if each.expect_every},
        timezone=runtime.config.timezone,
        source_states=source_states,
        # Of a shared store another node may have ingested the dump.
        last_dumps=source_states.last_dumps if ownership.is_shared else dispatcher.counters.last_dumps,
        judges=ownership.judges,
        operator=dispatcher.operator,
        clock=dispatcher.clock,
        is_busy=lambda: liveness.is_busy,
    )
    each_tick = (
        lambda: dispatcher.operator.store_failed(runtime.stores.fault()),
        runtime.stores.maintenance.check_writable,
        runtime.check_clock,
        silence_monitor.check,
        dispatcher.build_unconfigured_messages,
        dispatcher.reclaim,
        dispatcher.expire,
        dispatcher.send_reminders,
        lambda: _alert_for_others(runtime) if ownership.has_chores() else None,
        runtime.check_agreement,
        dispatcher.update_metrics,
        runtime.update_store_size,
    )
    return PeriodicJobs(each_tick=each_tick, threads=threads, fetch_workers=runtime.fetch_workers)


def _alert_for_others(runtime: Runtime) -> None:
    """Alert to what no process has alerted to, or can any more."""
    runtime.ingester.reject_alerts.report_rest()
    report_cut_off_baselines(runtime.stores.source_states, runtime.dispatcher.operator)


def _control_server(
    runtime: Runtime, signal_queue: SignalQueue, publisher: StatePublisher, reloader: ConfigReloader[Runtime]
) -> ControlServer:
    dispatcher = runtime.dispatcher
    commands = Commands(
        channels=runtime.config.channels,
        watchlists=runtime.config.watchlists,
        outbox=dispatcher.outbox,
        channel_states=dispatcher.channel_states,
        clock=dispatcher.clock,
        wake=lambda channel: dispatcher.ownership.announce([channel]),
    )

    def show_status() -> Row:  # for a command that cannot read the configuration any more
        shown = status(runtime.config, publisher.current_state(), now=dispatcher.clock.now())
        return {"verb": "status", "text": "how things stand", "zone": runtime.config.timezone.key, "standing": shown}

    def show_state() -> Row:
        return {"verb": "state", "text": "how the daemon is", "state": publisher.current_state()}

    def request_reload() -> Row:
        signal_queue.put(signal.SIGHUP)
        return {"verb": "reload", "text": "the configuration is read again; the log says whether it can be used"}

    def resume(channel: str) -> Row:
        row = commands.resume(channel)
        reload_files(reloader, signal_queue)
        return row

    by_name = {
        **commands.by_name(),
        "resume": Command(arguments=1, run=resume),
        "reload": Command(arguments=0, run=request_reload),
        "status": Command(arguments=0, run=show_status, is_read_only=True),
        "state": Command(arguments=0, run=show_state, is_read_only=True),
    }
    routes = _health_routes(runtime, publisher.liveness)
    return ControlServer(runtime.config.state, by_name, routes=routes)
