"""The pickup on real folders and a real store, in this process: what `monitor run` does without its delivery."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

from monitor.config import load
from monitor.daemon.bootstrap import Runtime, open_runtime
from monitor.daemon.ingest_worker import IngestWorker
from monitor.daemon.pacing import WatchTimings
from monitor.daemon.scheduler import Scheduler
from monitor.health import daemon_state
from monitor.health.liveness import Liveness
from monitor.health.publisher import StatePublisher
from tests.end_to_end.harness import DEADLINE, Project, wait_for
from tests.servers import Arrivals

CONFIG = """
timezone: Asia/Seoul
sources: {motie: {path: seeds/}}
channels: {desk: {url: "console://"}}
watchlists: {talks: {keywords: [talks], notify: []}}
"""
CHECK = 0.1  # seconds between two looks at the folders


class _Log(logging.Handler):
    """Keeps every line as its event and fields."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: Arrivals[dict[str, Any]] = Arrivals()
        self.on_line: Callable[[dict[str, Any]], None] = lambda _: None

    def emit(self, record: logging.LogRecord) -> None:
        line = {"event": record.getMessage(), **getattr(record, "fields", {})}
        self.on_line(line)
        self.lines.add(line)


@dataclass(slots=True)
class RunningIngest:
    """A pickup that runs, and what it has logged so far."""

    project: Project
    runtime: Runtime
    ingest_worker: IngestWorker
    _log: _Log = field(default_factory=_Log)

    @property
    def seeds(self) -> Path:
        return self.project.seeds

    def on_line(self, look: Callable[[dict[str, Any]], None]) -> None:
        """Call `look` with each line from now on, on the thread that logs it."""
        self._log.on_line = look

    def wait_for_event(self, event: str, count: int = 1, **fields: object) -> list[dict[str, Any]]:
        """The log lines of this name (globs are allowed) with these fields, as soon as there are `count`."""
        return wait_for(
            self._log.lines, lambda line: fnmatchcase(line["event"], event) and fields.items() <= line.items(), count
        )

    def wait_for_rows(self, count: int) -> None:
        """Until so many dumps are stored; many lines are counted at a time."""
        while len(self.lines("dump_stored")) < count:
            self._log.lines.wait_for(len(self._log.lines.so_far()) + 1, DEADLINE)

    def lines(self, event: str) -> list[dict[str, Any]]:
        """Those logged so far."""
        return [line for line in self._log.lines.so_far() if fnmatchcase(line["event"], event)]

    def flush(self) -> None:
        """Until a file dropped now is taken in: whatever came before it has been dealt with, if it was to be."""
        number = len(self.lines("dump_*"))
        name = f"zz{number}-{os.urandom(4).hex()}.txt"
        self.project.drop(name, f"-\nFlushed {name}\nBody of {name}. date2001-01-01")
        self.wait_for_event("dump_stored", name=name)

    def titles(self) -> list[str]:
        """Of the releases as they are now, but for those of `flush`, in the order of arrival."""
        sql = "SELECT title FROM release JOIN version ON version.id = head WHERE title NOT LIKE 'Flushed%' ORDER BY 1"
        return [title for (title,) in self.query(sql)]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return query(self.project, sql)


def query(project: Project, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(project.folder / "state" / "monitor.db")) as connection:
        return connection.execute(sql).fetchall()


@contextmanager
def running_ingest(
    folder: Path, *, config: str = CONFIG, timings: WatchTimings | None = None, liveness: Liveness | None = None
) -> Iterator[RunningIngest]:
    """Start it on a project, new or as it was left; it has ended when the block does."""
    project = Project(folder, config=config) if not folder.exists() else _known(folder)
    settings = load(folder / "config.yaml", environ=os.environ)
    liveness = liveness or Liveness()
    with open_runtime(settings, verb="run") as runtime:
        ingest_worker = IngestWorker(
            ingester=runtime.ingester,
            timings=timings or WatchTimings(settle=0.1, rescan=1.0),
            liveness=liveness,
            publisher=StatePublisher(liveness, partial(daemon_state.write_state, settings.state)),
        )
        with _running(picked := RunningIngest(project, runtime, ingest_worker)):
            yield picked


def _known(folder: Path) -> Project:
    project = Project.__new__(Project)
    project.folder, project.seeds = folder, folder / "seeds"
    return project


@contextmanager
def _running(picked: RunningIngest) -> Iterator[None]:
    logger, stop, schedule = logging.getLogger("monitor"), threading.Event(), Scheduler()
    logger.addHandler(picked._log)
    logger.setLevel(logging.INFO)
    picked.ingest_worker.start_watching()
    thread = threading.Thread(target=picked.ingest_worker.run, args=(stop,))
    thread.start()
    schedule.every(CHECK, picked.ingest_worker.request_check, name="check")
    schedule.start()
    try:
        yield
    finally:
        schedule.stop()
        stop.set()
        picked.ingest_worker.wake()
        thread.join(DEADLINE)
        picked.ingest_worker.stop_watching()
        logger.removeHandler(picked._log)
