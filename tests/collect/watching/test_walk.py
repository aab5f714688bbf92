"""How a folder is walked, whatever lies in a corner of it."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from monitor.collect.file_reader import Skipped, open_file
from monitor.collect.watching.folder import Folder
from monitor.collect.watching.walk import Walk
from tests.collect.samples import LEVELS, nest, put, raw
from tests.rights import without_override

TOO_DEEP = 2_100  # their path is longer than the system takes


def recursive(path: Path, *, follows_links: bool = False) -> Folder:
    return Folder(source="motie", path=os.fsencode(path), is_recursive=True, follows_links=follows_links)


def names(folder: Folder) -> list[str]:
    return sorted(folder.name_of(path) for path, _ in folder.scan().dumps)


def test_no_depth_is_too_deep_for_the_stack_or_for_the_descriptors(top: Path) -> None:
    path = nest(top, LEVELS)
    before = len(list(Path("/dev/fd").iterdir()))

    most = max(len(list(Path("/dev/fd").iterdir())) for _ in Walk(enters=lambda _: True).below(os.fsencode(top)))

    assert most <= before + 3  # this folder, its iterator, and the listing that counts
    assert [each for each, _ in recursive(top).scan().dumps] == [path]
    with open_file(path, root=os.fsencode(top)) as file:
        assert file.signature.size == 0


def test_what_lies_too_deep_for_a_path_is_reported_and_the_rest_is_found(top: Path) -> None:
    nest(top, TOO_DEEP)
    put(top / "a.txt")

    found = recursive(top).scan()

    assert [path for path, _ in found.dumps] == [raw(top, b"a.txt")]
    assert [reason for _, reason in found.unreadable] == [os.strerror(36)]


def test_a_subfolder_that_cannot_be_read_is_reported_and_the_rest_is_found(tmp_path: Path) -> None:
    for name in ("closed", "open"):
        (tmp_path / name).mkdir()
        put(tmp_path / name / "a.txt")
    (tmp_path / "closed").chmod(0)

    with without_override():
        found = recursive(tmp_path).scan()

    (tmp_path / "closed").chmod(0o700)
    assert [path for path, _ in found.dumps] == [raw(tmp_path, b"open/a.txt")]
    assert found.unreadable == ((raw(tmp_path, b"closed"), "Permission denied"),)


def test_a_link_to_a_folder_is_followed_only_where_that_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "elsewhere" / "sub").mkdir(parents=True)
    put(tmp_path / "elsewhere" / "sub" / "a.txt")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "elsewhere")

    assert names(recursive(tmp_path / "in")) == []
    assert names(recursive(tmp_path / "in", follows_links=True)) == ["link/sub/a.txt"]


def test_links_to_folders_are_followed_once_however_they_loop(tmp_path: Path) -> None:
    for level in range(20):  # two links a level: a million ways to the last one
        (tmp_path / f"l{level}").mkdir()
        for way in ("a", "b"):
            (tmp_path / f"l{level}" / way).symlink_to(tmp_path / f"l{(level + 1) % 20}")
        put(tmp_path / f"l{level}" / "x.txt")
    (tmp_path / "self").symlink_to("self")
    (tmp_path / "top").symlink_to(tmp_path)

    steps = list(Walk(enters=lambda _: True, follows_links=True).below(os.fsencode(tmp_path)))

    assert sum(entry is None for _, entry in steps) == 21
    assert names(recursive(tmp_path, follows_links=True)) == sorted(f"l{level}/x.txt" for level in range(20))


@pytest.mark.parametrize("place", [b"link/x.txt", b"link/deeper/x.txt", b"x.txt/../../elsewhere/x.txt"])
def test_no_link_on_the_way_leads_out_of_the_folder(place: bytes, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "elsewhere" / "deeper").mkdir(parents=True)
    for each in ("elsewhere/x.txt", "elsewhere/deeper/x.txt"):
        put(tmp_path / each)
    (tmp_path / "in" / "link").symlink_to(tmp_path / "elsewhere")
    root = os.fsencode(tmp_path / "in")

    with pytest.raises(Skipped, match="follow_symlinks is off"), open_file(root + b"/" + place, root=root):
        pass


def test_the_folder_itself_may_be_reached_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "real" / "sub").mkdir(parents=True)
    put(tmp_path / "real" / "sub" / "x.txt", b"text")
    (tmp_path / "in").symlink_to(tmp_path / "real")

    with open_file(raw(tmp_path, b"in/sub/x.txt"), root=raw(tmp_path, b"in")) as file:
        assert file.first_bytes(9) == b"text"


def test_a_hard_link_is_a_file_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    put(tmp_path / "elsewhere", b"text")
    (tmp_path / "in" / "x.txt").hardlink_to(tmp_path / "elsewhere")

    with open_file(raw(tmp_path, b"in/x.txt"), root=raw(tmp_path, b"in")) as file:
        assert file.first_bytes(9) == b"text"


@pytest.mark.skipif(sys.platform != "linux", reason="needs two renames in a row that other threads see")
def test_a_link_put_in_place_of_a_folder_during_the_opening_is_not_followed(tmp_path: Path) -> None:
    for each in ("in/sub", "elsewhere"):
        (tmp_path / each).mkdir(parents=True)
        put(tmp_path / each / "x.txt", each.encode())
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    path, root, ended = raw(tmp_path, b"in/sub/x.txt"), raw(tmp_path, b"in"), threading.Event()

    def exchange() -> None:
        while not ended.is_set():
            (tmp_path / "in" / "sub").rename(tmp_path / "away")
            (tmp_path / "link").rename(tmp_path / "in" / "sub")
            (tmp_path / "in" / "sub").rename(tmp_path / "link")
            (tmp_path / "away").rename(tmp_path / "in" / "sub")

    thread, read = threading.Thread(target=exchange), set[bytes]()
    thread.start()
    try:
        for _ in range(3_000):
            with suppress(Skipped, FileNotFoundError), open_file(path, root=root) as file:
                read.add(file.first_bytes(99))
    finally:
        ended.set()
        thread.join()

    assert read <= {b"in/sub"}
