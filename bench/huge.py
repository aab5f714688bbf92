"""A dump far larger than memory should hold: how long it takes, what it costs in memory, who has to wait behind it."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

from bench.report import Figure, quantile, resident
from bench.taking import open_intake
from bench.texts import release
from monitor.daemon.ingester import Ingester
from monitor.ingest_values import Mode
from monitor.model import Kind

BYTES = int(os.environ.get("MONITOR_BENCH_HUGE", "1000000000"))
EVERY = 2.0  # seconds between two small drops behind the large one
TEXTS = 2_000  # different bodies; a number of its own makes each record another one


def huge() -> Sequence[Figure]:
    """One dump all new, with small drops behind it; then the same releases once more, unchanged."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "seeds" / "20300101.txt"
        path.parent.mkdir()
        records = _write(path)
        floor = _timed(lambda: _hash(path))
        with open_intake(folder) as ingester:
            commands = _Desk(ingester=ingester, folder=folder)
            new = commands.take(path)
            with path.open("ab") as file:
                file.write(b"\n")  # other bytes, the same releases
            again = commands.take(path.rename(path.with_name("20300102.txt")))
        assert (new.counts[Kind.NEW], again.counts[Kind.UNCHANGED]) == (records, records)
    return [*_figures("all new", new, records, floor), *_figures("unchanged", again, records, floor)]


@dataclass(slots=True)
class _Taken:
    """What one take-in came to."""

    seconds: float
    others: float  # of them for small drops
    growth: float
    waits: list[float]
    counts: dict[Kind, int]


@dataclass(slots=True)
class _Desk:
    """An intake, and somebody who drops small files while it is busy."""

    ingester: Ingester
    folder: Path
    waits: list[float] = field(default_factory=list)
    others: float = 0.0
    due: float = 0.0
    dropped: int = 0

    def take(self, path: Path) -> _Taken:
        self._take(self._small())  # what loads late is loaded now
        self.waits, self.others = [], 0.0
        before, start = resident(), time.perf_counter()
        self.due = start + EVERY
        with _highest() as peak:
            report = self._take(path, between=self._between)
        seconds = time.perf_counter() - start
        return _Taken(seconds=seconds, others=self.others, growth=peak[0] - before, waits=self.waits, counts=report)

    def _take(self, path: Path, *, between: Callable[[], None] = lambda: None) -> dict[Kind, int]:
        taken = self.ingester.ingest_file(os.fsencode(path), self.ingester.sources[0], mode=Mode.WATCH, between=between)
        assert taken.report is not None
        return taken.report.counts

    def _between(self) -> None:
        """A small drop came when it was due; it waited until now and is in when its own take-in ends."""
        start = time.perf_counter()
        if start < self.due:
            return
        self._take(self._small())
        end = time.perf_counter()
        self.waits.append(end - self.due)
        self.others += end - start
        self.due = end + EVERY

    def _small(self) -> Path:
        self.dropped += 1
        path = self.folder / "seeds" / f"20300101_{self.dropped}.txt"
        path.write_text(f"-\nSmall drop {self.dropped}\nA few words about item {self.dropped}. date2029-12-31", "utf-8")
        return path


@contextmanager
def _highest() -> Iterator[list[float]]:
    """The most memory held within the block, looked at every few milliseconds."""
    most, ended = [resident()], threading.Event()

    def look() -> None:
        while not ended.wait(0.005):
            most[0] = max(most[0], resident())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield most
    finally:
        ended.set()
        thread.join()


def _write(path: Path) -> int:
    texts = [release(number)[1] for number in range(TEXTS)]
    size = number = 0
    with path.open("w", encoding="utf-8") as file:
        while size < BYTES:
            title, day = f"Round {number} of talks, item {number * 7}", date(2000, 1, 1) + timedelta(days=number // 40)
            body = f"Item {number * 13} came first. {texts[number % TEXTS]}"
            size += file.write(f"-\n{title}\n{body} date{day}\n")
            number += 1
    return number


def _hash(path: Path) -> None:
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)


def _figures(what: str, taken: _Taken, records: int, floor: float) -> list[Figure]:
    size = f"a dump of {BYTES / 1e9:.2g} GB, {what}"
    seconds = taken.seconds - taken.others
    return [
        Figure(what=f"{size}: taken in", value=seconds, unit="s", floor="read + sha256", floor_value=floor),
        Figure(what=f"{size}: records", value=records / seconds, unit="/s"),
        Figure(what=f"{size}: growth of memory", value=taken.growth, unit="MB"),
        Figure(what=f"{size}: wait of a small drop behind it, p50", value=quantile(taken.waits, 0.5) * 1000, unit="ms"),
        Figure(what=f"{size}: wait of a small drop behind it, max", value=max(taken.waits) * 1000, unit="ms"),
    ]


def _timed(work: object) -> float:
    assert callable(work)
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
