"""Which dumps showed a release: said exactly, and found at the same cost however much else is stored."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from monitor.dump_age import Age, Evidence
from monitor.ingest_values import Batch, Mode
from monitor.store.sqlite.archive import SqliteArchive
from monitor.store.sqlite.handle import Handle
from monitor.store.store import SqlStore
from monitor.testing import NOON, dump_of
from tests.contract.takes import record, take_in
from tests.store.sqlite.counting import steps

MANY = 40


@pytest.fixture
def archive(handle: Handle) -> SqliteArchive:
    return SqliteArchive(handle)


def show(handle: Handle, number: int, releases: Collection[int], *, row: int | None = None) -> int:
    """Store a dump, or the next part of one, that shows releases as they were before."""
    batch = Batch(
        dump=dump_of(f"dump {number}", name=f"{number}.txt"),
        age=Age(as_of=NOON, evidence=Evidence.ARRIVAL),
        status="stored",
        as_seen=dict.fromkeys(releases, 1),
        changes=(),
        rejects=(),
        alerts=(),
        notices=(),
        parser=1,
        mode=Mode.WATCH,
        row=row,
    )
    return SqlStore(handle).commit(batch, now=NOON).dump


def names(archive: SqliteArchive, release: int) -> list[str]:
    """Return the dumps that showed a release, read page by page from both ends."""
    found, after = list[int](), 0
    while page := archive.shown_by(release, after=after, limit=3):
        found += [one.id for one in page]
        after = found[-1]
    newest, before = list[int](), None
    while back := archive.shown_page(release, before=before, limit=3):
        newest += [one.id for one in back]
        before = newest[-1]
    assert newest == found[::-1]
    return [one.dump for one in archive.shown_by(release, limit=99)]


def test_the_dumps_of_a_release_are_those_that_showed_it(handle: Handle, archive: SqliteArchive) -> None:
    chosen = random.Random(3)  # noqa: S311 - reproducible, not secret
    edges = [1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 16_777_216, 4_294_967_296]
    shown: Mapping[int, set[int]] = {number: set(chosen.sample(edges, k=number % 7)) for number in range(MANY)}
    for number, releases in shown.items():
        show(handle, number, releases)
    for release in [*edges, 3, 1024, 16_777_217]:
        expected = [f"{number}.txt" for number, releases in shown.items() if release in releases]
        assert names(archive, release) == expected, release


def test_the_parts_of_a_large_dump_show_all_that_any_of_them_shows(handle: Handle, archive: SqliteArchive) -> None:
    row = show(handle, 1, [1, 300])
    for releases in ([2, 3], [0], [], [301, 1_000]):
        assert show(handle, 1, releases, row=row) == row
    assert {n for n in range(1_100) if archive.shown_by(n)} == {0, 1, 2, 3, 300, 301, 1_000}
    assert all(len(archive.shown_by(n)) == 1 for n in (1, 300, 1_000))


def test_dumps_of_other_releases_cost_nothing(handle: Handle, archive: SqliteArchive) -> None:
    take_in(SqlStore(handle), record("Talks held"))
    for read in (lambda: archive.shown_by(1, limit=99), lambda: archive.shown_page(1, limit=99)):
        alone = steps(handle, read)
        for number in range(1, MANY):
            show(handle, number, range(1_000 * number, 1_000 * number + 10))
        assert steps(handle, read) <= alone + 2  # where the search ends


def test_a_page_of_the_dumps_of_a_release_costs_the_same_however_many_showed_it(
    handle: Handle, archive: SqliteArchive
) -> None:
    take_in(SqlStore(handle), record("Talks held"))
    costs = []
    for number in range(3 * MANY):
        show(handle, number, range(1_000))
        if number in (MANY, 3 * MANY - 1):
            costs.append(steps(handle, lambda: (archive.shown_by(1, limit=9), archive.shown_page(1, limit=9))))
    assert costs[0] == costs[1]


def test_a_part_of_a_large_dump_writes_only_what_it_shows(handle: Handle, state: Path) -> None:
    """A hundred parts: the last one writes no more than an early one."""
    handle._connection.execute("PRAGMA wal_autocheckpoint=0")
    row, sizes = show(handle, 1, range(10_000)), list[int]()
    for part in range(1, 100):
        show(handle, 1, range(10_000 * part, 10_000 * (part + 1)), row=row)
        sizes.append((state / "monitor.db-wal").stat().st_size)
    written = [later - size for size, later in pairwise(sizes)]
    assert max(written[-10:]) <= 2 * min(written[:10])
