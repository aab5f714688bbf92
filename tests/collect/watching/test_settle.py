"""When a file is settled: closed, without a writer, or unchanged for long enough."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from monitor.collect.file_reader import Skipped, open_file
from monitor.collect.watching.settle import (
    FIRST_PAUSE,
    MAX_PAUSE,
    MAX_RETRY_FAILED,
    RETRY_FAILED,
    FileProbe,
    SettleQueue,
    has_writer,
)
from monitor.model import FileSignature
from tests.collect.samples import put, raw, signature

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has file leases")

A, B, C = b"/in/a.txt", b"/in/b.txt", b"/in/c.txt"
ONE, TWO = signature(size=1), signature(size=2)

# (what, probes of a file that was found, one per line: seconds, signature, has_writer; the answers)
PROBES = [
    ("nobody writes it", [(0.0, ONE, False)], [True]),
    ("a writer that ends", [(0.0, ONE, True), (2.0, ONE, True), (4.0, ONE, False)], [False, False, True]),
    ("a writer that never closes it", [(0.0, ONE, True), (29.9, ONE, True), (30.0, ONE, True)], [False, False, True]),
    ("a writer that goes on", [(0.0, ONE, True), (29.0, TWO, True), (58.9, TWO, True)], [False, False, False]),
    ("a writer for two hours", [(7199.0, ONE, True), (7200.0, TWO, True)], [False, True]),
    ("unknown, the same in two probes", [(0.0, ONE, None), (2.0, ONE, None)], [False, True]),
    ("unknown, a second probe too soon", [(0.0, ONE, None), (1.9, ONE, None), (2.0, ONE, None)], [False, False, True]),
    ("unknown, grown in between", [(0.0, ONE, None), (2.0, TWO, None), (4.0, TWO, None)], [False, False, True]),
    ("unknown, there and back", [(0.0, ONE, None), (2.0, TWO, None), (4.0, ONE, None)], [False, False, False]),
    ("unknown after a writer", [(0.0, ONE, True), (2.0, ONE, None)], [False, True]),
    ("unknown, old by its time", [(0.0, signature(mtime_ns=0), None)], [False]),
    ("only its inode changed", [(0.0, ONE, None), (2.0, signature(size=1, inode=9), None)], [False, False]),
    ("only its ctime changed", [(0.0, ONE, None), (2.0, signature(size=1, ctime_ns=9), None)], [False, False]),
]  # fmt: skip


@pytest.mark.parametrize(("what", "probes", "answers"), PROBES, ids=[row[0] for row in PROBES])
def test_a_found_file_settles_by_what_probes_of_it_show(
    what: str, probes: list[tuple[float, FileSignature, bool | None]], answers: list[bool]
) -> None:
    settle_queue = SettleQueue(2.0)
    settle_queue.add_found(A, 0.0)

    given = [
        settle_queue.is_settled(A, FileProbe(signature=sign, has_writer=writer), now) for now, sign, writer in probes
    ]

    assert given == answers
    assert len(settle_queue) == (not answers[-1])


@pytest.mark.parametrize("writer", [True, False, None])
def test_a_closed_file_settles_at_once(writer: bool | None) -> None:
    settle_queue = SettleQueue(2.0)
    settle_queue.add_closed(A, 5.0)

    assert settle_queue.due(5.0) == [A]
    assert settle_queue.is_settled(A, FileProbe(signature=ONE, has_writer=writer), 5.0)
    assert len(settle_queue) == 0


def test_a_close_settles_a_file_that_was_only_found() -> None:
    settle_queue = SettleQueue(2.0)
    settle_queue.add_found(A, 0.0)
    settle_queue.is_settled(A, FileProbe(signature=ONE, has_writer=None), 0.0)

    settle_queue.add_closed(A, 0.5)

    assert settle_queue.due(0.5) == [A]
    assert settle_queue.is_settled(A, FileProbe(signature=ONE, has_writer=None), 0.5)


def test_finding_a_file_again_does_not_forget_its_close_or_its_probes() -> None:
    settle_queue = SettleQueue(2.0)
    settle_queue.add_closed(A, 0.0)
    settle_queue.add_found(B, 0.0)
    settle_queue.is_settled(B, FileProbe(signature=ONE, has_writer=None), 0.0)

    settle_queue.add_found(A, 1.0)
    settle_queue.add_found(B, 1.0)

    assert settle_queue.is_settled(A, FileProbe(signature=ONE, has_writer=True), 1.0)
    assert settle_queue.due(1.9) == []
    assert settle_queue.is_settled(B, FileProbe(signature=ONE, has_writer=None), 2.0)


def test_files_are_due_in_the_order_in_which_they_came() -> None:
    settle_queue = SettleQueue(2.0)
    for path in (B, A, C):
        settle_queue.add_found(path, 0.0)

    assert settle_queue.due(0.0) == [B, A, C]


def test_the_next_probe_is_one_settling_time_away() -> None:
    settle_queue = SettleQueue(2.0)
    assert settle_queue.next_due() is None
    settle_queue.add_found(A, 1.0)
    assert settle_queue.next_due() == 1.0

    settle_queue.is_settled(A, FileProbe(signature=ONE, has_writer=None), 1.0)

    assert settle_queue.next_due() == 3.0
    assert (settle_queue.due(2.9), settle_queue.due(3.0)) == ([], [A])


def test_the_earliest_probe_of_all_is_the_next() -> None:
    settle_queue = SettleQueue(2.0)
    settle_queue.add_found(A, 7.0)
    settle_queue.add_found(B, 3.0)
    settle_queue.add_found(C, 5.0)

    assert settle_queue.next_due() == 3.0


@pytest.mark.parametrize(
    ("pauses", "pause"), [(0, FIRST_PAUSE), (1, 2.0), (2, 4.0), (5, 32.0), (6, MAX_PAUSE), (5000, MAX_PAUSE)]
)
def test_a_postponed_file_waits_twice_as_long_each_time_up_to_a_minute(pauses: int, pause: float) -> None:
    settle_queue = SettleQueue(2.0)
    settle_queue.postpone(A, 10.0, postponements=pauses)

    assert settle_queue.next_due() == 10.0 + pause
    assert settle_queue.postponements(A) == pauses + 1
    assert settle_queue.is_settled(A, FileProbe(signature=ONE, has_writer=True), 10.0 + pause)


def test_a_close_ends_the_pauses() -> None:
    settle_queue = SettleQueue(2.0)
    settle_queue.postpone(A, 0.0, postponements=6)

    settle_queue.add_closed(A, 1.0)

    assert settle_queue.due(1.0) == [A]
    assert settle_queue.postponements(A) == 0


def test_finding_a_postponed_file_does_not_shorten_its_pause() -> None:
    settle_queue = SettleQueue(2.0)
    settle_queue.postpone(A, 0.0, postponements=6)

    settle_queue.add_found(A, 1.0)

    assert settle_queue.due(59.0) == []


def test_a_dropped_file_waits_no_longer_and_may_come_again() -> None:
    settle_queue = SettleQueue(2.0)
    settle_queue.add_found(A, 0.0)
    settle_queue.is_settled(A, FileProbe(signature=ONE, has_writer=None), 0.0)

    settle_queue.drop(A)
    settle_queue.drop(B)
    assert (len(settle_queue), settle_queue.postponements(A)) == (0, 0)

    settle_queue.add_found(A, 2.0)
    assert not settle_queue.is_settled(A, FileProbe(signature=ONE, has_writer=None), 2.0)


# --- the probe ---------------------------------------------------------------------------------------------------


@contextmanager
def writing(path: bytes) -> Iterator[None]:
    """Another process has the file open for writing."""
    hold = "import sys\nwith open(sys.argv[1], 'ab'):\n    print('open', flush=True)\n    sys.stdin.read()"
    command = [sys.executable, "-c", hold, os.fsdecode(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"open\n"
        yield
        writer.communicate()


def link(path: Path) -> None:
    path.symlink_to("a")


@on_linux
def test_another_process_that_writes_is_seen_until_it_ends(tmp_path: Path) -> None:
    path = put(tmp_path / "x.txt")

    with writing(path):
        assert has_writer(path) is True
    assert has_writer(path) is False


@on_linux
@pytest.mark.parametrize(("mode", "expected"), [("rb", False), ("ab", True), ("r+b", True)])
def test_a_descriptor_of_our_own_counts_by_its_mode(mode: str, expected: bool, tmp_path: Path) -> None:
    path = put(tmp_path / "x.txt")

    with (tmp_path / "x.txt").open(mode):
        assert has_writer(path) is expected


@on_linux
def test_the_probe_leaves_no_lease_and_no_descriptor_behind(tmp_path: Path) -> None:
    path = put(tmp_path / "x.txt")
    before = len(list(Path("/proc/self/fd").iterdir()))

    assert [has_writer(path) for _ in range(3)] == [False] * 3

    assert len(list(Path("/proc/self/fd").iterdir())) == before
    os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))  # a lease would refuse this


@on_linux
@pytest.mark.parametrize("make", [str, Path.mkdir, os.mkfifo, link], ids=["gone", "folder", "FIFO", "link"])
def test_whether_what_is_not_a_file_has_a_writer_is_unknown(make: Callable[[Path], object], tmp_path: Path) -> None:
    put(tmp_path / "a")
    make(tmp_path / "x.txt")

    assert has_writer(raw(tmp_path, b"x.txt")) is None


@on_linux
def test_a_writer_that_comes_during_the_probe_does_not_end_our_process(tmp_path: Path) -> None:
    """Breaking a lease sends its holder SIGIO, which by default ends it: without our choice, within 0.1 s here."""
    path = put(tmp_path / "x.txt")
    door = "monitor.collect.watching.settle"
    probe = (
        f"import os, sys\nfrom {door} import has_writer\nfor _ in range(10_000): has_writer(os.fsencode(sys.argv[1]))"
    )

    with subprocess.Popen([sys.executable, "-c", probe, os.fsdecode(path)]) as prober:
        while prober.poll() is None:
            os.close(os.open(path, os.O_WRONLY))

    assert prober.returncode == 0


def test_a_fifo_is_not_opened_so_that_its_writer_goes_on_waiting(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path / "fifo.txt")
    os.mkfifo(path)
    with subprocess.Popen([sys.executable, "-c", f"import os; os.open({path!r}, os.O_WRONLY)"]) as writer:
        for _ in range(200):
            assert has_writer(path) is None
            with pytest.raises(Skipped), open_file(path):
                pass
        assert writer.poll() is None
        writer.kill()


def test_a_file_that_goes_on_growing_is_probed_less_often_and_never_given_up() -> None:
    settle_queue = SettleQueue(2.0)
    settle_queue.add_found(A, 0.0)
    pauses, now = [], 0.0
    for size in range(8):
        assert not settle_queue.is_settled(A, FileProbe(signature=signature(size=size), has_writer=True), now)
        due = settle_queue.next_due()
        assert due is not None
        pauses.append(due - now)
        now = due

    assert pauses == [2.0, 4.0, 8.0, 16.0, 16.0, 16.0, 16.0, 16.0]
    assert settle_queue.is_settled(A, FileProbe(signature=signature(size=9), has_writer=False), now)


def test_without_a_settling_time_a_file_that_grows_is_not_settled() -> None:
    settle_queue = SettleQueue(0.0)
    settle_queue.add_found(A, 0.0)

    sizes = (1, 2, 3, 3)
    settled = [settle_queue.is_settled(A, FileProbe(signature=signature(size=n), has_writer=None), 1.0) for n in sizes]

    assert settled == [False, False, False, True]


def test_without_a_settling_time_a_file_that_is_written_is_not_probed_all_the_time() -> None:
    settle_queue = SettleQueue(0.0)
    settle_queue.add_found(A, 0.0)
    settle_queue.is_settled(A, FileProbe(signature=ONE, has_writer=True), 0.0)

    due = settle_queue.next_due()
    assert due is not None
    assert due > 0.0


def test_a_path_rests_after_an_ingest_and_its_last_change_is_not_lost() -> None:
    settle_queue = SettleQueue(2.0)
    settle_queue.start_rest(A, 10.0, seconds=0.001)
    for tenth in range(9):
        settle_queue.add_closed(A, 10.0 + tenth / 10)

    assert settle_queue.due(10.9) == []
    assert settle_queue.due(11.0) == [A]
    assert settle_queue.is_settled(A, FileProbe(signature=ONE, has_writer=None), 11.0)


def test_a_long_ingest_makes_for_a_long_rest() -> None:
    settle_queue = SettleQueue(2.0)
    settle_queue.start_rest(A, 10.0, seconds=3.0)
    settle_queue.add_found(A, 11.0)

    assert settle_queue.next_due() == 40.0


def test_a_rest_that_is_over_delays_nothing_and_is_forgotten() -> None:
    settle_queue = SettleQueue(2.0)
    for number in range(5000):
        settle_queue.start_rest(b"%d" % number, float(number), seconds=0.0)
    settle_queue.add_closed(b"1", 9000.0)

    assert settle_queue.due(9000.0) == [b"1"]
    assert len(settle_queue._rest_until) < 2000


def test_what_probes_did_not_settle_is_listed_the_oldest_first() -> None:
    settle_queue = SettleQueue(2.0)
    settle_queue.add_found(B, 1.0)
    settle_queue.add_found(A, 2.0)
    settle_queue.add_closed(C, 3.0)
    assert settle_queue.unsettled() == []
    for path in (A, B):
        settle_queue.is_settled(path, FileProbe(signature=ONE, has_writer=True), 5.0)
    settle_queue.postpone(C, 6.0, postponements=0, since=settle_queue.since(C, 6.0))

    assert settle_queue.unsettled() == [(B, 1.0), (A, 2.0), (C, 3.0)]


def test_a_second_look_comes_later_and_once() -> None:
    settle_queue = SettleQueue(2.0)
    settle_queue.add_second_look(A, 5.0)
    settle_queue.add_second_look(A, 6.0)

    assert settle_queue.is_second_look(A)
    assert (settle_queue.due(7.9), settle_queue.due(8.0), settle_queue.unsettled()) == ([], [A], [])
    assert settle_queue.is_settled(A, FileProbe(signature=ONE, has_writer=None), 8.0)
    assert (len(settle_queue), settle_queue.is_second_look(A)) == (0, False)


def test_a_change_does_not_wait_for_the_second_look() -> None:
    settle_queue = SettleQueue(2.0)
    settle_queue.add_second_look(A, 5.0)
    settle_queue.add_closed(A, 6.0)

    assert (settle_queue.due(6.0), settle_queue.is_second_look(A)) == ([A], False)


def test_a_file_that_our_own_error_failed_is_tried_again_at_least_once_an_hour() -> None:
    settle_queue = SettleQueue(2.0)
    pauses = []
    for count in range(10):
        settle_queue.postpone(A, 0.0, postponements=count, pauses=(RETRY_FAILED, MAX_RETRY_FAILED))
        pauses.append(settle_queue.next_due())

    assert pauses[:3] == [60.0, 120.0, 240.0]
    assert max(pause or 0.0 for pause in pauses) == 3600.0
