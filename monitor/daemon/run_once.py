"""One pass over the folders: take in what waits, deliver what is due, end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from monitor.collect.source import Source
from monitor.collect.watching.settle import has_writer
from monitor.daemon.dispatcher import Dispatcher
from monitor.daemon.ingester import Ingester, IngestOutcome
from monitor.logs import say, warn
from monitor.model import Mode
from monitor.notify.worker import DeliveryCounts, DeliveryWorker
from monitor.ports import Store


@dataclass(slots=True)
class PassResult:
    """What one pass came to."""

    rejected: int = 0  # files and records
    unread: int = 0  # files that could not be read now, folders that are missing
    sent: int = 0  # messages
    unsent: int = 0  # messages that were due and are not delivered

    @property
    def exit_code(self) -> int:
        """As the contract fixes it: 1 failed, 3 partial, 0 all well."""
        return 1 if self.unread else 3 if self.rejected or self.unsent else 0


def run_once(ingester: Ingester, dispatcher: Dispatcher, *, store: Store) -> PassResult:
    """Take in what waits in every folder, then deliver what is due on every channel."""
    now = dispatcher.clock.now()
    done = PassResult(rejected=store.reject_overdue(held_before=now, now=now))
    if done.rejected:
        dispatcher.operator.dumps_unfinished(done.rejected)
    done.unsent += dispatcher.start()
    for source in ingester.sources:
        _ingest_all(ingester, source, done)
    dispatcher.build_unconfigured_messages()
    _deliver_all(dispatcher, done)
    return done


def _ingest_all(ingester: Ingester, source: Source, result: PassResult) -> None:
    try:
        paths = ingester.scan(source).pending
    except OSError as error:
        warn("folder_missing", source=source.name, path=source.folder.shown, reason=error.strerror)
        result.unread += 1
        return
    for path in paths:
        if has_writer(path):
            say("file_being_written", source=source.name, name=source.folder.name_of(path))
            result.unread += 1
        else:
            _count(ingester.ingest(path, source, mode=Mode.ONCE), result)


def _count(outcome: IngestOutcome, result: PassResult) -> None:
    result.rejected += outcome.report.rejected if outcome.report else 0
    result.unread += outcome.is_postponed or outcome.is_failed


def _deliver_all(dispatcher: Dispatcher, result: PassResult) -> None:
    """Every channel in a thread of its own: a hung one must not keep the others waiting.

    In rounds, for what happens in one is told to the people who run the monitor in the next.
    """
    told, stop = threading.Event(), threading.Event()
    team = dispatcher.delivery_workers(on_alert=told.set)
    tallies = [DeliveryCounts()] * len(team)
    with ThreadPoolExecutor(max(1, len(team))) as pool, _stopping(stop):
        is_news = True
        while is_news:
            told.clear()
            scan_schedule = pool.map(lambda worker: worker.drain(stop), team)
            tallies = [before.plus(now) for before, now in zip(tallies, scan_schedule, strict=True)]
            expired = dispatcher.expire()
            result.unsent += expired
            is_news = told.is_set() or expired > 0
    for worker, tally in zip(team, tallies, strict=True):
        _add_counts(worker, tally, result)


@contextmanager
def _stopping(stop: threading.Event) -> Iterator[None]:
    """Whatever ends the block, Ctrl-C too: what is on its way is finished, what waits for its rate is left."""
    try:
        yield
    finally:
        stop.set()


def _add_counts(worker: DeliveryWorker, counts: DeliveryCounts, result: PassResult) -> None:
    result.sent += counts.sent
    result.unsent += counts.retried + counts.held + counts.buried + counts.has_backlog
    if counts.has_backlog:
        warn("messages_left", channel=worker.channel.name, reason=str(worker.block_reason()), see="monitor channels")
