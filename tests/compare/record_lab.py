"""Ingest records as a format with ids reads them, with the real pipeline, and read off what became of each.

Each drop stands for a newer file; its records come in the file's order.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from monitor.collect.formats.base import Entry, without_repeats
from monitor.ingest_values import Batch, IngestReport, Mode
from monitor.match.matcher import Matcher, Watchlist
from monitor.model import (
    Change,
    Dump,
    FileSignature,
    Kind,
    Record,
    Release,
)
from monitor.pipeline import Routing, ingest
from monitor.ports import Store
from monitor.store.sqlite.archive import SqliteArchive
from monitor.store.sqlite.database import open_for_writing
from monitor.store.sqlite.handle import Handle
from monitor.store.store import SqlStore
from tests.compare.scenario import FIRST_ARRIVAL, OPTIONS, SOURCE, TALKS

MAPPING, OTHER_MAPPING, THIRD_MAPPING = "json:1111", "json:2222", "json:3333"


def shown(ref: str | None = None, of: Release = TALKS, **changed: Any) -> Release:
    """A release under this id, with some of its fields changed."""
    return replace(of, **{"reading": MAPPING, "ref": ref, **changed})


def record_of(release: Release, line: int = 1) -> Record:
    """The record that shows a release: its digest is of what the mapping reads, without the link."""
    raw = (release.reading, release.ref, release.title, release.body, str(release.date), release.category)
    digest = sha256("\x00".join(map(str, raw)).encode()).digest()
    return Record(
        digest=digest, day=release.date, line=line, offset=line, ref=release.ref, read=lambda: replace(release)
    )


def ingest_records(
    store: Store,
    *releases: Release,
    routing: Routing,
    now: datetime,
    name: str = "",
    mode: Mode = Mode.ONCE,
    part_size: int | None = None,
    is_held: bool | None = None,
    content: bytes = b"",
    source: str = SOURCE,
) -> IngestReport:
    """Ingest one file; part_size: records of each part, for a large dump; content: its bytes, where they matter.

    is_held: None: as long as it is not large.
    """
    is_held = part_size is None if is_held is None else is_held
    entries = tuple(record_of(release, line) for line, release in enumerate(releases, start=1))
    content = content or b"".join(entry.digest + str(entry.line).encode() for entry in entries)
    stamp, name = int(now.timestamp()) * 10**9, name or f"dump at {now.timestamp()}.json"
    dump = Dump(
        source=source,
        name=name,
        path=os.fsencode(f"/drops/{name}"),
        signature=FileSignature(device=1, inode=1, size=len(content), mtime_ns=stamp, ctime_ns=stamp),
        sha256=sha256(content).digest(),
        text_chunks=lambda: iter(()),
        encoding="utf-8",
        max_records=None if part_size is None else lambda: part_size or 0,
        is_held=is_held,
    )
    read = _Records(entries, is_kept=is_held)
    return ingest(
        dump, options=OPTIONS, routing=routing, store=store, now=now, mode=mode, read=lambda _dump, _options: read
    )


class RecordLab:
    """A store in a folder and a pipeline that writes into it; close it, or use it in a `with`."""

    def __init__(self, folder: Path, *, words: Sequence[str] = ()) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.handle: Handle = open_for_writing(folder)
        self.store = _Recorder(self.handle)
        self.archive = SqliteArchive(self.handle)
        self._days = count()
        self._routing = Routing(
            matcher=Matcher([Watchlist(name=word, keywords=(word,)) for word in words]),
            routes=dict.fromkeys(words, ("console",)),
        )
        self.report: IngestReport

    def __enter__(self) -> RecordLab:
        return self

    def __exit__(self, *_: object) -> None:
        self.handle.close()

    def drop(self, *releases: Release, **how: Any) -> RecordLab:
        """Ingest one file; how: as `ingest_records` has it."""
        now = FIRST_ARRIVAL + timedelta(days=next(self._days))
        self.store.batches = []
        self.report = ingest_records(self.store, *releases, **{"routing": self._routing, "now": now, **how})
        return self

    @property
    def changes(self) -> tuple[Change, ...]:
        """What the last drop changed, in the order of its records."""
        found = [change for batch in self.store.batches for change in batch.changes]
        return tuple(sorted(found, key=lambda c: c.record.line if c.record else 0))

    @property
    def change(self) -> Change:
        """The only change of the last drop."""
        (only,) = self.changes
        return only

    def kinds(self) -> str:
        """What the report of the last drop counts: `2 new, 1 changed`."""
        return ", ".join(f"{self.report.counts[kind]} {kind}" for kind in Kind if self.report.counts.get(kind))

    def alerted(self) -> dict[str, list[str]]:
        """The alerted titles of the last drop by watchlist."""
        found: dict[str, list[str]] = {}
        for batch in self.store.batches:
            for alert in batch.alerts:
                for watchlist in alert.notified:
                    found.setdefault(watchlist, []).append(alert.change.after.title)
        return found

    def heads(self) -> list[Release]:
        """What the store knows each release to say, by number."""
        free = self.store.snapshot(()).next_number
        return [known.release for _, known in sorted(self.store.snapshot((), range(1, free)).heads.items())]


@contextmanager
def open_record_lab() -> Iterator[RecordLab]:
    """Open a lab of its own: for hypothesis, whose examples would share a fixture."""
    with TemporaryDirectory() as folder, RecordLab(Path(folder)) as lab:
        yield lab


class _Records:
    """A dump whose records are known."""

    def __init__(self, entries: tuple[Entry, ...], *, is_kept: bool) -> None:
        self.kept = without_repeats(iter(entries)) if is_kept else None
        self._entries = entries if self.kept is None else self.kept

    def entries(self) -> Iterator[Entry]:
        return iter(self._entries)


class _Recorder(SqlStore):
    """The real store, which remembers the batches of the last drop."""

    def __init__(self, handle: Handle) -> None:
        super().__init__(handle)
        self.batches: list[Batch] = []

    def commit(self, batch: Batch, *, now: datetime) -> IngestReport:
        """See Store."""
        report = super().commit(batch, now=now)
        self.batches.append(batch)
        return report
