"""What an ingester remembers of the files that it skips, and which files share a commit."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from monitor.collect.watching.file_queue import SMALL
from monitor.config import load
from monitor.daemon.bootstrap import Runtime, open_runtime
from monitor.ingest_values import Mode
from tests.end_to_end.harness import Project, record


def test_a_skipped_file_is_forgotten_once_it_is_gone(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    (project.folder / "target").write_text("no dump", "utf-8")
    with open_runtime(load(project.folder / "config.yaml", environ={}), verb="run") as runtime:
        ingester = runtime.ingester
        [source] = ingester.sources
        for number in range(3):
            (project.seeds / f"{number}.txt").symlink_to(project.folder / "target")
            ingester.ingest(str(project.seeds / f"{number}.txt").encode(), source, mode=Mode.WATCH)
        assert len(ingester._skipped) == 3
        (project.seeds / "0.txt").unlink()
        assert ingester.scan(source).pending == ()
        assert len(ingester._skipped) == 2
        assert len(ingester.scan(source).pending) == 0, "what is still there is still skipped"


@contextmanager
def opened(project: Project) -> Iterator[tuple[Runtime, Any]]:
    """A runtime, and the handle of its store."""
    with open_runtime(load(project.folder / "config.yaml", environ={}), verb="run") as runtime:
        store: Any = runtime.stores.store
        yield runtime, store._handle


def note(number: int, more: str = "") -> str:
    return record(f"Notice {number}", f"Office {number * 13} wrote item {number * 7}. {more}")


def commits(handle: Any) -> int:
    return int(handle.generation()[1])


def test_small_files_share_a_commit_and_a_large_one_has_its_own_in_its_place(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    names = [f"{number:02}.txt" for number in range(20)]
    for number, name in enumerate(names):
        project.drop(name, note(number, "word " * (SMALL // 4) if number == 12 else ""))
    with opened(project) as (runtime, handle):
        runtime.ingester.group_seconds = 600.0  # however slow this machine is
        [source] = runtime.ingester.sources
        files = [(os.fsencode(project.seeds / name), source) for name in names]
        before = commits(handle)
        outcomes = list(runtime.ingester.ingest_all(files, mode=Mode.ONCE))
        assert [outcome.report.name for outcome in outcomes if outcome.report] == names
        assert commits(handle) - before < 10


def test_files_that_a_full_disk_cannot_hold_together_are_stored_while_there_is_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    project = Project(tmp_path / "p")
    for number in range(12):
        project.drop(f"{number:02}.txt", note(number, f"{number} words. " * 2000))
    with caplog.at_level(logging.INFO, "monitor"), opened(project) as (runtime, handle):
        [(pages,)] = handle.pragma("page_count")
        handle._connection.execute(f"PRAGMA max_page_count = {pages + 60}")
        [source] = runtime.ingester.sources
        files = [(path, source) for path in runtime.ingester.scan(source).pending]
        outcomes = list(runtime.ingester.ingest_all(files, mode=Mode.ONCE))
        stored = [outcome.path for outcome in outcomes if outcome.report]
        assert [outcome.path for outcome in outcomes] == [path for path, _ in files]
        assert 0 < len(stored) < len(files)
        assert set(runtime.stores.store.ledger("motie")) == set(stored)
        assert caplog.messages.count("dump_stored") == len(stored)
        handle._connection.execute("PRAGMA max_page_count = 1000000")
        rest = [(path, source) for path in runtime.ingester.scan(source).pending]
        assert all(outcome.report for outcome in runtime.ingester.ingest_all(rest, mode=Mode.ONCE))
        assert len(runtime.stores.store.ledger("motie")) == len(files)


def test_files_that_all_wait_for_room_are_one_line_until_one_of_them_is_stored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    project = Project(tmp_path / "p")
    for number in range(8):
        project.drop(f"{number}.txt", note(number, f"{number} words. " * 2000))
    with caplog.at_level(logging.INFO, "monitor"), opened(project) as (runtime, handle):
        [(pages,)] = handle.pragma("page_count")
        [source] = runtime.ingester.sources
        files = [(path, source) for path in runtime.ingester.scan(source).pending]
        for round_ in (1, 2):
            handle._connection.execute(f"PRAGMA max_page_count = {pages}")
            for path, _ in files * 2:
                assert not runtime.ingester.ingest(path, source, mode=Mode.ONCE).report
            assert caplog.messages.count("file_postponed") == round_
            handle._connection.execute("PRAGMA max_page_count = 1000000")
            path, _ = files.pop()
            assert runtime.ingester.ingest(path, source, mode=Mode.ONCE).report
            [(pages,)] = handle.pragma("page_count")
