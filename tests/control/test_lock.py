"""One monitor per state folder, and everybody can tell which."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from monitor.control.lock import COMMAND, Holder, hold, holder
from monitor.errors import LockHeld, StoreError
from monitor.testing import NOON
from tests.waiting import DEADLINE, line_of

ROOT = Path(__file__).parents[2]


@contextmanager
def another_monitor(state: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that holds the folder's lock."""
    command = [sys.executable, "-m", "tests.control.lock_child", str(state)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        try:
            assert line_of(process) == "held"
            yield process
        finally:
            process.kill()


def test_a_second_monitor_is_refused_with_who_holds_the_folder(state: Path) -> None:
    with another_monitor(state) as first, pytest.raises(LockHeld) as caught, hold(state, verb="ingest", now=NOON):
        pass
    told = f"in use by pid {first.pid} on {socket.gethostname()} since 2026-11-22T12:00:00Z (run)"
    assert told in caught.value.message
    assert (caught.value.exit_code, caught.value.where) == (11, str(state))


def test_a_command_is_waited_for_and_a_daemon_starts_all_the_same(state: Path) -> None:
    taken, given = threading.Event(), threading.Event()

    def execute() -> None:
        with hold(state, verb=COMMAND, now=NOON):
            taken.set()
            given.wait(DEADLINE)

    thread = threading.Thread(target=execute)
    thread.start()
    assert taken.wait(DEADLINE)
    later = threading.Timer(0.2, given.set)
    later.start()
    with hold(state, verb="run", now=NOON):
        assert given.is_set()
    for one in (thread, later):
        one.join(DEADLINE)


def test_a_command_that_hangs_is_not_waited_for_for_ever(state: Path) -> None:
    with (
        hold(state, verb=COMMAND, now=NOON),
        pytest.raises(LockHeld, match=r"\(order\); wait until it has ended"),
        hold(state, verb="run", now=NOON),
    ):
        pass


def test_who_holds_a_folder_can_be_seen_from_outside(state: Path) -> None:
    with another_monitor(state) as first:
        seen = holder(state)
    assert seen == Holder(pid=first.pid, host=socket.gethostname(), since="2026-11-22T12:00:00Z", verb="run")


def test_a_killed_monitor_holds_nothing_whatever_its_file_says(state: Path) -> None:
    with another_monitor(state) as first:
        first.kill()
        first.wait(DEADLINE)
        assert str(first.pid) in (state / "monitor.lock").read_text()
        assert holder(state) is None
        with hold(state, verb="run", now=NOON):
            pass


def test_a_monitor_that_ends_frees_the_folder(state: Path) -> None:
    with another_monitor(state) as first:
        first.communicate(timeout=DEADLINE)
        assert holder(state) is None
        assert (state / "monitor.lock").read_text() == ""


def test_a_refused_monitor_leaves_the_holder_as_it_was(state: Path) -> None:
    with another_monitor(state) as first:
        with pytest.raises(LockHeld), hold(state, verb="ingest", now=NOON):
            pass
        seen = holder(state)
        assert seen is not None
        assert seen.pid == first.pid


def test_an_error_in_the_block_frees_the_folder(state: Path) -> None:
    with pytest.raises(ZeroDivisionError), hold(state, verb="run", now=NOON):
        raise ZeroDivisionError
    assert holder(state) is None
    with hold(state, verb="run", now=NOON):
        pass


def test_looking_never_makes_a_folder(state: Path) -> None:
    assert holder(state) is None
    assert not state.exists()


def test_looking_takes_nothing_away(state: Path) -> None:
    with hold(state, verb="run", now=NOON):
        assert [holder(state), holder(state)].count(None) == 0


@pytest.mark.parametrize("left", ["", "{", '{"pid": 1}', "[]", "\udcff", "[" * 9999, "\0" * 5000])
def test_a_torn_lock_file_is_nobody(state: Path, left: str) -> None:
    state.mkdir()
    (state / "monitor.lock").write_bytes(left.encode("utf-8", "surrogateescape"))
    assert holder(state) is None
    with hold(state, verb="run", now=NOON):
        assert holder(state) is not None


def test_a_state_folder_that_is_a_file_cannot_be_locked(state: Path) -> None:
    state.write_text("")
    with pytest.raises(StoreError, match="cannot be used"), hold(state, verb="run", now=NOON):
        pass


def test_a_lock_of_a_stranger_is_named_by_its_process(state: Path) -> None:
    state.mkdir()
    (state / "monitor.lock").write_text('{"pid": 1, "host": "a", "since": "2026-11-22T12:00:00Z", "verb": "run"}')
    take = "import fcntl,sys; f=open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_SH); print('held', flush=True); input()"
    command = [sys.executable, "-c", take, str(state / "monitor.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as stranger:
        assert line_of(stranger) == "held"
        with pytest.raises(LockHeld) as caught, hold(state, verb="run", now=NOON):
            pass
        stranger.kill()
    if Path("/proc/locks").exists():
        assert f"pid {stranger.pid} (program python" in caught.value.message


def test_a_new_folder_and_its_lock_are_closed_to_others_whatever_the_umask(state: Path) -> None:
    before = os.umask(0)
    try:
        with hold(state, verb="run", now=NOON):
            assert [path.stat().st_mode & 0o777 for path in (state, state / "monitor.lock")] == [0o700, 0o600]
    finally:
        os.umask(before)


def test_a_lock_that_no_longer_protects_the_folder_says_so(state: Path) -> None:
    with hold(state, verb="run", now=NOON) as lost:
        assert lost() == ""
        kept = (state / "monitor.lock").rename(state / "kept")
        assert lost() == "monitor.lock is gone from the state folder"
        (state / "monitor.lock").touch()
        assert "another file than the one" in lost()
        kept.rename(state / "monitor.lock")
        assert lost() == ""


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_a_folder_or_a_pipe_in_place_of_the_lock_is_nobody(state: Path, make: Callable[[Path], None]) -> None:
    state.mkdir()
    make(state / "monitor.lock")
    assert holder(state) is None
