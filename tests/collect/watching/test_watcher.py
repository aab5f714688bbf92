"""Each way in which a dump can come into a folder, with real file events."""

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
from monitor.collect.watching.watcher import MOVE_DELAY, FolderStat, Watcher, stat_folder
from tests.collect.samples import LEVELS, nest, put, raw
from tests.kernel import short_queue
from tests.rights import without_override

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have fewer kinds of events")

DEADLINE = 30.0  # seconds; met within milliseconds
Events = queue.Queue[tuple[bytes, bool]]


@contextmanager
def watching(
    path: Path, *, is_recursive: bool = False, files: str = "*.txt", follows_links: bool = False
) -> Iterator[tuple[Watcher, Events]]:
    """A started watcher on one folder and the events it gives, as path and whether it is closed."""
    events: Events = queue.Queue()
    folder = Folder(
        source="motie",
        path=os.fsencode(path),
        files=(files,),
        is_recursive=is_recursive,
        follows_links=follows_links,
    )
    watcher = Watcher([folder], lambda path, *, is_closed: events.put((path, is_closed)))
    watch_all(watcher)
    try:
        yield watcher, events
    finally:
        watcher.stop()


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


def until(events: Events, last: tuple[bytes, bool]) -> list[tuple[bytes, bool]]:
    """Every event up to the one that is waited for."""
    seen = [events.get(timeout=DEADLINE)]
    while seen[-1] != last:
        seen.append(events.get(timeout=DEADLINE))
    return seen


def watch_all(watcher: Watcher) -> tuple[bytes, ...]:
    """Watch every folder that exists and is not watched, as the supervisor does each second; return these."""
    places = {path: stat_folder(path) for path in watcher.paths}
    started = {path: p for path, p in places.items() if isinstance(p, FolderStat) and not watcher.is_watching(path, p)}
    for path, place in started.items():
        watcher.watch(path, place)
    return tuple(started)


def watched_again(watcher: Watcher) -> tuple[bytes, ...]:
    """Return the folders that are watched again, once there are some."""
    end = time.monotonic() + DEADLINE
    while not (started := watch_all(watcher)):
        assert time.monotonic() < end, "nothing was watched again"
    return started


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


# (what, how the file comes, whether the last event of it says that it is closed)
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
def test_a_file_gives_an_event_however_it_comes(
    what: str, come: Callable[[Path], object], is_closed: bool, inbox: Path
) -> None:
    path = raw(inbox, b"x.txt")

    with watching(inbox) as (_, events):
        come(inbox)
        seen = until(events, (path, is_closed))

    assert {event for event, _ in seen} == {path}


@pytest.mark.parametrize("name", [b"\xb0\xa1\xb3\xaa.txt", b"a\nb.txt", b"\x1b[31m.txt", "수출.txt".encode()])
def test_a_name_of_any_bytes_comes_through_as_it_is(name: bytes, inbox: Path) -> None:
    with watching(inbox) as (_, events):
        until(events, (put(raw(inbox, name)), True))


def touch_others(inbox: Path) -> None:
    for name in (".x.txt", "x.txt~", "x.txt.part", "x.tmp", "x.csv", "desktop.ini"):
        put(inbox / name)


def move_out(inbox: Path) -> None:
    (inbox / "there.txt").rename(inbox.parent / "gone.txt")


# What gives no event; a file "there.txt" and a subfolder "sub" stand in the folder.
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
def test_what_brings_no_dump_gives_no_event(what: str, act: Callable[[Path], object], inbox: Path) -> None:
    put(inbox / "there.txt")
    (inbox / "sub").mkdir()

    with watching(inbox) as (_, events):
        act(inbox)
        end = put(inbox / "end.txt")
        seen = until(events, (end, True))

    assert {event for event, _ in seen} == {end}


def test_a_recursive_watch_reports_subfolders_but_not_ignored_ones(inbox: Path) -> None:
    (inbox / "sub").mkdir()
    (inbox / ".rsync-partial").mkdir()

    with watching(inbox, is_recursive=True) as (_, events):
        put(inbox / ".rsync-partial" / "x.txt")
        path = put(inbox / "sub" / "x.txt")
        seen = until(events, (path, True))

    assert {event for event, _ in seen} == {path}


def test_a_recursive_watch_reports_a_subfolder_that_was_moved_in(inbox: Path) -> None:
    (inbox.parent / "sub").mkdir()
    put(inbox.parent / "sub" / "x.txt")

    with watching(inbox, is_recursive=True) as (_, events):
        (inbox.parent / "sub").rename(inbox / "sub")
        until(events, (raw(inbox, b"sub/x.txt"), False))


def test_subfolders_are_watched_at_any_depth_also_those_that_are_moved_in(top: Path) -> None:
    path = nest(top, LEVELS)
    (top.parent / "more").mkdir()
    nest(top.parent / "more", LEVELS)

    with watching(top, is_recursive=True) as (watcher, events):
        append(Path(os.fsdecode(path)).parent)
        until(events, (path, True))
        (top.parent / "more").rename(top / "more")
        until(events, (raw(top, b"more") + b"/d" * LEVELS + b"/x.txt", False))
        assert watch_all(watcher) == ()  # no thread of the library has ended


def test_a_new_link_to_a_folder_is_watched_as_well_where_links_are_followed(inbox: Path) -> None:
    (inbox.parent / "elsewhere").mkdir()

    with watching(inbox, is_recursive=True, follows_links=True) as (watcher, events):
        (inbox / "link").symlink_to(inbox.parent / "elsewhere")
        assert watched_again(watcher) == (os.fsencode(inbox),)
        put(inbox.parent / "elsewhere" / "x.txt")
        until(events, (raw(inbox, b"link/x.txt"), True))


def test_a_folder_reached_by_a_link_is_reported_under_the_path_it_was_given(inbox: Path) -> None:
    link = inbox.parent / "link"
    link.symlink_to(inbox)

    with watching(link) as (_, events):
        put(inbox / "x.txt")
        until(events, (raw(link, b"x.txt"), True))


def test_a_folder_that_appears_later_is_watched_once(tmp_path: Path) -> None:
    inbox = tmp_path / "in"

    with watching(inbox) as (watcher, events):
        assert watch_all(watcher) == ()
        inbox.mkdir()
        assert (watch_all(watcher), watch_all(watcher)) == ((os.fsencode(inbox),), ())
        until(events, (put(inbox / "x.txt"), True))


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
def test_a_folder_made_again_is_watched_again(act: Callable[[Path], None], inbox: Path) -> None:
    put(inbox / "before.txt")

    with watching(inbox) as (watcher, events):
        act(inbox)
        assert watched_again(watcher) == (os.fsencode(inbox),)
        until(events, (put(inbox / "x.txt"), True))


def test_a_file_under_the_path_of_a_folder_is_not_watched(tmp_path: Path) -> None:
    put(tmp_path / "in")

    with watching(tmp_path / "in") as (watcher, _):
        assert watch_all(watcher) == ()


def test_a_watcher_is_alive_from_start_to_stop(inbox: Path) -> None:
    watcher = Watcher([Folder(source="motie", path=os.fsencode(inbox))], lambda path, *, is_closed: None)
    watcher.stop()
    before = watcher.is_alive

    watch_all(watcher)
    during = watcher.is_alive
    watcher.stop()
    watcher.stop()

    assert (before, during, watcher.is_alive) == (False, True, False)


def test_a_folder_that_must_not_be_read_is_watched_once_it_may(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(0o311)

    with ExitStack() as stack:
        with without_override():
            watcher, events = stack.enter_context(watching(folder))
            assert watch_all(watcher) == ()
        folder.chmod(0o755)
        assert watched_again(watcher) == (os.fsencode(folder),)
        until(events, (put(folder / "x.txt"), True))


def with_a_long_real_path(path: Path) -> Path:
    """A folder that short links lead to and whose real path is longer than the system allows."""
    for number in range(3):
        deep = path.joinpath(*[f"{number}" * 250] * 8)
        deep.mkdir(parents=True)
        (path / "on").symlink_to(deep.relative_to(path))
        path = path / "on"
    return path


def test_a_folder_that_cannot_be_watched_is_an_error_and_leaves_nothing_running(tmp_path: Path) -> None:
    watcher = Watcher(
        [Folder(source="motie", path=os.fsencode(with_a_long_real_path(tmp_path)))], lambda path, *, is_closed: None
    )

    with pytest.raises(OSError, match="too long"):
        watch_all(watcher)

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
    with watching(inbox) as (_, events):  # what is loaded on demand is loaded now
        until(events, (put(inbox / "x.txt"), True))
    watcher = Watcher([Folder(source="motie", path=os.fsencode(inbox))], lambda path, *, is_closed: None)
    place = stat_folder(os.fsencode(inbox))
    assert isinstance(place, FolderStat)

    with no_descriptors(), pytest.raises(OSError, match=r"limit|files"):
        watcher.watch(os.fsencode(inbox), place)

    assert not watcher.is_alive


def test_sources_that_share_a_folder_both_get_events_of_their_files(inbox: Path) -> None:
    events: Events = queue.Queue()
    names = [("press", "press_*.txt"), ("photo", "photo_*.txt")]
    folders = [Folder(source=source, path=os.fsencode(inbox), files=(files,)) for source, files in names]
    watcher = Watcher(folders, lambda path, *, is_closed: events.put((path, is_closed)))
    watch_all(watcher)
    try:
        put(inbox / "press_1.txt")
        until(events, (raw(inbox, b"press_1.txt"), True))
        put(inbox / "photo_1.txt")
        until(events, (raw(inbox, b"photo_1.txt"), True))
    finally:
        watcher.stop()


def test_an_error_in_a_handler_is_counted_and_the_next_event_comes_through(inbox: Path) -> None:
    events: Events = queue.Queue()

    def event(path: bytes, *, is_closed: bool) -> None:
        if path.endswith(b"bad.txt"):
            raise RuntimeError("injected")
        events.put((path, is_closed))

    watcher = Watcher([Folder(source="motie", path=os.fsencode(inbox))], event)
    watch_all(watcher)
    try:
        put(inbox / "bad.txt")
        until(events, (put(inbox / "good.txt"), True))
        assert watcher.errors == 2  # it was created, and closed
        assert watch_all(watcher) == ()
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
    with watching(inbox) as (watcher, events):
        end(watcher)
        assert watched_again(watcher) == (os.fsencode(inbox),)
        until(events, (put(inbox / "x.txt"), True))


def test_an_unwatched_folder_gives_no_event_and_can_be_watched_again(inbox: Path) -> None:
    with watching(inbox) as (watcher, events):
        watcher.unwatch(os.fsencode(inbox))
        put(inbox / "unreported.txt")
        assert watched_again(watcher) == (os.fsencode(inbox),)
        last = (put(inbox / "x.txt"), True)
        assert {path for path, _ in until(events, last)} == {last[0]}


def test_the_librarys_wait_behind_a_move_out_is_short(inbox: Path) -> None:
    """An internal of the library: this fails when it moves, and moves out delay every event by half a second again."""
    with watching(inbox) as (watcher, _):
        assert watcher._observer is not None
        [emitter] = watcher._observer.emitters
        grouper = emitter._inotify._move_event_grouper  # type: ignore[attr-defined]
        assert grouper._queue.delay == MOVE_DELAY


@pytest.mark.alone
def test_an_overflow_of_the_kernels_queue_is_reported(inbox: Path) -> None:
    lost = threading.Event()
    folder = Folder(source="motie", path=os.fsencode(inbox))
    watcher = Watcher([folder], lambda path, *, is_closed: None, on_overflow=lost.set)
    with short_queue(8):
        watch_all(watcher)
    try:
        end = time.monotonic() + DEADLINE
        while not lost.is_set():
            assert time.monotonic() < end
            subprocess.run(
                ["sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do : > a.txt; : > b.txt; done"], cwd=inbox, check=True
            )
        assert watch_all(watcher) == ()  # it is as alive as before
    finally:
        watcher.stop()
