"""What the rule tester costs over a large store: its answers, what is kept, and what it does to an alert meanwhile."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count, product
from pathlib import Path

from bench.pipeline import drop
from bench.report import Figure, quantile, resident
from bench.taking import open_intake, take
from bench.texts import dump, release
from monitor.inspect.rule_scans import FIRST_SLICE, KEPT, NEXT_SLICE, RuleReport, RuleScans
from monitor.inspect.tested_rule import read_rule
from monitor.match.watchlist import Watchlist
from monitor.records import Archive
from monitor.store.open import Access, open_stores
from monitor.store_location import StoreLocation
from monitor.text import plural
from monitor.web.rules import SCANS
from tests.end_to_end.harness import Project
from tests.servers import http_server
from tests.web.processes import PageProcess, page_process

STORED = int(os.environ.get("MONITOR_BENCH_RULES", "100000"))  # releases
STEP = 5_000  # releases of a dump
DROPS, TURNS = 20, 5  # with a scan and without one, in turns: the load of the machine is the same for both
IN_FORCE = Watchlist(name="chips", keywords=("chips", "exports"))
RULES: Mapping[str, str] = {
    "a rare word": '"round 17"',
    "a dense query": "trade NEAR/12 (export OR energy) AND chipment NOT quotaless",
}


def scans() -> Sequence[Figure]:
    """Carry scans of all releases through, slice by slice, and ask a finished one again."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), STORED)
        with open_stores(StoreLocation(folder=Path(folder) / "state"), Access.READ) as stores:
            reading = _timed(lambda: _read_all(stores.archive))
            for name, query in RULES.items():
                figures += _figures(name, query, stores.archive, reading)
            figures.append(_kept(stores.archive))
    return figures


def drop_during_scans() -> Sequence[Figure]:
    """Drop files while scans go on in the page's process, one or two at once, and while none does."""
    with http_server() as server, tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder) / "p", url=f"json://127.0.0.1:{server.port}")
        fill(project.folder, STORED // 5)
        page = page_process(project.folder / "config.yaml", "--listen", "127.0.0.1:0")
        with project.daemon() as daemon, page as process:
            numbers, times = count(), {scans: list[float]() for scans in (0, 1, SCANS)}
            drop(project, server, next(numbers))  # loads the delivery library
            for _, (at_once, taken) in product(range(TURNS), times.items()):
                with _scanning(process, at_once):
                    taken += [drop(project, server, next(numbers)) for _ in range(DROPS)]
            daemon.stop()
    return [
        _figure(
            f"close of a dropped file → webhook during {plural(at_once, 'scan')}, {name} of {DROPS * TURNS}",
            quantile(times[at_once], share),
            "without a scan",
            quantile(times[0], share),
        )
        for at_once, (name, share) in product((1, SCANS), (("p50", 0.5), ("p90", 0.9)))
    ]


@contextmanager
def _scanning(page: PageProcess, at_once: int) -> Iterator[None]:
    """Ask for results without a pause, as so many pages do, until the block ends; a finished scan begins another."""
    ended, words = threading.Event(), count()

    def ask() -> None:
        query = f"trade+AND+word{next(words)}"
        while not ended.is_set():
            _, text = page.get(f"/rules?q={query}&part=result")
            query = query if "data-unfinished" in text else f"trade+AND+word{next(words)}"

    threads = [threading.Thread(target=ask) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def fill(folder: Path, releases: int) -> None:
    """Make a store of so many releases."""
    with open_intake(folder) as ingester:
        for first in range(0, releases, STEP):
            file = folder / f"{first}.txt"
            file.write_text(dump([release(number) for number in range(first, min(first + STEP, releases))]), "utf-8")
            take(ingester, file)
            file.unlink()


def _figures(name: str, query: str, archive: Archive, reading: float) -> Sequence[Figure]:
    scans, rule = RuleScans(), read_rule(query, compared=IN_FORCE)
    slices: list[float] = []
    report: RuleReport | None = None
    while report is None or not report.is_finished:
        start = time.perf_counter()
        report = scans.advance(rule, archive)
        slices.append(time.perf_counter() - start)
    again = _timed(lambda: scans.advance(rule, archive))
    of = f"{name} in {report.read:,} releases ({report.counts.matched:,} match)"
    return [
        _figure(f"first answer, {of}", slices[0], "its slice of reading", FIRST_SLICE),
        _figure(f"further answers, {of}, p90 of {len(slices) - 1}", quantile(slices[1:], 0.9), "slice", NEXT_SLICE),
        _figure(f"the whole scan, {of}", report.seconds, "reading the releases alone", reading),
        _figure(f"a finished scan again, {of}", again, "its slice of reading", FIRST_SLICE),
    ]


def _kept(archive: Archive) -> Figure:
    """Memory of the scans that are kept, each of a dense rule."""
    scans, before = RuleScans(clock=lambda: 0.0), resident()
    for number in range(KEPT):
        scans.advance(read_rule(f"(trade OR export) AND steel OR word{number}", compared=IN_FORCE), archive)
    return Figure(what=f"memory of {KEPT} finished scans of {STORED:,} releases", value=resident() - before, unit="MB")


def _read_all(archive: Archive) -> None:
    before = None
    while page := archive.heads_before(before):
        before = page[-1].number


def _figure(what: str, seconds: float, floor: str, floor_seconds: float) -> Figure:
    return Figure(what=what, value=seconds * 1e3, unit="ms", floor=floor, floor_value=floor_seconds * 1e3)


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
