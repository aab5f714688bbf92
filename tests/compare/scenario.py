"""Write releases as dumps, ingest them with the real pipeline, and read off what became of each.

A record is "-", a category line where the listing prints one, a title line, a body and " dateYYYY-MM-DD".
Each drop stands for a newer file: its usual name is a stamp, one day later for each drop. A row about lateness
gives its own names.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from hashlib import sha256
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from monitor.collect.charset import SAMPLE_SIZE, decode, detect_encoding
from monitor.collect.formats.dash.parser import parse
from monitor.collect.source import SourceOptions
from monitor.compare.identity import AS_SEEN
from monitor.errors import NotReadable
from monitor.ingest_values import Batch, IngestReport, Mode
from monitor.match.matcher import Matcher, Watchlist
from monitor.model import (
    Change,
    Dump,
    FileSignature,
    Kind,
    Notice,
    Record,
    Release,
    SeenRecord,
)
from monitor.pipeline import Routing, ingest
from monitor.store.sqlite.database import open_for_writing
from monitor.store.store import SqlStore
from tests.empty_store import put_empty_store

SOURCE = "motie"
CATEGORIES = ("Trade/Investment", "Industry", "FTA/Economic Cooperation", "Energy")
REAL_DUMPS = Path(__file__).parents[2] / os.environ.get("MONITOR_REAL_DUMPS", "../shared/seeds")
OPTIONS = SourceOptions(timezone=ZoneInfo("Asia/Seoul"), categories=CATEGORIES)
LISTED: dict[str, Any] = {"listings": {"press": ("press_*.txt",), "photo": ("photo_*.txt",)}}  # for SourceOptions
FIRST_DAY = date(2025, 6, 1)  # of the usual names; later than every record date
FIRST_ARRIVAL = datetime(2025, 7, 1, 12, tzinfo=UTC)  # later than every timestamp in a name

# Own records, for rows that need no real text.
TALKS = Release(
    title="Talks held on supply chains",
    body=(
        "The ministry held talks on July 1 with its partners and agreed on joint work in batteries and chips. "
        "Trade between both sides rose 5.1 percent to $5.3 billion in the first half of the year, officials said. "
        "The next round will take place in Seoul in autumn."
    ),
    date=date(2024, 7, 1),
)
VISIT = Release(
    title="Minister visits shipyard",
    body="The minister visited a shipyard in Ulsan and heard the concerns of 21 suppliers about steel prices.",
    date=date(2024, 6, 28),
)
TALKS_KO = Release(
    title="한-베트남 자유무역협정 회의 개최",
    body="산업통상자원부는 7월 1일 서울에서 회의를 열고 ‘공급망’ 협력을 논의하였다. 수출은 5.1% 증가한 570억 달러이다.",
    date=date(2024, 7, 1),
)
_LAST = Release(title="Office hours", body="The office is open from 9 to 18.", date=date(2023, 5, 1))


def dump(*releases: Release) -> str:
    """The text of a dump file that lists these releases, in this order."""
    return "\n".join(f"-\n{written(release)}" for release in releases)


def written(release: Release) -> str:
    """One record as a dump prints it, without its "-" line."""
    day = f" date{release.date}" if release.date else ""
    return "\n".join((*filter(None, [release.category]), release.title, release.body + day))


def swapped(release: Release, old: str, new: str) -> Release:
    """The release with one stretch of its body replaced; the stretch must stand there exactly once."""
    assert release.body.count(old) == 1, f"{old!r} stands {release.body.count(old)} times in {release.title!r}"
    return replace(release, body=release.body.replace(old, new))


def cut(release: Release, at: int) -> Release:
    """The release as a listing shows it that cuts its body near that many characters, inside or behind a word."""
    while not release.body[at - 1].isalnum():
        at -= 1
    return replace(release, body=release.body[:at])


def on(release: Release, day: str) -> Release:
    """The release under another publication day."""
    return replace(release, date=date.fromisoformat(day))


@cache
def real_dumps() -> Mapping[str, str]:
    """The real dumps' texts by file name; skips where they are absent, and fails there under CI."""
    found = {path.name: path.read_text("utf-8") for path in sorted(REAL_DUMPS.glob("*.txt"))}
    if found:
        return found
    told = f"no real dumps in {REAL_DUMPS}; name their folder in MONITOR_REAL_DUMPS"
    if os.environ.get("CI"):
        pytest.fail(told)
    pytest.skip(told, allow_module_level=True)


@cache
def real(place: str) -> Release:
    """The release at a place such as "003#2": second record of the dump whose name begins with 003."""
    name, _, number = place.partition("#")
    text = next(text for found, text in real_dumps().items() if found.startswith(name))
    return records(text)[int(number) - 1].release


def records(text: str) -> tuple[Record, ...]:
    """The records that the parser finds in a dump's text."""
    return parse(text, categories=CATEGORIES).records


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """One file dropped into the source's folder."""

    content: str | bytes
    name: str = ""  # "": a stamp, one day after the last drop
    mode: Mode = Mode.ONCE
    source: str = SOURCE


def named(name: str, *releases: Release, mode: Mode = Mode.ONCE) -> Drop:
    """A drop of these releases under a name of its own."""
    return Drop(content=dump(*releases), name=name, mode=mode)


class Lab:
    """A store in a folder and a pipeline that writes into it; close it, or use it in a `with`."""

    def __init__(
        self, folder: Path, *, options: SourceOptions = OPTIONS, watchlists: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        put_empty_store(folder)
        self._handle = open_for_writing(folder)
        self._store = _Recorder(self._handle)
        self._folder = folder
        self._options = options
        self._days = count()
        self._shown: Dump | None = None  # by the last drop
        words = watchlists or {}
        self._routing = Routing(
            matcher=Matcher([Watchlist(name=name, keywords=tuple(each)) for name, each in words.items()]),
            routes=dict.fromkeys(words, ("console",)),
        )
        self.reports: list[IngestReport] = []

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database file."""
        self._handle.close()

    def drop(self, what: str | bytes | Drop, name: str = "") -> Lab:
        """Ingest one file."""
        dropped = what if isinstance(what, Drop) else Drop(content=what, name=name)
        passed = timedelta(days=next(self._days))
        day, now = FIRST_DAY + passed, FIRST_ARRIVAL + passed
        content = dropped.content.encode() if isinstance(dropped.content, str) else dropped.content
        self._store.batch = None
        read = _dump(content, dropped.name or f"{day}.txt", source=dropped.source, folder=self._folder, now=now)
        self._shown = read
        self.reports.append(
            ingest(
                read,
                options=self._options,
                routing=self._routing,
                store=self._store,
                now=now,
                mode=dropped.mode,
            )
        )
        return self

    @property
    def report(self) -> IngestReport:
        """Of the last drop."""
        return self.reports[-1]

    @property
    def changes(self) -> tuple[Change, ...]:
        """Of the last drop: one for each record in the file's order, then those that no record caused."""
        found = self._store.batch.changes + self._as_seen() if self._store.batch else ()
        return tuple(sorted(found, key=lambda c: (c.record is None, c.record.line if c.record else c.number)))

    def _as_seen(self) -> tuple[Change, ...]:
        """Return the unchanged records of the last drop as changes."""
        assert self._store.batch
        assert self._shown
        text, left = "".join(self._shown.text_chunks()), dict(self._store.batch.as_seen)
        found = parse(text, categories=self._options.categories, drop=self._options.drop).records
        changes = []
        for record in sorted(found, key=lambda one: one.digest):
            seen = self._store.seen.get(record.digest)
            if seen and left.get(seen.number) == seen.version:
                changes.append(_unchanged(record, seen.number, left.pop(seen.number)))
        assert not left
        return tuple(changes)

    @property
    def change(self) -> Change:
        """The only change of the last drop that is not `unchanged`."""
        (only,) = (change for change in self.changes if change.kind is not Kind.UNCHANGED)
        return only

    @property
    def notices(self) -> tuple[Notice, ...]:
        """The notices of the last drop, on any channel."""
        return self._store.batch.notices if self._store.batch else ()

    def kinds(self) -> str:
        """What became of the last drop: a kind for each record in order, then `withdrawn`, then `rejected`.

        For a file that is known or empty, return its status.
        """
        batch = self._store.batch
        if batch is None or batch.status == "empty":
            return self.report.status
        return " ".join([str(change.kind) for change in self.changes] + ["rejected"] * len(batch.rejects))

    def alerted(self) -> dict[str, list[str]]:
        """Return the alerted titles of the last drop by watchlist."""
        found: dict[str, list[str]] = {}
        for alert in self._store.batch.alerts if self._store.batch else ():
            for watchlist in alert.notified:
                found.setdefault(watchlist, []).append(alert.change.after.title)
        return found

    def watchlists(self) -> tuple[str, ...]:
        """The watchlists that the event of the last drop's only alert names."""
        assert self._store.batch
        [alert] = self._store.batch.alerts
        return alert.watchlists

    def heads(self) -> list[Release]:
        """What the store knows each release to say, by number."""
        free = self._store.snapshot(()).next_number
        return [known.release for _, known in sorted(self._store.snapshot((), range(1, free)).heads.items())]


@contextmanager
def open_lab() -> Iterator[Lab]:
    """Open a lab of its own: for hypothesis, whose examples would share a fixture."""
    with TemporaryDirectory() as folder, Lab(Path(folder)) as lab:
        yield lab


def matched_numbers(knowns: Sequence[Release], *shown: Release) -> list[int | None]:
    """For each release shown in one dump the number of the known one it is taken for; None: it is new.

    The known ones were shown in one dump and are numbered from 1. A last record that never changes ends both dumps,
    so that an undated one does not look unfinished.
    """
    with open_lab() as lab:
        lab.drop(dump(*knowns, _LAST)).drop(dump(*shown, _LAST))
        *changes, last = lab.changes
        assert last.number == len(knowns) + 1
        return [None if change.kind is Kind.NEW else change.number for change in changes]


def _dump(content: bytes, name: str, *, source: str, folder: Path, now: datetime) -> Dump:
    text, encoding, fault = "", "", ""
    try:
        text, encoding = decode(content), detect_encoding(content[:SAMPLE_SIZE]).name
    except NotReadable as error:
        fault = error.message
    stamp = int(now.timestamp()) * 10**9
    return Dump(
        source=source,
        name=name,
        path=os.fsencode(folder / name),
        signature=FileSignature(device=1, inode=1, size=len(content), mtime_ns=stamp, ctime_ns=stamp),
        sha256=sha256(content).digest(),
        text_chunks=lambda: iter((text,)),
        encoding=encoding,
        fault=fault,
    )


def _unchanged(record: Record, number: int, version: int) -> Change:
    return Change(
        kind=Kind.UNCHANGED,
        number=number,
        version=version,
        base=version,
        after=record.release,
        before=record.release,
        reason=AS_SEEN,
        record=record,
    )


class _Recorder(SqlStore):
    """The real store, which remembers the batch it stored last and what it was decided on."""

    batch: Batch | None = None  # None: the last drop stored none
    seen: Mapping[bytes, SeenRecord] = MappingProxyType({})

    def seen_records(self, source: str, digests: Collection[bytes]) -> Mapping[bytes, SeenRecord]:
        """See Store."""
        self.seen = super().seen_records(source, digests)
        return self.seen

    def commit(self, batch: Batch, *, now: datetime) -> IngestReport:
        """See Store."""
        report = super().commit(batch, now=now)
        self.batch = batch
        return report
