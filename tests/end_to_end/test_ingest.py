"""What each way of dropping, changing and losing a file comes to: real folders, real events, a real store."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from tempfile import mkdtemp

import pytest

from monitor.daemon.ingester import IngestOutcome
from monitor.daemon.pacing import WatchTimings
from monitor.health import daemon_state
from monitor.health.liveness import Liveness, not_ready_reason
from tests.end_to_end.harness import Project, record
from tests.end_to_end.ingesting import CONFIG, query, running_ingest
from tests.servers import short_path
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the signs of other systems are poorer")

TALKS = record("FTA talks held", "Delegations met in Seoul on Monday and agreed to meet again.")
VISIT = record("Visit ends", "The visit to the semiconductor plant ended with a dinner.")
FORUM = record("Forum opens", "A forum on steel and grain opened in Busan with three hundred guests.")


def notice(number: int) -> str:
    """A record that is like no other: each has a day of its own."""
    day = date(1900, 1, 1) + timedelta(days=number)
    return record(f"Notice {number}", f"Office {number * 13} wrote item {number * 7}.", str(day))


def write(folder: Path) -> None:
    (folder / "a.txt").write_text(TALKS, "utf-8")


def move_in(folder: Path) -> None:
    outside = folder.parent / "outside"
    outside.write_text(TALKS, "utf-8")
    outside.rename(folder / "a.txt")


def move_from_another_file_system(folder: Path) -> None:
    shm = Path("/dev/shm")  # noqa: S108 - another file system, where there is one
    away = Path(mkdtemp(dir=shm if shm.is_dir() else None))
    (away / "a.txt").write_text(TALKS, "utf-8")
    shutil.move(away / "a.txt", folder / "a.txt")
    away.rmdir()


def write_and_rename(folder: Path) -> None:
    (folder / "a.txt.part").write_text(TALKS, "utf-8")
    (folder / "a.txt.part").rename(folder / "a.txt")


def hard_link(folder: Path) -> None:
    outside = folder.parent / "outside"
    outside.write_text(TALKS, "utf-8")
    (folder / "a.txt").hardlink_to(outside)


@pytest.mark.parametrize("come", [write, move_in, move_from_another_file_system, write_and_rename, hard_link])
def test_a_file_is_taken_in_once_however_it_comes(come: Callable[[Path], None], tmp_path: Path) -> None:
    with running_ingest(tmp_path / "p") as picked:
        come(picked.seeds)
        picked.wait_for_event("dump_stored")
        picked.flush()
        assert len(picked.lines("dump_*")) == 2
        assert picked.titles() == ["FTA talks held"]


def rsync(path: Path, content: str, *, mtime: int) -> None:
    """What rsync does: write under a hidden name of its own, set the times, rename."""
    part = path.with_name(f".{path.name}.Xy3zQ1")
    part.write_text(content, "utf-8")
    os.utime(part, (mtime, mtime))
    part.rename(path)


def rsync_inplace(path: Path, content: str, *, mtime: int) -> None:
    with path.open("r+b") as file:
        file.write(content.encode())
        file.truncate()
        os.utime(file.fileno(), (mtime, mtime))


def test_rsync_costs_one_take_in_for_each_change_and_its_own_names_are_never_read(tmp_path: Path) -> None:
    with running_ingest(tmp_path / "p") as picked:
        path = picked.seeds / "a.txt"
        rsync(path, TALKS, mtime=10**9)
        picked.wait_for_event("dump_stored", count=1, name="a.txt")
        rsync(path, f"{TALKS}\n{VISIT}", mtime=10**9 + 1)
        picked.wait_for_event("dump_stored", count=2, name="a.txt")
        rsync_inplace(path, f"{TALKS}\n{VISIT}\n{FORUM}", mtime=10**9 + 2)
        picked.wait_for_event("dump_stored", count=3, name="a.txt")
        path.read_bytes()  # nothing has changed: rsync only compares
        picked.flush()
        assert {line["name"] for line in picked.lines("dump_*")} >= {"a.txt"}
        assert len([line for line in picked.lines("dump_*") if line["name"] == "a.txt"]) == 3
        assert picked.titles() == ["FTA talks held", "Forum opens", "Visit ends"]


def test_a_slow_writer_is_waited_for(tmp_path: Path) -> None:
    with running_ingest(tmp_path / "p") as picked:
        with (picked.seeds / "a.txt").open("w", encoding="utf-8") as file:
            for text in (TALKS, VISIT, FORUM):
                file.write(text + "\n")
                file.flush()
                picked.flush()  # meanwhile others come through
            assert picked.titles() == []
        [stored] = picked.wait_for_event("dump_stored", name="a.txt")
        assert stored["new"] == 3


def test_forty_small_appends_cost_three_take_ins_at_most_and_all_arrives(tmp_path: Path) -> None:
    with running_ingest(tmp_path / "p") as picked:
        for number in range(40):
            with (picked.seeds / "a.txt").open("a", encoding="utf-8") as file:
                file.write(record(f"Notice {number} on item {number * 7}", f"Office {number * 13} wrote it.") + "\n")
        picked.flush()
        while len(picked.titles()) < 40:
            picked.wait_for_event("dump_stored", len(picked.lines("dump_stored")) + 1)
        assert len([line for line in picked.lines("dump_*") if line["name"] == "a.txt"]) <= 3


def test_a_writer_that_is_killed_leaves_a_tail_that_a_later_one_completes(tmp_path: Path) -> None:
    with running_ingest(tmp_path / "p") as picked:
        program = (
            "import sys, os, signal; f = open(sys.argv[1], 'w'); f.write(sys.argv[2]); f.flush(); print(flush=True)"
        )
        writer = subprocess.Popen(
            [sys.executable, "-c", f"{program}; signal.pause()", picked.seeds / "a.txt", f"{TALKS}\n-\nVisit en"],
            stdout=subprocess.PIPE,
        )
        with writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            writer.send_signal(signal.SIGKILL)
        picked.wait_for_event("dump_held", name="a.txt")
        assert picked.titles() == ["FTA talks held"]
        (picked.seeds / "a.txt").write_text(f"{TALKS}\n{VISIT}", "utf-8")
        [stored] = picked.wait_for_event("dump_stored", name="a.txt")
        assert stored["new"] == 1
        assert picked.query("SELECT state FROM reject") == [("healed",)]


def test_nothing_that_vanishes_is_taken_for_a_deletion(tmp_path: Path) -> None:
    with running_ingest(tmp_path / "p") as picked:
        path = picked.seeds / "a.txt"
        path.write_text(TALKS, "utf-8")
        picked.wait_for_event("dump_stored")
        os.truncate(path, 0)  # gives no close: a rescan finds it
        picked.wait_for_event("dump_held", name="a.txt")
        path.write_text(f"{TALKS}\n{VISIT}", "utf-8")
        picked.wait_for_event("dump_stored", count=2, name="a.txt")
        path.unlink()
        picked.flush()
        assert picked.titles() == ["FTA talks held", "Visit ends"]
        assert picked.query("SELECT DISTINCT state FROM release") == [("listed",)]


def listen(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one, short_path(path) as name:
        one.bind(name)


def test_what_is_no_file_is_left_alone_with_its_reason_and_stops_nobody(tmp_path: Path) -> None:
    with running_ingest(tmp_path / "p") as picked:
        seeds = picked.seeds
        (seeds / "link.txt").symlink_to("somewhere.txt")
        (seeds / "loop.txt").symlink_to("loop.txt")
        (seeds / "zero.txt").symlink_to("/dev/zero")
        os.mkfifo(seeds / "fifo.txt")
        listen(seeds / "socket.txt")
        (seeds / "folder.txt").mkdir()
        names = {"link.txt", "loop.txt", "zero.txt", "fifo.txt", "socket.txt"}
        skipped = picked.wait_for_event("file_skipped", len(names))
        picked.flush()
        assert {line["name"] for line in skipped} == names
        assert all(line["reason"] for line in skipped)
        assert len(picked.lines("file_skipped")) == len(names)  # told once


def test_a_touched_file_is_hashed_once_and_leads_to_nothing(tmp_path: Path) -> None:
    with running_ingest(tmp_path / "p") as picked:
        path = picked.seeds / "a.txt"
        path.write_text(TALKS, "utf-8")
        picked.wait_for_event("dump_stored")
        os.utime(path)
        picked.wait_for_event("dump_duplicate", 1, name="a.txt")
        path.chmod(0o600)
        picked.wait_for_event("dump_duplicate", 2, name="a.txt")
        picked.flush()
        picked.flush()
        assert len([line for line in picked.lines("dump_*") if line["name"] == "a.txt"]) == 3
        assert picked.query("SELECT count(*) FROM event WHERE kind <> 'new'") == [(0,)]


def test_known_content_under_another_name_leads_to_nothing_even_after_a_restart(tmp_path: Path) -> None:
    with running_ingest(tmp_path / "p") as picked:
        (picked.seeds / "a.txt").write_text(TALKS, "utf-8")
        picked.wait_for_event("dump_stored")
        (picked.seeds / "b.txt").write_text(TALKS, "utf-8")
        picked.wait_for_event("dump_duplicate", name="b.txt")
        (picked.seeds / "a.txt").rename(picked.seeds / "c.txt")
        picked.wait_for_event("dump_duplicate", name="c.txt")
    with running_ingest(tmp_path / "p") as picked:
        (picked.seeds / "d.txt").write_text(TALKS, "utf-8")
        picked.wait_for_event("dump_duplicate", name="d.txt")
        assert len(picked.lines("dump_*")) == 1
        assert picked.query("SELECT count(*) FROM event") == [(1,)]


def test_a_rewrite_that_restores_size_and_time_is_taken_in(tmp_path: Path) -> None:
    with running_ingest(tmp_path / "p") as picked:
        path = picked.seeds / "a.txt"
        path.write_text(TALKS, "utf-8")
        picked.wait_for_event("dump_stored")
        before = path.stat()
        with path.open("r+b") as file:
            file.write(TALKS.replace("FTA talks held", "FTA talks ends").encode())
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        picked.wait_for_event("dump_stored", 2, name="a.txt")
        assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
        assert "FTA talks ends" in picked.titles()


@pytest.mark.parametrize("year", [1999, 2099])
def test_a_file_of_another_age_is_taken_in(year: int, tmp_path: Path) -> None:
    with running_ingest(tmp_path / "p") as picked:
        outside = picked.project.folder / "outside"
        outside.write_text(TALKS, "utf-8")
        seconds = (year - 1970) * 31_556_952
        os.utime(outside, (seconds, seconds))
        outside.rename(picked.seeds / "a.txt")
        picked.wait_for_event("dump_stored", name="a.txt")


def test_a_file_in_the_place_and_inode_of_another_is_taken_in(tmp_path: Path) -> None:
    with running_ingest(tmp_path / "p") as picked:
        path = picked.seeds / "a.txt"
        for number, text in enumerate((TALKS, VISIT, FORUM), 1):
            path.write_text(text, "utf-8")
            picked.wait_for_event("dump_stored", number)
            path.unlink()
        assert picked.titles() == ["FTA talks held", "Forum opens", "Visit ends"]


def test_a_file_that_is_deleted_before_it_settles_is_noted(tmp_path: Path) -> None:
    with running_ingest(tmp_path / "p", timings=WatchTimings(settle=0.1, rescan=1e6)) as picked:
        with (picked.seeds / "a.txt").open("w") as file:
            picked.flush()
            (picked.seeds / "a.txt").unlink()
            file.write(TALKS)
        picked.wait_for_event("file_vanished", name="a.txt")
        picked.flush()
        assert picked.titles() == []


NAMES = [b"\xb0\xa1\xb3\xaa.txt", b"a\nb.txt", b"\x1b[31mred.txt", b"n" * 251 + b".txt", "수출.txt".encode()]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_any_bytes_is_taken_in_and_shown_escaped(name: bytes, tmp_path: Path) -> None:
    with running_ingest(tmp_path / "p") as picked:
        Path(picked.seeds / os.fsdecode(name)).write_text(TALKS, "utf-8")
        [stored] = picked.wait_for_event("dump_stored")
        assert stored["name"].isprintable()
        assert picked.query("SELECT path FROM file") == [(os.fsencode(picked.seeds / os.fsdecode(name)),)]


def test_a_full_disk_pauses_a_take_in_and_marks_nothing_as_done(tmp_path: Path) -> None:
    liveness = Liveness()
    with running_ingest(tmp_path / "p", liveness=liveness) as picked:
        connection = picked.runtime.stores.store._handle._connection  # type: ignore[attr-defined]  # of SQLite
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        body = " ".join(f"item {number}" for number in range(9000))
        (picked.seeds / "a.txt").write_text(record("Long report", body), "utf-8")
        picked.wait_for_event("file_postponed", name="a.txt")
        assert picked.query("SELECT count(*) FROM file") == [(0,)]
        state = picked.project.folder / "state"
        wait_until(lambda: "full" in daemon_state.read_state(state).get("paused", ""))
        assert not_ready_reason(liveness.snapshot()).startswith("paused: ")
        told = list[str]()
        picked.on_line(
            lambda line: told.append(not_ready_reason(liveness.snapshot())) if line["event"] == "dump_stored" else None
        )
        connection.execute("PRAGMA max_page_count = 1000000")
        picked.wait_for_event("dump_stored", name="a.txt")
        assert told == [""]  # when it is said


def test_a_full_disk_in_the_middle_of_a_group_undoes_all_of_it_and_all_comes_again(tmp_path: Path) -> None:
    with running_ingest(tmp_path / "p") as picked:
        connection = picked.runtime.stores.store._handle._connection  # type: ignore[attr-defined]  # of SQLite
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 3}")
        outside = picked.project.folder / "outside"
        outside.mkdir()
        for number in range(120):
            (outside / f"{number}.txt").write_text(notice(number), "utf-8")
        for path in outside.iterdir():
            path.rename(picked.seeds / path.name)
        picked.wait_for_event("file_postponed")
        told = {line["name"] for line in picked.lines("dump_stored")}
        stored = {name for (name,) in picked.query("SELECT name FROM file")}
        assert told <= stored  # nothing was said that was not durable
        connection.execute("PRAGMA max_page_count = 1000000")
        picked.wait_for_rows(120)
        assert picked.query("SELECT count(*) FROM file WHERE status = 'stored'") == [(120,)]


def test_a_small_file_does_not_wait_behind_a_big_one(tmp_path: Path) -> None:
    with running_ingest(tmp_path / "p") as picked:
        reports = (record(f"Report {n}", " ".join(f"item {n * k}" for k in range(400))) for n in range(600))
        big = picked.project.drop("big.txt", "\n".join(reports))
        assert big.stat().st_size > 1_000_000
        (picked.seeds / "small.txt").write_text(TALKS, "utf-8")
        picked.wait_for_event("dump_stored", 2)
        assert [line["name"] for line in picked.lines("dump_stored")] == ["small.txt", "big.txt"]


def test_files_that_are_no_dumps_are_counted_and_said(tmp_path: Path) -> None:
    with running_ingest(tmp_path / "p") as picked:
        for name in ("a.csv", ".hidden.txt", "b.txt~"):
            (picked.seeds / name).write_text(TALKS, "utf-8")
        while picked.wait_for_event("files_ignored")[-1]["count"] < 3:  # a scan may have come in between
            picked.wait_for_event("files_ignored", len(picked.lines("files_ignored")) + 1)
        assert picked.titles() == []


def test_a_file_that_no_event_told_of_is_found_counted_and_shown(tmp_path: Path) -> None:
    with running_ingest(tmp_path / "p") as picked:
        picked.flush()
        watcher = picked.ingest_worker._supervisor.watcher
        handler = watcher._handlers[os.fsencode(picked.seeds)]
        hear = handler._on_event

        def lose(path: bytes, *, is_closed: bool) -> None:
            if not path.endswith(b"lost.txt"):
                hear(path, is_closed=is_closed)

        handler._on_event = lose
        picked.project.drop("lost.txt", TALKS)
        picked.wait_for_event("dump_stored", name="lost.txt")
        picked.wait_for_event("events_lost", reason="files arrived without a file event")
        assert picked.ingest_worker._supervisor.missed == {os.fsencode(picked.seeds): 1}
        picked.flush()  # it is armed anew


def test_many_copies_that_come_at_once_share_a_line_of_the_log(tmp_path: Path) -> None:
    with running_ingest(tmp_path / "p", config=CONFIG) as picked:
        for number in range(120):
            picked.project.drop(f"{number}.txt", TALKS)
        picked.flush()
    known = len(picked.lines("dump_duplicate")) + sum(line["count"] for line in picked.lines("dumps_duplicate"))
    assert (len(picked.lines("dump_stored")), known) == (2, 119)
    assert all(line["count"] > 5 and line["names"].endswith(", …") for line in picked.lines("dumps_duplicate"))
    assert picked.query("SELECT count(*) FROM file") == [(121,)]


def test_files_that_wait_at_the_start_come_by_age_small_ones_first(tmp_path: Path) -> None:
    with running_ingest(tmp_path / "p"):
        pass
    seeds = tmp_path / "p" / "seeds"
    reports = "\n".join(record(f"Report {n}", " ".join(f"item {n * k}" for k in range(400))) for n in range(600))
    for name, text, mtime in [("big", reports, 1), ("c", TALKS, 5), ("a", VISIT, 9), ("b", FORUM, 9)]:
        (seeds / f"{name}.txt").write_text(text, "utf-8")
        os.utime(seeds / f"{name}.txt", (mtime, mtime))
    with running_ingest(tmp_path / "p") as picked:
        stored = picked.wait_for_event("dump_stored", 4)
        assert [line["name"] for line in stored] == ["c.txt", "a.txt", "b.txt", "big.txt"]


def test_many_files_that_wait_at_the_start_all_come_and_one_that_is_written_waits(tmp_path: Path, full: bool) -> None:
    count = 10_000 if full else 500
    with running_ingest(tmp_path / "p"):
        pass
    seeds = tmp_path / "p" / "seeds"
    for number in range(count):
        (seeds / f"{number}.txt").write_text(notice(number), "utf-8")
    with (seeds / "open.txt").open("w") as file:
        file.write(TALKS)
        file.flush()
        # A file that is held open is read after fifteen times `settle`: so long nobody needs for the others.
        with running_ingest(tmp_path / "p", timings=WatchTimings(settle=10) if full else None) as picked:
            picked.wait_for_rows(count)
            assert picked.query("SELECT count(*) FROM file") == [(count,)]
            file.close()
            picked.wait_for_event("dump_stored", name="open.txt")


def test_a_polled_folder_needs_no_events_and_an_empty_listing_deletes_nothing(tmp_path: Path) -> None:
    with running_ingest(tmp_path / "p", timings=WatchTimings(settle=0.05, mode="poll", poll=0.2)) as picked:
        picked.wait_for_event("folder_polled")
        (picked.seeds / "a.txt").write_text(TALKS, "utf-8")
        picked.wait_for_event("dump_stored")
        (picked.seeds / "a.txt").unlink()
        (picked.seeds / "b.txt").write_text(TALKS, "utf-8")
        picked.wait_for_event("dump_duplicate", name="b.txt")
        assert picked.query("SELECT state FROM release") == [("listed",)]


def test_a_source_that_shares_its_folder_takes_its_own_files(tmp_path: Path) -> None:
    sources = "sources: {a: {path: seeds/, files: ['a*.txt']}, b: {path: seeds/, files: ['b*.txt']}}"
    with running_ingest(tmp_path / "p", config=CONFIG.replace("sources: {motie: {path: seeds/}}", sources)) as picked:
        (picked.seeds / "a1.txt").write_text(TALKS, "utf-8")
        (picked.seeds / "b1.txt").write_text(VISIT, "utf-8")
        picked.wait_for_event("dump_stored", 2)
        assert picked.query("SELECT source, name FROM file ORDER BY 1") == [("a", "a1.txt"), ("b", "b1.txt")]
        assert not picked.lines("files_ignored")


def test_a_file_that_fits_two_sources_is_the_first_ones_at_a_scan_too(tmp_path: Path) -> None:
    sources = "sources: {a: {path: seeds/, files: ['a*.txt']}, rest: {path: seeds/}}"
    project = Project(tmp_path / "p", config=CONFIG.replace("sources: {motie: {path: seeds/}}", sources))
    project.drop("a1.txt", TALKS)
    project.drop("b1.txt", VISIT)
    assert project.run("run", "--once").code == 0
    assert query(project, "SELECT source, name FROM file ORDER BY 1") == [("a", "a1.txt"), ("rest", "b1.txt")]


def test_what_a_file_came_to_is_counted_and_a_tail_that_nobody_completed_too(tmp_path: Path) -> None:
    with running_ingest(tmp_path / "p", timings=WatchTimings(settle=0.05, rescan=0.2, partial_grace=0.0)) as picked:
        ingester = picked.runtime.ingester
        (picked.seeds / "a.txt").write_text(f"{TALKS}\n-\nVisit en", "utf-8")
        picked.wait_for_event("tails_rejected")
        picked.flush()
        ingester.log_outcomes([IngestOutcome(path=b"", source=ingester.sources[0], is_failed=True)])
        figures = ingester.counters.snapshot()
    assert {result: n for result, n in figures.dumps.items() if n} == {"held": 1, "stored": 1, "failed": 1}
    assert {kind: n for kind, n in figures.events.items() if n} == {"new": 2, "rejected": 1}
