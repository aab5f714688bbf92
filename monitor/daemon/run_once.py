"""Ingest what waits in the folders once, deliver what is due, and end."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.collect.source import Source
from monitor.collect.watching.settle import has_writer
from monitor.daemon.dispatcher import Dispatcher
from monitor.daemon.ingester import Ingester, ScanResult, log_ignored
from monitor.ingest_values import Mode
from monitor.logs import say, warn
from monitor.notify.worker import DeliveryCounts
from monitor.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor.daemon.fetch_worker import FetchWorker


@dataclass(slots=True)
class PassResult:
    """The result of one pass."""

    rejected: int = 0  # files and records
    unread: int = 0  # files that could not be read or fetched now, folders that are missing
    unsent: int = 0  # messages that were due and were not delivered
    known: int = 0  # files that were ingested before
    done: int = 0  # files that were ingested and messages that were sent

    @property
    def exit_code(self) -> int:
        """The exit code by contract: 1 failed, 3 partial, 0 success."""
        return 1 if self.unread else 3 if self.rejected or self.unsent else 0


def run_once(ingester: Ingester, dispatcher: Dispatcher, fetch_workers: Sequence[FetchWorker]) -> PassResult:
    """Fetch what is to be fetched, ingest what waits in every folder, then deliver what is due on every channel."""
    now = dispatcher.clock.now()
    overdue = ingester.reject_alerts.reject_overdue(held_before=now, now=now)
    result = PassResult(rejected=overdue.total)
    result.unsent += dispatcher.start()
    result.unread += sum(not worker.fetch() for worker in fetch_workers)
    for source in ingester.sources:
        _ingest_all(ingester, source, result)
    ingester.reject_alerts.report_rest(occasion=":rest")  # no later tick of this process would do it
    dispatcher.operator.retry_postponed()
    dispatcher.build_unconfigured_messages()
    _deliver_all(dispatcher, result)
    if result == PassResult(known=result.known):
        known = f"no file is new, {plural(result.known, 'file')} known" if result.known else "the folders hold no dump"
        say("nothing_to_do", reason=known, pending=dispatcher.outbox.backlog().pending, see="monitor status")
    return result


def _ingest_all(ingester: Ingester, source: Source, result: PassResult) -> None:
    try:
        found = ingester.scan(source)
    except OSError as error:
        warn("folder_missing", source=source.name, path=source.folder.shown, reason=error.strerror)
        result.unread += 1
        return
    result.known += found.known
    if found.unread.ignored:
        log_ignored(source.name, found.unread)
    for each in found.unread.unreadable_names:
        warn("path_unreadable", source=source.name, name=each)
    result.unread += found.unread.unreadable
    files = _complete_files(found, source, result)
    for outcome in ingester.ingest_all(files, mode=Mode.ONCE):
        result.done += outcome.report is not None
        result.rejected += outcome.report.rejected if outcome.report else 0
        result.unread += outcome.is_postponed or outcome.is_failed


def _complete_files(found: ScanResult, source: Source, result: PassResult) -> Iterator[tuple[bytes, Source]]:
    """Yield what nobody writes to at the moment it is asked for."""
    for path in found.pending + found.unproven:
        if has_writer(path, root=source.folder.path):
            say("file_being_written", source=source.name, name=source.folder.name_of(path))
            result.unread += 1
        else:
            yield path, source


def _deliver_all(dispatcher: Dispatcher, result: PassResult) -> None:
    """Deliver on one thread per channel, so that a hung channel does not delay the others.

    Repeat while there are new alerts to the operator, which the next round delivers.
    """
    has_alerts, stop = threading.Event(), threading.Event()
    workers = dispatcher.delivery_workers(on_alert=has_alerts.set)
    totals = [DeliveryCounts()] * len(workers)
    with ThreadPoolExecutor(max(1, len(workers))) as pool, ExitStack() as stack:
        stack.callback(stop.set)  # also by Ctrl-C: open sends finish, messages that wait for the rate stay
        has_news = True
        while has_news:
            has_alerts.clear()
            counts = pool.map(lambda worker: worker.drain(stop), workers)
            totals = [before.plus(now) for before, now in zip(totals, counts, strict=True)]
            expired = dispatcher.expire()
            result.unsent += expired
            has_news = has_alerts.is_set() or expired > 0
    for worker, total in zip(workers, totals, strict=True):
        result.unsent += total.retried + total.held + total.buried + total.has_backlog
        result.done += total.sent
        if total.has_backlog:
            reason = str(worker.block_reason())
            warn("messages_left", channel=worker.channel.name, reason=reason, see="monitor channels")
