"""Picking up files: from the close to the commit, a burst that drowns the kernel's queue, healing, and idling."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

from bench.report import Figure, quantile
from monitor.health import daemon_state
from tests.end_to_end.harness import Daemon, Project, record
from tests.end_to_end.ingesting import CONFIG, query
from tests.servers import http_server

DROPS, BURST, HEALS = 300, 50_000, 10
QUEUE = 100  # events that the kernel holds for a daemon: so few that it loses some
START = 5.0  # seconds after which a daemon has nothing more to load, or a message is recorded
IDLE = 30.0  # seconds; the kernel counts in hundredths
HOOK = CONFIG.replace("console://", "%s").replace("notify: []", "notify: [desk]")
_WRITE = "import sys\nfor n in range(int(sys.argv[1])): open(f'{n}.txt', 'w').write(sys.argv[2])"


def notice(number: int) -> str:
    """A record that is like no other: each has a day of its own."""
    day = date(1900, 1, 1) + timedelta(days=number)
    return record(f"Notice {number}", f"Office {number * 13} wrote item {number * 7}.", str(day))


def close_to_commit() -> Sequence[Figure]:
    """Close a file in the folder of a running daemon; stop the clock when the daemon says that it is durable."""
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder) / "p", config=CONFIG)
        with project.daemon() as daemon:
            times = [_drop(project, daemon, number) for number in range(DROPS)][20:]  # the first ones load libraries
            daemon.stop()
        floor = list(_floor(Path(folder)))
    return [
        Figure(
            what=f"close of a dropped file → durable, {name} of {len(times)}",
            value=quantile(times, share) * 1000,
            unit="ms",
            floor="read, hash, insert and commit",
            floor_value=quantile(floor, share) * 1000,
        )
        for name, share in (("p50", 0.5), ("p99", 0.99))
    ]


def _drop(project: Project, daemon: Daemon, number: int) -> float:
    with (project.seeds / f"{number}.txt").open("w", encoding="utf-8") as file:
        file.write(notice(number))
    start = time.perf_counter()
    daemon.wait_for_event("dump_stored", number + 1)
    return time.perf_counter() - start


def _floor(folder: Path) -> Iterator[float]:
    with closing(sqlite3.connect(folder / "floor.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE file (path BLOB PRIMARY KEY, sha BLOB, text TEXT)")
        for number in range(DROPS):
            path = folder / f"{number}.txt"
            path.write_text(notice(number), "utf-8")
            start = time.perf_counter()
            content = path.read_bytes()
            row = (bytes(path), sha256(content).digest(), content.decode())
            connection.execute("INSERT INTO file VALUES (?, ?, ?)", row)
            yield time.perf_counter() - start


def burst() -> Sequence[Figure]:
    """Drop 50,000 files at once into a queue that is much too short for them; stop the clock at the last ledger row."""
    figures = []
    for what, text in (("one content", notice(1)), ("each its own release", "")):
        seconds, overflows = _burst(text)
        figures.append(Figure(what=f"burst of {BURST:,} files, {what}: last write → last row", value=seconds, unit="s"))
        figures.append(Figure(what=f"  overflows of the kernel's queue in it ({what})", value=overflows, unit="times"))
    return figures


def _burst(text: str) -> tuple[float, int]:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        project = Project(Path(folder) / "p", config=CONFIG)
        with _short_queue(QUEUE):
            daemon = stack.enter_context(project.daemon())
        if text:
            subprocess.run([sys.executable, "-c", _WRITE, str(BURST), text], cwd=project.seeds, check=True)
        else:
            for number in range(BURST):
                (project.seeds / f"{number}.txt").write_text(notice(number), "utf-8")
        start = time.perf_counter()
        while query(project, "SELECT count(*) FROM file")[0][0] < BURST:
            time.sleep(0.05)
        seconds = time.perf_counter() - start
        overflows = int(daemon_state.read_state(project.folder / "state")["overflows"])
        daemon.stop()
        return seconds, overflows


@contextmanager
def _short_queue(events: int) -> Iterator[None]:
    """Only root may; without it the queue is as long as it is."""
    limit = Path("/proc/sys/fs/inotify/max_queued_events")
    before = limit.read_text("ascii")
    may = os.access(limit, os.W_OK)
    if may:
        limit.write_text(str(events), "ascii")
    try:
        yield
    finally:
        if may:
            limit.write_text(before, "ascii")


def heal() -> Sequence[Figure]:
    """Delete the folder, make it anew, drop a file: how long until that is taken in."""
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder) / "p", config=CONFIG)
        with project.daemon() as daemon:
            _drop(project, daemon, 0)
            times = []
            for number in range(1, HEALS + 1):
                shutil.rmtree(project.seeds)
                project.seeds.mkdir()
                times.append(_drop(project, daemon, number))
            daemon.stop()
    return [Figure(what=f"folder deleted and made anew → healed, worst of {HEALS}", value=max(times), unit="s")]


def idle() -> Sequence[Figure]:
    """What a daemon with nothing to do costs, before and after a real channel has delivered."""
    with http_server() as server, tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder) / "p", config=HOOK % f"json://127.0.0.1:{server.port}")
        # A process of its own: the daemons of the tests are forked from one that has loaded every module.
        command = [sys.executable, "-m", "monitor", "run", "--log-format", "json"]
        with subprocess.Popen(
            command, cwd=project.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as daemon:
            time.sleep(START)
            before, load = _resident(daemon.pid), _load(daemon.pid)
            project.drop("a.txt", record("FTA talks held", "They met in Seoul."))
            server.wait_for(1)
            time.sleep(START)
            after, later = _resident(daemon.pid), _load(daemon.pid)
            daemon.terminate()
    return [
        Figure(what="memory of a daemon before it has delivered", value=before, unit="MB"),
        Figure(what="memory of a daemon after it has delivered", value=after, unit="MB"),
        Figure(what="processor share of an idle daemon, before", value=load * 100, unit="%"),
        Figure(what="processor share of an idle daemon, after", value=later * 100, unit="%"),
    ]


def _load(pid: int) -> float:
    before = _processor(pid)
    time.sleep(IDLE)
    return (_processor(pid) - before) / IDLE


def _processor(pid: int) -> float:
    """Seconds of processor time so far, of all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
