"""What one unusable file or corner of a folder does to the ingest of the others: nothing, and it is reported."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from monitor.collect.watching.folder import signature
from monitor.collect.watching.racy import smudged
from monitor.daemon.pacing import WatchTimings
from monitor.ports import Store
from tests.end_to_end.harness import record
from tests.end_to_end.ingesting import CONFIG, RunningIngest, running_ingest
from tests.rights import without_override
from tests.waiting import wait_until

TALKS = record("FTA talks held", "Delegations met in Seoul on Monday and agreed to meet again.")
VISIT = record("Visit ends", "The visit to the semiconductor plant ended with a dinner.")
QUICK = WatchTimings(settle=0.05, rescan=0.2, retry_failed=0.1)
IMPATIENT = WatchTimings(settle=0.05, rescan=0.2, late=0.1)


def told(picked: RunningIngest) -> list[str]:
    """The headlines of what the operators were told."""
    return [line["what"] for line in picked.lines("operator_told")]


def _flush_until(picked: RunningIngest, is_so: Callable[[], object]) -> None:
    """Let it take in one file after another until it is so."""

    def is_so_at_last() -> object:
        picked.flush()
        return is_so()

    wait_until(lambda: is_so() or is_so_at_last())


def source_state(picked: RunningIngest) -> dict[str, Any]:
    """How the only source is, as `status` shows it."""
    state: dict[str, Any] = picked.ingest_worker.publisher.current_state()["sources"]["motie"]
    return state


@contextmanager
def recursive(folder: Path, *, follow: bool = False) -> Iterator[RunningIngest]:
    config = CONFIG.replace("path: seeds/", "path: seeds/, recursive: true") + f"watch: {{follow_symlinks: {follow}}}\n"
    with running_ingest(folder, config=config, timings=QUICK) as picked:
        yield picked


def test_a_subfolder_that_cannot_be_read_is_named_and_the_others_are_ingested(tmp_path: Path) -> None:
    with without_override(), recursive(tmp_path / "p") as picked:
        (picked.seeds / "closed").mkdir(0)
        picked.wait_for_event("paths_unreadable", names="closed: Permission denied")
        picked.wait_for_event("operator_told")
        (picked.seeds / "open").mkdir()
        (picked.seeds / "open" / "a.txt").write_text(TALKS, "utf-8")
        picked.wait_for_event("dump_stored", name="open/a.txt")
        while not source_state(picked)["unreadable"]:  # published with the next check
            picked.flush()
        assert source_state(picked)["unreadable_names"] == ("closed: Permission denied",)
        assert told(picked) == ["a part of the folder of source motie cannot be read"]


def test_a_file_behind_a_link_that_took_a_folders_place_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.txt").write_text(VISIT, "utf-8")
    with recursive(tmp_path / "p") as picked:
        (picked.seeds / "sub").mkdir()
        (picked.seeds / "sub" / "a.txt").write_text(TALKS, "utf-8")
        picked.wait_for_event("dump_stored", name="sub/a.txt")
        (picked.seeds / "sub").rename(tmp_path / "away")
        (picked.seeds / "sub").symlink_to(tmp_path / "elsewhere")
        picked.ingest_worker.on_file_event(os.fsencode(picked.seeds / "sub" / "a.txt"), is_closed=True)
        picked.wait_for_event("file_skipped", name="sub/a.txt")
        assert picked.titles() == ["FTA talks held"]


def test_a_linked_folder_is_ingested_where_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.txt").write_text(TALKS, "utf-8")
    with recursive(tmp_path / "p", follow=True) as picked:
        (picked.seeds / "link").symlink_to(tmp_path / "elsewhere")
        picked.wait_for_event("dump_stored", name="link/a.txt")
        (tmp_path / "elsewhere" / "b.txt").write_text(VISIT, "utf-8")
        picked.wait_for_event("dump_stored", name="link/b.txt")


def test_a_file_beyond_the_bound_is_rejected_once_however_it_grows_and_read_once_it_fits(tmp_path: Path) -> None:
    config = CONFIG.replace("path: seeds/", "path: seeds/, max_file: 1kB")
    with running_ingest(tmp_path / "p", config=config, timings=QUICK) as picked:
        path = picked.seeds / "log.txt"
        with path.open("w") as file:
            os.truncate(file.fileno(), 10**12)
            picked.wait_for_event("dump_rejected", name="log.txt")
            for more in range(1, 4):
                os.truncate(file.fileno(), 10**12 + more)
                picked.ingest_worker.on_file_event(os.fsencode(path), is_closed=True)
                picked.flush()
        assert len(picked.lines("dump_rejected")) == 1
        assert picked.query("SELECT count(*) FROM reject") == [(1,)]
    with running_ingest(tmp_path / "p", timings=QUICK) as picked:
        picked.flush()
        assert not picked.lines("dump_rejected")
        path.write_text(TALKS, "utf-8")
        picked.wait_for_event("dump_stored", name="log.txt")
        assert picked.query("SELECT state FROM reject") == [("healed",)]


def test_a_raised_bound_lets_a_rejected_file_in(tmp_path: Path) -> None:
    config = CONFIG.replace("path: seeds/", "path: seeds/, max_file: 10B")
    with running_ingest(tmp_path / "p", config=config) as picked:
        (picked.seeds / "a.txt").write_text(TALKS, "utf-8")
        picked.wait_for_event("dump_rejected", name="a.txt")
    (tmp_path / "p" / "config.yaml").write_text(CONFIG, "utf-8")
    with running_ingest(tmp_path / "p") as picked:
        picked.wait_for_event("dump_stored", name="a.txt")


def smudge(picked: RunningIngest, path: Path) -> None:
    """Leave the ledger as after a reading within the grain of the file's times, and the file written again since."""
    sign = smudged(signature(os.lstat(path)))
    picked.runtime.ingester.store.confirm_file("motie", os.fsencode(path), sign)


def test_a_second_look_after_a_restart_finds_what_left_no_trace_in_size_and_times(tmp_path: Path) -> None:
    with running_ingest(tmp_path / "p", timings=QUICK) as picked:
        path = picked.seeds / "a.txt"
        path.write_text(TALKS, "utf-8")
        picked.wait_for_event("dump_stored")
        picked.ingest_worker.stop_watching()
        with picked.runtime.ingester.store.shared_transaction():  # the ingest thread waits for it
            path.write_text(TALKS.replace("Monday", "Sunday"), "utf-8")
            smudge(picked, path)
    with running_ingest(tmp_path / "p", timings=QUICK) as picked:
        picked.wait_for_event("dump_stored", name="a.txt", changed=1)


def test_a_second_look_at_an_unchanged_file_leaves_no_trace_and_is_the_last(tmp_path: Path) -> None:
    with running_ingest(tmp_path / "p", timings=QUICK) as picked:
        path = picked.seeds / "a.txt"
        path.write_text(TALKS, "utf-8")
        picked.wait_for_event("dump_stored")
        smudge(picked, path)
        os.utime(path)  # of another file the signature stays that of the first reading
        smudge(picked, path)
        picked.ingest_worker.on_file_event(os.fsencode(path), is_closed=True)
        _flush_until(
            picked,
            lambda: picked.query("SELECT ctime_ns FROM file WHERE name = 'a.txt'") == [(path.stat().st_ctime_ns,)],
        )
        assert not picked.lines("dump_duplicate")
        assert picked.query("SELECT status FROM file WHERE name = 'a.txt'") == [("stored",)]


class FailingStore:
    """A store whose first commits end with an error that is no store's."""

    def __init__(self, store: Store, errors: list[Exception]) -> None:
        self._store, self._errors = store, errors

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def commit(self, *args: Any, **values: Any) -> Any:
        if self._errors:
            raise self._errors.pop()
        return self._store.commit(*args, **values)


def test_a_dump_that_our_own_error_failed_is_reported_counted_and_tried_again(tmp_path: Path) -> None:
    with running_ingest(tmp_path / "p", timings=QUICK) as picked:
        picked.runtime.ingester.store = FailingStore(picked.runtime.ingester.store, [MemoryError(), OverflowError()])
        (picked.seeds / "a.txt").write_text(TALKS, "utf-8")
        picked.wait_for_event("dump_failed", 1, name="a.txt")
        picked.wait_for_event("dump_failed", 2, name="a.txt")
        picked.wait_for_event("dump_stored", name="a.txt")
        _flush_until(picked, lambda: not source_state(picked)["failed"])
        assert told(picked) == ["a dump could not be ingested"]  # once an hour


def test_files_that_stay_unsettled_are_reported_once_and_named(tmp_path: Path) -> None:
    with running_ingest(tmp_path / "p", timings=IMPATIENT) as picked, (picked.seeds / "a.txt").open("w") as file:
        file.write("-\nFTA talks")
        file.flush()
        picked.wait_for_event("files_unsettled", count=1, names="a.txt")
        picked.flush()
        picked.flush()
        assert len(picked.lines("files_unsettled")) == 1
        _flush_until(picked, lambda: source_state(picked)["unsettled_names"] == ("a.txt",))
