"""What it costs to decide: per release and kind, as the store grows, and for a very long body."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from bench.pipeline import insert_raw, take_in
from bench.report import Figure
from bench.texts import dump, release
from monitor.compare.diff import redline
from monitor.store.sqlite.database import open_for_writing
from monitor.store.store import SqlStore
from monitor.text import fold, soft

RECORDS = 500
STORED = (1_000, 10_000, 100_000)
STEP = 5_000


def cost_by_kind() -> Sequence[Figure]:
    """Take in 500 new releases, then the same ones unchanged, cosmetically edited, and with one figure changed."""
    known = [release(number) for number in range(RECORDS)]
    drops = {
        "all new": known,
        "all unchanged": known[::-1],
        "all cosmetic": [(title, body.replace(". ", " .  "), day) for title, body, day in known],
        "one figure changed": [(title, f"{body[:-9]} 12345.6 done.", day) for title, body, day in known],
    }
    with tempfile.TemporaryDirectory() as folder:
        handle = open_for_writing(Path(folder))
        store = SqlStore(handle)
        times = {name: take_in(store, f"{name}.txt", dump(releases)) for name, releases in drops.items()}
        handle.close()
        floor = _timed(lambda: insert_raw(Path(folder) / "floor.db", dump(known)))
    return [
        Figure(
            what=f"take-in per release of 2 KB, {name}",
            value=seconds / RECORDS * 1e6,
            unit="µs",
            floor="splitting and inserting the bytes into one table",
            floor_value=floor / RECORDS * 1e6,
        )
        for name, seconds in times.items()
    ]


def growth() -> Sequence[Figure]:
    """The same 100-release dumps against a store that holds 1,000, 10,000, 100,000 releases."""
    found: dict[int, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        handle = open_for_writing(Path(folder))
        store = SqlStore(handle)
        stored = 0
        for size in STORED:
            while stored < size:
                step = min(STEP, size - stored)
                take_in(store, f"{stored}.txt", dump([release(n) for n in range(stored, stored + step)]))
                stored += step
            new = [release(n) for n in range(stored, stored + 100)]
            stored += 100
            found[size] = (
                take_in(store, f"new-{size}.txt", dump(new)),
                take_in(store, f"again-{size}.txt", dump(new[::-1])),
            )
        handle.close()
    first = found[STORED[0]]
    return [
        Figure(
            what=f"take-in per {what} release with {size:,} stored",
            value=found[size][column] / 100 * 1e6,
            unit="µs",
            floor=f"with {STORED[0]:,} stored",
            floor_value=first[column] / 100 * 1e6,
        )
        for column, what in enumerate(("new", "unchanged"))
        for size in STORED[1:]
    ]


def long_body() -> Sequence[Figure]:
    """A 300 kB body with a figure changed in every tenth sentence."""
    sentences = [f"{release(number)[1]}" for number in range(140)]
    old = " ".join(sentences)[:300_000]
    new = " ".join(text.replace(" 1", " 2") if number % 10 == 0 else text for number, text in enumerate(sentences))
    return [
        Figure(
            what="comparing a 300 kB body, edited throughout, sentence by sentence",
            value=_timed(lambda: redline("body", old, new[:300_000])) * 1000,
            unit="ms",
            floor="bringing it to its soft form",
            floor_value=_timed(lambda: soft(old)) * 1000,
        )
    ]


def normal_forms() -> Sequence[Figure]:
    """fold and soft on a 2 KB body with curly quotes."""
    body = release(1)[1].replace("Ministry", "“Ministry’s”") + " “Done,” he said — at last."
    floor = _timed(partial(_many, str.encode, body))
    return [
        Figure(
            what=f"{name} of a 2 KB body with curly quotes",
            value=_timed(partial(_many, form, body)) / 2000 * 1e6,
            unit="µs",
            floor="encoding it as UTF-8",
            floor_value=floor / 2000 * 1e6,
        )
        for name, form in (("fold", fold), ("soft", soft))
    ]


def _many(form: Callable[[str], object], body: str) -> None:
    for _ in range(2000):
        form(body)


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
