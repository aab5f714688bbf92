"""Reading a dropped file: only regular files, only one state of them, never a hang, never a touch."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from monitor.collect.file_reader import FileContent, Skipped, file_times, open_file, read_content, unread_identity
from monitor.collect.watching.racy import smudged
from monitor.errors import FileChanged
from tests.collect.samples import put, raw, signature, signed
from tests.servers import short_path

LARGE = 1 << 26  # bytes; reading so many takes long enough for a writer to come in between


def take(path: bytes, *, follow_symlinks: bool = False, max_file: int = 1 << 30) -> FileContent:
    with open_file(path, follow_symlinks=follow_symlinks) as file:
        return read_content(file, max_file=max_file)


def link(path: Path, target: str | Path) -> None:
    path.symlink_to(target)


def fifo(path: Path) -> None:
    os.mkfifo(path.with_name("fifo"))
    link(path, "fifo")


def bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as door, short_path(path) as name:
        door.bind(name)


# (what, how it comes to be, part of the reason)
SKIPPED: list[tuple[str, Callable[[Path], object], str]] = [
    ("a link", lambda path: link(path, Path(put(path.with_name("real"), b"text").decode())), "symbolic link"),
    ("a dangling link", lambda path: link(path, "nowhere"), "symbolic link"),
    ("a link to itself", lambda path: link(path, path.name), "symbolic link"),
    ("a link to a device", lambda path: link(path, "/dev/zero"), "symbolic link"),
    ("a link to a folder", lambda path: link(path, path.parent), "symbolic link"),
    ("a FIFO", os.mkfifo, "not a regular file"),
    ("a socket", bind, "not a regular file"),
    ("a folder", Path.mkdir, "not a regular file"),
]

FOLLOWED: list[tuple[str, Callable[[Path], object]]] = [
    ("a device", lambda path: link(path, "/dev/zero")),
    ("a folder", lambda path: link(path, path.parent)),
    ("a FIFO", fifo),
]


@pytest.mark.parametrize(("what", "make", "reason"), SKIPPED, ids=[row[0] for row in SKIPPED])
def test_what_is_no_regular_file_is_skipped_with_its_reason(
    what: str, make: Callable[[Path], object], reason: str, tmp_path: Path
) -> None:
    make(tmp_path / "x.txt")

    with pytest.raises(Skipped, match=reason):
        take(raw(tmp_path, b"x.txt"))


@pytest.mark.parametrize(("what", "make"), FOLLOWED, ids=[row[0] for row in FOLLOWED])
def test_a_followed_link_leads_to_a_regular_file_or_is_skipped(
    what: str, make: Callable[[Path], object], tmp_path: Path
) -> None:
    make(tmp_path / "x.txt")

    with pytest.raises(Skipped, match="not a regular file"):
        take(raw(tmp_path, b"x.txt"), follow_symlinks=True)


def test_a_file_is_read_whole_with_its_hash_and_signature(tmp_path: Path) -> None:
    path = put(tmp_path / "x.txt", b"text" * 1_000_000)  # more than one chunk

    content = take(path)

    assert content == FileContent(
        content=b"text" * 1_000_000,
        sha256=sha256(b"text" * 1_000_000).digest(),
        signature=signed(tmp_path / "x.txt"),
        fault="",
    )


def test_an_empty_file_is_read(tmp_path: Path) -> None:
    assert take(put(tmp_path / "x.txt", b"")).content == b""


def test_a_link_is_followed_where_that_is_allowed(tmp_path: Path) -> None:
    put(tmp_path / "real", b"text")
    link(tmp_path / "x.txt", "real")

    content = take(raw(tmp_path, b"x.txt"), follow_symlinks=True)

    assert content.content == b"text"
    assert content.signature == signed(tmp_path / "real")


@pytest.mark.parametrize("follow", [False, True])
def test_a_vanished_file_is_an_ordinary_error(follow: bool, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        take(raw(tmp_path, b"x.txt"), follow_symlinks=follow)


def test_a_followed_dangling_link_is_an_ordinary_error(tmp_path: Path) -> None:
    link(tmp_path / "x.txt", "nowhere")

    with pytest.raises(FileNotFoundError):
        take(raw(tmp_path, b"x.txt"), follow_symlinks=True)


@pytest.mark.parametrize("name", [b"\xb0\xa1\xb3\xaa.txt", b"a\nb.txt", b"\x1b[31m.txt", b"x" * 255])
def test_any_name_can_be_read(name: bytes, tmp_path: Path) -> None:
    assert take(put(raw(tmp_path, name), b"text")).content == b"text"


@pytest.mark.parametrize(("size", "is_kept"), [(100, True), (101, False)])
def test_a_file_beyond_the_bound_is_not_read(size: int, is_kept: bool, tmp_path: Path) -> None:
    path = put(tmp_path / "x.txt", b"x" * size)
    content = take(path, max_file=100)

    assert content.content == (b"x" * size if is_kept else b"")
    unread = unread_identity(path, content.signature)
    assert content.sha256 == (sha256(b"x" * size).digest() if is_kept else unread)
    assert content.fault == ("" if is_kept else "the file has 101 bytes, more than max_file (100)")


def test_reading_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = put(tmp_path / "x.txt", b"text")
    before = signed(tmp_path / "x.txt")

    take(path)

    assert signed(tmp_path / "x.txt") == before


@contextmanager
def busy(act: Callable[[], object]) -> Iterator[None]:
    """Another thread does this over and over; it has begun when the block begins."""
    begun, ended = threading.Event(), threading.Event()

    def run() -> None:
        while not ended.is_set():
            act()
            begun.set()

    thread = threading.Thread(target=run)
    thread.start()
    begun.wait(timeout=30)
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_a_file_rewritten_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path / "x.txt")
    os.truncate(path, LARGE)

    with (
        (tmp_path / "x.txt").open("r+b") as file,
        busy(lambda: os.pwrite(file.fileno(), b"y", 0)),
        pytest.raises(FileChanged),
    ):
        take(path)


def test_a_file_that_grows_as_fast_as_it_is_read_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path / "x.txt")
    os.truncate(path, LARGE)

    with (
        (tmp_path / "x.txt").open("ab", buffering=0) as file,
        busy(lambda: file.write(b"y")),
        pytest.raises(FileChanged),
    ):
        take(path)


def test_a_file_held_open_can_be_read_again_and_is_the_same(tmp_path: Path) -> None:
    path = put(tmp_path / "x.txt", b"text" * 1_000_000)

    with open_file(path) as file:
        digest = file.sha256()
        assert b"".join(file.verified_chunks(digest)) == b"".join(file.verified_chunks(digest)) == b"text" * 1_000_000
        assert file.first_bytes(6) == b"textte"


def test_others_have_their_turn_between_two_chunks(tmp_path: Path) -> None:
    turns: list[int] = []
    with open_file(put(tmp_path / "x.txt", b"text" * 1_000_000)) as file:
        file.pause = lambda: turns.append(1)
        chunks = list(file.chunks())

    assert len(turns) == len(chunks) > 1


def overwrite(path: Path, mode: str) -> None:
    with path.open(mode) as file:
        file.write(b"y")


# (what, what happens to the open file after its first chunk)
TOUCHED: list[tuple[str, Callable[[Path], object]]] = [
    ("rewritten in place", lambda path: overwrite(path, "r+b")),
    ("truncated", lambda path: os.truncate(path, 10)),
    ("appended to", lambda path: overwrite(path, "ab")),
    ("deleted", os.unlink),
]


@pytest.mark.parametrize(("what", "act"), TOUCHED, ids=[row[0] for row in TOUCHED])
def test_what_happens_to_a_file_half_way_is_told_at_the_next_chunk(
    what: str, act: Callable[[Path], object], tmp_path: Path
) -> None:
    with open_file(put(tmp_path / "x.txt", b"text" * 1_000_000, mtime=100)) as file:
        chunks = file.chunks()
        next(chunks)
        act(tmp_path / "x.txt")
        with pytest.raises(FileChanged):
            next(chunks)


def test_other_bytes_under_an_old_signature_are_told_at_the_end(tmp_path: Path) -> None:
    with open_file(put(tmp_path / "x.txt", b"text")) as file:
        chunks = file.verified_chunks(sha256(b"other").digest())
        assert next(chunks) == b"text"
        with pytest.raises(FileChanged):
            next(chunks)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such a file at hand")
def test_a_file_that_holds_more_than_it_says_is_refused_and_not_shortened() -> None:
    with pytest.raises(FileChanged):
        take(b"/proc/self/status")


def test_a_file_replaced_by_another_is_read_in_its_old_state(tmp_path: Path) -> None:
    path = put(tmp_path / "x.txt", b"old")
    before = signed(tmp_path / "x.txt")
    content = take(path)
    put(tmp_path / "new", b"new")
    (tmp_path / "new").rename(tmp_path / "x.txt")

    assert (content.content, content.signature) == (b"old", before)
    assert signed(tmp_path / "x.txt") != before


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (1_719_792_000, datetime(2024, 7, 1, tzinfo=UTC)),
        (-1, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (300_000_000_000, datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_a_file_came_at_its_modification_time(seconds: int, expected: datetime) -> None:
    assert file_times(signature(mtime_ns=seconds * 1_000_000_000))[0] == expected


def test_the_kept_time_of_a_file_that_has_just_arrived_is_older_than_its_entry() -> None:
    written, changed = file_times(smudged(signature(mtime_ns=1_000_000_000)))
    assert written < changed
