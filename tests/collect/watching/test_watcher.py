"""Real file events → signs: each way in which a dump can come into a folder."""

from __future__ import annotations

import os
import queue
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from monitor.collect.watching.folder import Folder
from monitor.collect.watching.watcher import MOVE_DELAY, FolderIdentity, Watcher, folder_identity
from tests.collect.samples import put, raw
from tests.kernel import short_queue
from tests.rights import without_override

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the signs of other systems are poorer")

DEADLINE = 30.0  # seconds; met within milliseconds
Signs = queue.Queue[tuple[bytes, bool]]


@contextmanager
def watching(path: Path, *, is_recursive: bool = False, files: str = "*.txt") -> Iterator[tuple[Watcher, Signs]]:
    """A started watcher on one folder and the signs it gives, as path and whether it is closed."""
    signs: Signs = queue.Queue()
    folder = Folder(source="motie", path=os.fsencode(path), files=(files,), is_recursive=is_recursive)
    watcher = Watcher([folder], lambda path, *, is_closed: signs.put((path, is_closed)))
    arm_all(watcher)
    try:
        yield watcher, signs
    finally:
        watcher.stop()


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


def until(signs: Signs, last: tuple[bytes, bool]) -> list[tuple[bytes, bool]]:
    """Every sign up to the one that is waited for."""
    seen = [signs.get(timeout=DEADLINE)]
    while seen[-1] != last:
        seen.append(signs.get(timeout=DEADLINE))
    return seen


def arm_all(watcher: Watcher) -> tuple[bytes, ...]:
    """Arm every folder that is there and is not heard, as the supervisor does each second; those it has armed."""
    places = {path: folder_identity(path) for path in watcher.paths}
    fresh = {
        path: p for path, p in places.items() if isinstance(p, FolderIdentity) and not watcher.is_watching(path, p)
    }
    for path, place in fresh.items():
        watcher.watch(path, place)
    return tuple(fresh)


def rearmed(watcher: Watcher) -> tuple[bytes, ...]:
    """What is armed once something is to be."""
    end = time.monotonic() + DEADLINE
    while not (fresh := arm_all(watcher)):
        assert time.monotonic() < end, "nothing was armed"
    return fresh


def move_in(inbox: Path) -> None:
    outside = inbox.parent / "outside"
    put(outside, b"text")
    outside.rename(inbox / "x.txt")


def rename(inbox: Path) -> None:
    put(inbox / ".x.txt.part", b"text")
    (inbox / ".x.txt.part").rename(inbox / "x.txt")


def hard_link(inbox: Path) -> None:
    outside = inbox.parent / "outside"
    put(outside, b"text")
    (inbox / "x.txt").hardlink_to(outside)


def soft_link(inbox: Path) -> None:
    (inbox / "x.txt").symlink_to("nowhere")


def append(inbox: Path) -> None:
    with (inbox / "x.txt").open("a") as file:
        file.write("text")


# (what, how the file comes, whether the last sign of it says that it is closed)
WAYS: list[tuple[str, Callable[[Path], object], bool]] = [
    ("written and closed", lambda inbox: put(inbox / "x.txt"), True),
    ("written empty", lambda inbox: put(inbox / "x.txt", b""), True),
    ("appended to", append, True),
    ("moved in", move_in, True),
    ("written under another name and renamed", rename, True),
    ("linked in", hard_link, False),
    ("a symbolic link", soft_link, False),
]


@pytest.mark.parametrize(("what", "come", "is_closed"), WAYS, ids=[row[0] for row in WAYS])
def test_a_file_gives_a_sign_however_it_comes(
    what: str, come: Callable[[Path], object], is_closed: bool, inbox: Path
) -> None:
    path = raw(inbox, b"x.txt")

    with watching(inbox) as (_, signs):
        come(inbox)
        seen = until(signs, (path, is_closed))

    assert {sign for sign, _ in seen} == {path}


@pytest.mark.parametrize("name", [b"\xb0\xa1\xb3\xaa.txt", b"a\nb.txt", b"\x1b[31m.txt", "수출.txt".encode()])
def test_a_name_of_any_bytes_comes_through_as_it_is(name: bytes, inbox: Path) -> None:
    with watching(inbox) as (_, signs):
        until(signs, (put(raw(inbox, name)), True))


def touch_others(inbox: Path) -> None:
    for name in (".x.txt", "x.txt~", "x.txt.part", "x.tmp", "x.csv", "desktop.ini"):
        put(inbox / name)


def move_out(inbox: Path) -> None:
    (inbox / "there.txt").rename(inbox.parent / "gone.txt")


# What gives no sign; a file "there.txt" and a subfolder "sub" stand in the folder.
SILENT: list[tuple[str, Callable[[Path], object]]] = [
    ("names that are ignored or not asked for", touch_others),
    ("reading", lambda inbox: (inbox / "there.txt").read_bytes()),
    ("touching", lambda inbox: os.utime(inbox / "there.txt", (1, 1))),
    ("changing the mode", lambda inbox: (inbox / "there.txt").chmod(0o600)),
    ("deleting", lambda inbox: (inbox / "there.txt").unlink()),
    ("moving out", move_out),
    ("a subfolder's files", lambda inbox: put(inbox / "sub" / "x.txt")),
    ("a folder named like a file", lambda inbox: (inbox / "folder.txt").mkdir()),
]


@pytest.mark.parametrize(("what", "act"), SILENT, ids=[row[0] for row in SILENT])
def test_what_brings_no_dump_gives_no_sign(what: str, act: Callable[[Path], object], inbox: Path) -> None:
    put(inbox / "there.txt")
    (inbox / "sub").mkdir()

    with watching(inbox) as (_, signs):
        act(inbox)
        end = put(inbox / "end.txt")
        seen = until(signs, (end, True))

    assert {sign for sign, _ in seen} == {end}


def test_a_recursive_watch_hears_subfolders_but_not_ignored_ones(inbox: Path) -> None:
    (inbox / "sub").mkdir()
    (inbox / ".rsync-partial").mkdir()

    with watching(inbox, is_recursive=True) as (_, signs):
        put(inbox / ".rsync-partial" / "x.txt")
        path = put(inbox / "sub" / "x.txt")
        seen = until(signs, (path, True))

    assert {sign for sign, _ in seen} == {path}


def test_a_recursive_watch_hears_a_subfolder_that_was_moved_in(inbox: Path) -> None:
    (inbox.parent / "sub").mkdir()
    put(inbox.parent / "sub" / "x.txt")

    with watching(inbox, is_recursive=True) as (_, signs):
        (inbox.parent / "sub").rename(inbox / "sub")
        until(signs, (raw(inbox, b"sub/x.txt"), False))


def test_a_folder_reached_by_a_link_is_heard_under_the_path_it_was_given(inbox: Path) -> None:
    link = inbox.parent / "link"
    link.symlink_to(inbox)

    with watching(link) as (_, signs):
        put(inbox / "x.txt")
        until(signs, (raw(link, b"x.txt"), True))


def test_a_folder_that_appears_later_is_armed_once(tmp_path: Path) -> None:
    inbox = tmp_path / "in"

    with watching(inbox) as (watcher, signs):
        assert arm_all(watcher) == ()
        inbox.mkdir()
        assert (arm_all(watcher), arm_all(watcher)) == ((os.fsencode(inbox),), ())
        until(signs, (put(inbox / "x.txt"), True))


def remake(inbox: Path) -> None:
    shutil.rmtree(inbox)
    inbox.mkdir()


def rename_away(inbox: Path) -> None:
    inbox.rename(inbox.parent / "away")
    inbox.mkdir()


def exchange(inbox: Path) -> None:
    other = inbox.parent / "other"
    other.mkdir()
    put(other / "old.txt")
    shutil.rmtree(inbox)
    other.rename(inbox)


@pytest.mark.parametrize("act", [remake, rename_away, exchange])
def test_a_folder_made_anew_is_heard_again(act: Callable[[Path], None], inbox: Path) -> None:
    put(inbox / "before.txt")

    with watching(inbox) as (watcher, signs):
        act(inbox)
        assert rearmed(watcher) == (os.fsencode(inbox),)
        until(signs, (put(inbox / "x.txt"), True))


def test_a_file_under_the_path_of_a_folder_is_not_armed(tmp_path: Path) -> None:
    put(tmp_path / "in")

    with watching(tmp_path / "in") as (watcher, _):
        assert arm_all(watcher) == ()


def test_a_watcher_is_alive_from_start_to_stop(inbox: Path) -> None:
    watcher = Watcher([Folder(source="motie", path=os.fsencode(inbox))], lambda path, *, is_closed: None)
    watcher.stop()
    before = watcher.is_alive

    arm_all(watcher)
    during = watcher.is_alive
    watcher.stop()
    watcher.stop()

    assert (before, during, watcher.is_alive) == (False, True, False)


def test_a_folder_that_must_not_be_read_is_armed_once_it_may(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(0o311)

    with ExitStack() as stack:
        with without_override():
            watcher, signs = stack.enter_context(watching(folder))
            assert arm_all(watcher) == ()
        folder.chmod(0o755)
        assert rearmed(watcher) == (os.fsencode(folder),)
        until(signs, (put(folder / "x.txt"), True))


def far_away(path: Path) -> Path:
    """A folder that short links lead to and whose real path is longer than the system allows."""
    for number in range(3):
        deep = path.joinpath(*[f"{number}" * 250] * 8)
        deep.mkdir(parents=True)
        (path / "on").symlink_to(deep.relative_to(path))
        path = path / "on"
    return path


def test_a_folder_that_cannot_be_watched_is_an_error_and_leaves_nothing_running(tmp_path: Path) -> None:
    watcher = Watcher([Folder(source="motie", path=os.fsencode(far_away(tmp_path)))], lambda path, *, is_closed: None)

    with pytest.raises(OSError, match="too long"):
        arm_all(watcher)

    assert not watcher.is_alive


@contextmanager
def no_descriptors() -> Iterator[None]:
    """The process may open nothing more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_system_that_gives_no_events_is_an_error_and_leaves_nothing_running(inbox: Path) -> None:
    with watching(inbox) as (_, signs):  # what is loaded on demand is loaded now
        until(signs, (put(inbox / "x.txt"), True))
    watcher = Watcher([Folder(source="motie", path=os.fsencode(inbox))], lambda path, *, is_closed: None)
    place = folder_identity(os.fsencode(inbox))
    assert isinstance(place, FolderIdentity)

    with no_descriptors(), pytest.raises(OSError, match=r"limit|files"):
        watcher.watch(os.fsencode(inbox), place)

    assert not watcher.is_alive


def test_sources_that_share_a_folder_both_hear_of_their_files(inbox: Path) -> None:
    signs: Signs = queue.Queue()
    names = [("press", "press_*.txt"), ("photo", "photo_*.txt")]
    folders = [Folder(source=source, path=os.fsencode(inbox), files=(files,)) for source, files in names]
    watcher = Watcher(folders, lambda path, *, is_closed: signs.put((path, is_closed)))
    arm_all(watcher)
    try:
        put(inbox / "press_1.txt")
        until(signs, (raw(inbox, b"press_1.txt"), True))
        put(inbox / "photo_1.txt")
        until(signs, (raw(inbox, b"photo_1.txt"), True))
    finally:
        watcher.stop()


def test_an_error_in_a_handler_is_counted_and_the_next_event_comes_through(inbox: Path) -> None:
    signs: Signs = queue.Queue()

    def sign(path: bytes, *, is_closed: bool) -> None:
        if path.endswith(b"bad.txt"):
            raise RuntimeError("injected")
        signs.put((path, is_closed))

    watcher = Watcher([Folder(source="motie", path=os.fsencode(inbox))], sign)
    arm_all(watcher)
    try:
        put(inbox / "bad.txt")
        until(signs, (put(inbox / "good.txt"), True))
        assert watcher.errors == 2  # it was created, and closed
        assert arm_all(watcher) == ()
    finally:
        watcher.stop()


def end_observer(watcher: Watcher) -> None:
    """As an exception on its thread would, with all the rest left behind."""
    observer = watcher._observer
    assert observer is not None
    observer._stopped_event.set()
    observer.event_queue.put(observer.stop_event)
    threading.Thread.join(observer, DEADLINE)


def end_emitter(watcher: Watcher) -> None:
    assert watcher._observer is not None
    for emitter in watcher._observer.emitters:
        emitter.stop()
        emitter.join(DEADLINE)


def end_reader(watcher: Watcher) -> None:
    assert watcher._observer is not None
    reader = watcher._observer._inotify_fd  # type: ignore[attr-defined]
    reader.stop()
    reader.join(DEADLINE)


@pytest.mark.parametrize("end", [end_observer, end_emitter, end_reader])
def test_a_dead_thread_of_the_library_is_noticed_and_replaced(end: Callable[[Watcher], None], inbox: Path) -> None:
    with watching(inbox) as (watcher, signs):
        end(watcher)
        assert rearmed(watcher) == (os.fsencode(inbox),)
        until(signs, (put(inbox / "x.txt"), True))


def test_a_disarmed_folder_gives_no_sign_and_can_be_armed_again(inbox: Path) -> None:
    with watching(inbox) as (watcher, signs):
        watcher.unwatch(os.fsencode(inbox))
        put(inbox / "unheard.txt")
        assert rearmed(watcher) == (os.fsencode(inbox),)
        last = (put(inbox / "x.txt"), True)
        assert {path for path, _ in until(signs, last)} == {last[0]}


def test_the_librarys_wait_behind_a_move_out_is_short(inbox: Path) -> None:
    """An internal of the library: this fails when it moves, and moves out delay every event by half a second again."""
    with watching(inbox) as (watcher, _):
        assert watcher._observer is not None
        [emitter] = watcher._observer.emitters
        grouper = emitter._inotify._move_event_grouper  # type: ignore[attr-defined]
        assert grouper._queue.delay == MOVE_DELAY


@pytest.mark.alone
def test_an_overflow_of_the_kernels_queue_is_told(inbox: Path) -> None:
    lost = threading.Event()
    folder = Folder(source="motie", path=os.fsencode(inbox))
    watcher = Watcher([folder], lambda path, *, is_closed: None, on_overflow=lost.set)
    with short_queue(8):
        arm_all(watcher)
    try:
        end = time.monotonic() + DEADLINE
        while not lost.is_set():
            assert time.monotonic() < end
            subprocess.run(
                ["sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do : > a.txt; : > b.txt; done"], cwd=inbox, check=True
            )
        assert arm_all(watcher) == ()  # it is as alive as before
    finally:
        watcher.stop()
