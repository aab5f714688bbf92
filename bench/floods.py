"""What a record costs among many that resemble it: per record, few of them and four times as many."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from bench.pipeline import take_in
from bench.report import Figure
from bench.texts import WORDS, dump
from monitor.store.sqlite.database import open_for_writing
from monitor.store.store import SqlStore

FEW = 150
DAY = date(2024, 7, 1)
_OPENING = " ".join(WORDS[:40])

FLOODS: dict[str, Callable[[int], tuple[str, str]]] = {
    "one title and day": lambda n: ("Photo news", _text(n, 60)),
    "one opening": lambda n: (_text(n, 5), f"{_OPENING} {_text(n, 20)}"),
    "similar titles": lambda n: (f"Notice of the ministry, number {n}", _text(n, 40)),
    "tiny records of one day": lambda n: (f"n {n}", f"b {n}"),
}


def floods() -> Sequence[Figure]:
    """Take in a flood, then the same records edited; the ratio is what four times as many cost each record."""
    found = []
    for name, made in FLOODS.items():
        few, many = (_edited(made, count) / count * 1e3 for count in (FEW, 4 * FEW))
        what = f"take-in per edited record beside {4 * FEW}, {name}"
        found.append(Figure(what=what, value=many, unit="ms", floor=f"beside {FEW}", floor_value=few))
    return found


def _edited(made: Callable[[int], tuple[str, str]], count: int) -> float:
    records = [made(number) for number in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        handle = open_for_writing(Path(folder))
        store = SqlStore(handle)
        take_in(store, "known.txt", dump([(title, f"{body}.", DAY) for title, body in records]))
        seconds = take_in(store, "edited.txt", dump([(title, f"{body} added.", DAY) for title, body in records]))
        handle.close()
    return seconds


def _text(seed: int, words: int) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=words))  # noqa: S311 - reproducible, not secret
