"""What is kept in order beside the work."""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.config import load
from monitor.daemon.bootstrap import Runtime, open_runtime
from monitor.daemon.main import periodic_jobs
from monitor.errors import StoreError
from monitor.health.liveness import Liveness
from monitor.match.search import index_words
from monitor.model import Message, Verdict
from monitor.ports import LEASE
from monitor.store.open import Access, open_stores
from monitor.store_location import StoreLocation
from monitor.testing import FrozenClock, RecordingChannel, note
from tests.contract.takes import figures
from tests.end_to_end.harness import CONFIG, Project, record


def test_a_pass_leaves_nothing_to_be_indexed(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    project.drop("a.txt", record("FTA talks held", "Delegations met."))
    assert project.run("run", "--once").code == 0
    with open_stores(StoreLocation(folder=project.folder / "state"), Access.WRITE) as stores:
        assert stores.maintenance.fill_search_index(100, index_words) == 0


def test_what_is_too_old_is_forgotten_and_what_is_kept_is_not(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=f"{CONFIG}retention: {{versions: 30}}\n" % "console://")
    clock = FrozenClock()
    project.drop("a.txt", f"{figures('5.1')}\n{record('Visit ends', 'The visit ended with a dinner.')}")
    _run_once(project, clock)
    project.drop("b.txt", figures("5.3"))
    clock.advance(timedelta(days=1))
    _run_once(project, clock)
    clock.advance(timedelta(days=40))
    with _open_runtime(project, clock) as runtime:
        runtime.maintenance.prune()
        archive = runtime.stores.archive
        bodies = [bool(version.body) for release in (1, 2) for version in archive.versions(release)]
    assert sorted(bodies) == [False, True, True]


def test_a_daemon_leaves_its_own_sends_alone_over_a_reload_and_takes_back_what_nobody_sends_any_more(
    tmp_path: Path,
) -> None:
    clock = FrozenClock()
    with _open_runtime(Project(tmp_path / "p"), clock) as runtime:
        [line] = runtime.dispatcher.receivers
        runtime.dispatcher.outbox.enqueue(note("hello", channel=line.channel.name), key="a", now=clock.now())
        clock.advance(timedelta(seconds=1))
        runtime.dispatcher.outbox.claim(line.channel.name, now=clock.now())
        clock.advance(timedelta(seconds=1))
        runtime.build_for(runtime.config).dispatcher.start()
        assert runtime.dispatcher.outbox.backlog().pending == 0
        clock.advance(LEASE)
        for chore in periodic_jobs(runtime, Liveness()).each_tick:
            chore()
        assert runtime.dispatcher.outbox.backlog().pending == 1


def test_a_locked_store_and_a_reload_lose_no_verdict(tmp_path: Path) -> None:
    clock, project = FrozenClock(), Project(tmp_path / "p")
    config = load(project.folder / "config.yaml", environ={})
    with open_runtime(config, verb="run", clock=clock, busy=0) as runtime:
        outbox, [receiver] = runtime.dispatcher.outbox, runtime.dispatcher.receivers
        outbox.enqueue(note("hello", channel="hook"), key="a", now=clock.now())
        blocker = sqlite3.connect(project.folder / "state/monitor.db", isolation_level=None, check_same_thread=False)
        locking = replace(receiver, channel=LockingChannel("hook", blocker))
        [worker] = replace(runtime.dispatcher, receivers=[locking]).delivery_workers()
        with pytest.raises(StoreError):
            worker.deliver_due()
        blocker.execute("ROLLBACK")
        blocker.close()
        [successor] = runtime.build_for(config).dispatcher.delivery_workers()
        successor.deliver_due()
        [message] = runtime.stores.archive.messages()
    assert (message.state, message.attempts, message.uncertain) == ("sent", 1, 0)


class LockingChannel(RecordingChannel):
    """Accepts a message while another program begins to write to the store."""

    def __init__(self, name: str, blocker: sqlite3.Connection) -> None:
        super().__init__(name)
        self._blocker = blocker

    def send(self, message: Message, *, delivery: str) -> Verdict:
        self._blocker.execute("BEGIN IMMEDIATE")
        return super().send(message, delivery=delivery)


def _open_runtime(project: Project, clock: FrozenClock) -> AbstractContextManager[Runtime]:
    return open_runtime(load(project.folder / "config.yaml", environ={}), verb="run", clock=clock)


def _run_once(project: Project, clock: FrozenClock) -> None:
    with _open_runtime(project, clock) as runtime:
        assert runtime.run_once() == 0
