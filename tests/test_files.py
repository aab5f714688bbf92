"""A small file is replaced as a whole, and read whatever became of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.files import MAX_SIZE, read_bytes, read_object, replace_file


def test_a_file_is_replaced_privately_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("before")
    (tmp_path / ".a.new").write_text("what a crash left")
    (tmp_path / ".a.new").chmod(0o644)
    replace_file(tmp_path / "a", "after")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert ((tmp_path / "a").read_text(), (tmp_path / "a").stat().st_mode & 0o777) == ("after", 0o600)


def test_a_file_that_cannot_be_replaced_stays_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("before")
    (tmp_path / ".a.new").mkdir()
    with pytest.raises(OSError, match=r"\.a\.new"):
        replace_file(tmp_path / "a", "after")
    assert (tmp_path / "a").read_text() == "before"


def _huge(path: Path) -> None:
    path.touch()
    os.truncate(path, MAX_SIZE + 1)


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, _huge, _dangling])
def test_what_is_no_small_file_says_nothing_at_once(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "a")
    assert read_bytes(tmp_path / "a") is None
    assert read_object(tmp_path / "a") == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root writes for another user")
def test_what_root_writes_into_a_folder_of_a_services_user_is_that_users(tmp_path: Path) -> None:
    """As `sudo monitor db backup` notes its time where a daemon of another user must read it."""
    os.chown(tmp_path, 10001, 10002)
    replace_file(tmp_path / "a", "what root wrote")
    found = (tmp_path / "a").stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (10001, 10002, 0o600)
