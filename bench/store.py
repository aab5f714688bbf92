"""What the store costs: a take-in against its floors, and how that grows with what is stored."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from hashlib import sha256
from pathlib import Path

from bench.pipeline import insert_raw
from bench.report import Figure
from bench.taking import open_intake, take
from bench.texts import KOREAN_WORDS, LENGTH, WORDS, dump, release
from monitor.daemon.ingester import Ingester

RECORDS = 5_000  # about 10 MB
STORED = int(os.environ.get("MONITOR_BENCH_STORED", "200000"))  # releases that the growth is measured up to
STEP = 5_000
SAMPLE = 1_000  # releases of a dump whose cost is compared at each size
RUNS = 3
_CONFIG = """\
sources: {press: {path: seeds/}}
channels: {console: {url: "console://"}}
watchlists: {fta: {keywords: [FTA]}}
"""
SHORT = 62  # words: 430 characters
DUMPS = 2_000
SAMPLES = 9  # dumps of each kind at each size; the pages they need come from the disk, or do not


def take_in_floors() -> Sequence[Figure]:
    """5,000 releases from a file: all new, all unchanged in another file, the very same file; the best of three."""
    known = [release(number) for number in range(RECORDS)]
    best: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        new, again = Path(folder) / "new.txt", Path(folder) / "again.txt"
        new.write_text(dump(known), "utf-8")
        again.write_text(dump(known[::-1]), "utf-8")
        for run in range(RUNS):
            with open_intake(Path(folder) / str(run)) as ingester:
                times = {
                    "A": _timed(lambda: _read_and_hash(new)),
                    "B": _timed(lambda run=run: _insert(Path(folder) / f"floor{run}.db", new)),  # type: ignore[misc]
                    "all new": _timed(lambda: take(ingester, new)),
                    "all unchanged": _timed(lambda: take(ingester, again)),
                    "the same bytes": _timed(lambda: take(ingester, new)),
                }
            best = {name: min(value, best.get(name, value)) for name, value in times.items()}
    floors = {"A": "reading and hashing the file", "B": "the same, split into one bare table"}
    return [
        Figure(
            what=f"a file of {RECORDS:,} releases, {name}",
            value=best[name] * 1000,
            unit="ms",
            floor=f"{floor}: {floors[floor]}",
            floor_value=best[floor] * 1000,
        )
        for name, floor in (("all new", "B"), ("all unchanged", "A"), ("the same bytes", "A"))
    ]


def store_growth() -> Sequence[Figure]:
    """Per release of a 1,000-release dump, new and unchanged, in a young store and beside MONITOR_BENCH_STORED."""
    with tempfile.TemporaryDirectory() as folder, open_intake(Path(folder)) as ingester:
        _fill(ingester, Path(folder), 0, STEP)
        young, stored = _sample(ingester, Path(folder), STEP)
        _fill(ingester, Path(folder), stored, STORED)
        old, _ = _sample(ingester, Path(folder), max(stored, STORED))
    return [
        Figure(
            what=f"take-in per {what} release with {STORED:,} stored",
            value=old[what] / SAMPLE * 1e6,
            unit="µs",
            floor=f"with {STEP:,} stored",
            floor_value=young[what] / SAMPLE * 1e6,
        )
        for what in ("new", "unchanged")
    ]


def store_size() -> Sequence[Figure]:
    """Bytes of the state folder, the search index included: by byte of the dumps that it holds, and by dump."""
    kinds = (("2 KB", WORDS, LENGTH), ("430 characters", WORDS, SHORT), ("200 Korean words", KOREAN_WORDS, 200))
    return [*(_by_byte(what, words, length) for what, words, length in kinds), *_by_dump()]


def _by_byte(what: str, words: Sequence[str], length: int) -> Figure:
    part = RECORDS // 10
    dumps = [
        dump([release(number, words=words, length=length) for number in range(start, start + part)]).encode()
        for start in range(0, RECORDS, part)
    ]
    value = _stored(dumps) / sum(map(len, dumps))
    return Figure(what=f"stored per byte of text, new releases of {what}", value=value, unit="bytes")


def _by_dump() -> Sequence[Figure]:
    first = dump([release(0, length=SHORT)])
    kinds = {
        "without news": [(first + "\n" * place).encode() for place in range(DUMPS)],
        "with one new release of 430 characters": [
            dump([release(place, length=SHORT)]).encode() for place in range(DUMPS)
        ],
    }
    empty = _stored([])
    return [
        Figure(what=f"stored per dump {what}", value=(_stored(dumps) - empty) / DUMPS / 1000, unit="kB")
        for what, dumps in kinds.items()
    ]


def _stored(dumps: Sequence[bytes]) -> int:
    """Ingest these dumps with the real program, and return the size of its state folder."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "seeds").mkdir()
        (project / "config.yaml").write_text(_CONFIG, "utf-8")
        for place, content in enumerate(dumps):
            (project / "seeds" / f"{place:05}.txt").write_bytes(content)
        subprocess.run([sys.executable, "-m", "monitor", "run", "--once"], cwd=project, env=_environ(), check=True)
        return sum(path.stat().st_size for path in (project / "state").iterdir())


def _environ() -> Mapping[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}


def _fill(ingester: Ingester, folder: Path, start: int, end: int) -> None:
    for first in range(start, end, STEP):
        _take(ingester, folder, [release(number) for number in range(first, min(end, first + STEP))])


def _sample(ingester: Ingester, folder: Path, start: int) -> tuple[dict[str, float], int]:
    """The best dump of each kind, and how many releases are stored after them."""
    new, again = [], []
    for run in range(SAMPLES):
        first = start + run * SAMPLE
        fresh = [release(number) for number in range(first, first + SAMPLE)]
        new.append(_take(ingester, folder, fresh))
        again.append(_take(ingester, folder, fresh[::-1]))
    return {"new": min(new), "unchanged": min(again)}, start + SAMPLES * SAMPLE


def _take(ingester: Ingester, folder: Path, releases: Sequence[tuple[str, str, date]]) -> float:
    path = folder / "dump.txt"
    path.write_text(dump(releases), "utf-8")
    return _timed(lambda: take(ingester, path))


def _read_and_hash(path: Path) -> None:
    sha256(path.read_bytes()).digest()


def _insert(database: Path, path: Path) -> None:
    insert_raw(database, path.read_text("utf-8"))


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
