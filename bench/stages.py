"""Measure where the time of a new release goes: each stage of its way, without what lies between them."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from bench.pipeline import dump_of, insert_raw
from bench.report import Figure
from bench.texts import dump, release
from monitor.collect.formats.dash.parser import PARSER_VERSION, DumpReader
from monitor.compare.classify import classify
from monitor.compare.form_cache import FormCache
from monitor.compare.identity import assign
from monitor.compare.near_duplicates import candidates
from monitor.compare.open_records import OpenRecords
from monitor.dump_age import Age, Evidence
from monitor.ingest_values import Batch, Mode
from monitor.match.matcher import Matcher, Watchlist
from monitor.model import Alert, Change, Dump, Record
from monitor.ports import Known
from monitor.store.sqlite.database import open_for_writing
from monitor.store.store import SqlStore

RECORDS = 1_000  # one part of a large dump
RUNS = 5
_Made = TypeVar("_Made")


class _Watch:
    """Keeps the best time of each stage."""

    def __init__(self) -> None:
        self.best: dict[str, float] = {}

    def time(self, stage: str, work: Callable[[], _Made]) -> _Made:
        start = time.perf_counter()
        made = work()
        self.best[stage] = min(self.best.get(stage, 1e9), time.perf_counter() - start)
        return made


def stages() -> Sequence[Figure]:
    """A dump of 1,000 new releases, stage by stage, per release; the best of five."""
    watch, text = _Watch(), dump([release(number) for number in range(RECORDS)])
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as folder:
            watch.time("floor", lambda at=Path(folder) / "floor.db": insert_raw(at, text))  # type: ignore[misc]
            _walk(watch, dump_of(text, name="new.txt"), Path(folder) / "state")
    floor = watch.best.pop("floor")
    return [
        Figure(
            what=f"a new release of 2 KB: {stage}",
            value=seconds / RECORDS * 1e6,
            unit="µs",
            floor="B: splitting and inserting it into one bare table",
            floor_value=floor / RECORDS * 1e6,
        )
        for stage, seconds in [*watch.best.items(), ("all stages", sum(watch.best.values()))]
    ]


def _walk(watch: _Watch, taken: Dump, state: Path) -> None:
    found = watch.time("hashed", lambda: list(DumpReader(taken).entries()))
    records = [entry for entry in found if isinstance(entry, Record)]
    watch.time("taken apart", lambda: [record.release for record in records])
    form_cache = FormCache(records, source=taken.source)
    forms = watch.time("its normal forms", lambda: {each.digest: form_cache.of_record(each.digest) for each in records})
    watch.time("its index entries", lambda: [form_cache.entries(digest) for digest in forms])
    sketches = watch.time("its sample of word sequences", lambda: {d: shape.sketch for d, shape in forms.items()})
    alike = watch.time("look-alikes by their samples", lambda: candidates(sketches, {}))
    known, at = Known(heads={}, by_key={}, next_number=1, alike=alike), datetime.now(UTC)
    age = Age(as_of=at, evidence=Evidence.ARRIVAL)
    compared = OpenRecords(records=records, seen_records={}, age=age, form_cache=form_cache)
    changes = watch.time("the verdict", lambda: classify(assign(compared, known), compared, known))
    watchlists = Matcher([Watchlist(name="fta", keywords=("FTA",))])
    alerts = watch.time("matched with one watchlist", lambda: watchlists.alerts(changes, source=taken.source))
    batch = _batch(taken, changes, alerts, at)
    with closing(open_for_writing(state)) as handle:
        watch.time("committed", lambda: SqlStore(handle).commit(batch, now=at))


def _batch(taken: Dump, changes: tuple[Change, ...], alerts: tuple[Alert, ...], at: datetime) -> Batch:
    return Batch(
        dump=taken,
        age=Age(as_of=at, evidence=Evidence.ARRIVAL),
        status="stored",
        as_seen={},
        changes=changes,
        rejects=(),
        alerts=alerts,
        notices=(),
        parser=PARSER_VERSION,
        mode=Mode.ONCE,
    )
