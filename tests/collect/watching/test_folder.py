"""Which files of a folder are dumps, in which order, and under which name people see them."""

from __future__ import annotations

import os
import threading
import unicodedata
from pathlib import Path

import pytest

from monitor.collect.watching.folder import Folder, signature
from monitor.model import FileSignature
from monitor.text import escape
from tests.collect.samples import put, raw, signed

# (name, whether it counts with the usual globs)
NAMES = [
    (b"a.txt", True),
    (b"000_cccce721b9a62ce2.txt", True),
    (b"a b.txt", True),
    (b"a\nb.txt", True),
    (b"\xb0\xa1\xb3\xaa.txt", True),
    ("산업부.txt".encode(), True),
    (b"tmp.txt", True),
    (b"a.TXT", True),
    (b"a.txt.bak", False),
    (b"a.bak.txt", False),
    (b"backlog.txt", True),
    (b"a.txt.gz", False),
    (b"atxt", False),
    (b"a.txt~", False),
    (b".a.txt", False),
    (b".txt", False),
    (b"a.txt.tmp", False),
    (b"a.txt.part", False),
    (b"", False),
]

# The same ones when every name is asked for
IGNORED = [
    b".a.txt", b".DS_Store", b"a.txt~", b"a.tmp", b"a.part", b"a.partial", b"a.filepart", b"a.crdownload",
    b".a.txt.swp", b"a.swp", b"Thumbs.db", b"desktop.ini", b"@eaDir",
]  # fmt: skip

# Copies beside a dump, as programs and people name them; none is the dump
COPIES = [
    "a.sync-conflict-20240702-093000-ABCDEFG.txt", "a (conflicted copy 2024-07-03 093000).txt",
    "a (Kim's conflicted copy 2024-07-03).txt", "a_conflict-20240703-093000.txt", "a.conflict-notebook.txt",
    "a (충돌 사본 2024-07-03).txt", "a(김의 충돌된 복사본).txt",
    "a - Copy.txt", "a - copy (2).txt", "A - COPY.TXT", "a copy.txt", "a copy 2.txt", "a (copy).txt",
    "a (3rd copy).txt",
    "Copy of a.txt", "a - 복사본.txt", "a - 복사본 (2).txt", "a 복사본.txt", "a (사본).txt",
    "a.bak", "a.bak.txt", "a.txt.bak", "a.bak2", "a_old_20240703.txt", "a_old.txt", "a.old", "a.orig", "a.txt.orig",
    "a (Case Conflict).txt", "a (Case Conflict 1).txt", "a (Unicode Encoding Conflict).txt", "a (conflict).txt",
    "a (SFConflict kim 2024-07-03).txt", "a-DESKTOP-4F7KQ2M.txt", "Copy (2) of a.txt", "a - Kopie (2).txt",
    "Kopie von a.txt", "a - Copie.txt", "a - コピー.txt", "a - 副本.txt", "a_복사본.txt", "a.txt의 사본",
    "a의 사본.txt",
    "a-bak.txt", "a_backup.txt", "a_backup_20240703.txt", "a.backup.txt", "a (backup).txt", "a-old.txt", "a (old).txt",
    "a.orig.txt", "a.tmp.txt",
    "~$a.txt", "~$b.docx", ".~lock.a.txt#", "a.txt.swp", "a.swo", "a.temp", "a.txt.download",
]  # fmt: skip

# Names of dumps that only resemble them
NO_COPIES = [
    "copyright.txt", "a - copyright.txt", "household_oldest.txt", "conflict-minerals.txt", "무력충돌.txt", "복사본.txt",
    "photocopy.txt", "temp.txt", "bak.txt", "template_2024.txt", "a (1).txt", "2024 old towns.txt",
    "한국의 사본법.txt", "press-conflict-resolution.txt", "a (copyright).txt", "a_old_age_pension.txt",
    "도로 충돌 사고.txt",
    "a_conflict_of_interest.txt", "backup_power.txt", "사본.txt", "old_a.txt", "desktop-computers.txt",
]  # fmt: skip

# (path in the folder, whether a plain folder holds it, whether a recursive one does)
PLACES = [
    (b"a.txt", True, True),
    (b"a.csv", False, False),
    (b"sub/a.txt", False, True),
    (b"sub/deeper/a.txt", False, True),
    (b"sub/a.txt.part", False, False),
    (b".rsync-partial/a.txt", False, False),
    (b"sub/@eaDir/a.txt", False, False),
    (b"../a.txt", False, False),
    (b"../in2/a.txt", False, False),
]

# (path in the folder, name shown)
SHOWN = [
    (b"a.txt", "a.txt"),
    (b"sub/a.txt", "sub/a.txt"),
    ("수출.txt".encode(), "수출.txt"),
    (b"\xb0\xa1.txt", "\\xb0\\xa1.txt"),
    (b"a\nb.txt", "a\\x0ab.txt"),
    (b"\x1b[31mred.txt", "\\x1b[31mred.txt"),
    ("\u202etxt.exe".encode(), "\\u202etxt.exe"),
]


def forms(name: str) -> list[bytes]:
    """The name as file systems write it: composed and decomposed."""
    return [os.fsencode(unicodedata.normalize("NFC", name)), os.fsencode(unicodedata.normalize("NFD", name))]


def folder(
    path: Path | bytes, *, files: tuple[str, ...] = ("*.txt",), is_recursive: bool = False, follows_links: bool = False
) -> Folder:
    return Folder(
        source="motie", path=os.fsencode(path), files=files, is_recursive=is_recursive, follows_links=follows_links
    )


def scanned(path: Path, *, is_recursive: bool = False) -> list[bytes]:
    found = folder(path, is_recursive=is_recursive).scan().dumps
    return [os.path.relpath(each, os.fsencode(path)) for each, _ in found]


@pytest.mark.parametrize(("name", "expected"), NAMES)
def test_a_name_counts_when_a_glob_takes_it_and_nothing_ignores_it(name: bytes, expected: bool) -> None:
    assert folder(b"/in").matches(name) is expected


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_that_stands_beside_a_dump_is_ignored_even_when_every_name_is_asked_for(name: str) -> None:
    assert all(map(folder(b"/in", files=("*",)).ignores, forms(name)))


@pytest.mark.parametrize("name", NO_COPIES)
def test_a_name_that_only_resembles_a_copy_is_that_of_a_dump(name: str) -> None:
    assert folder(b"/in").matches(os.fsencode(name))


@pytest.mark.parametrize("glob", ["보도자료_*.txt", "*CAFÉ*.TXT"])
@pytest.mark.parametrize("name", ["보도자료_café.txt", "보도자료_Café.TXT"])
def test_a_name_fits_a_glob_that_looks_like_it_in_any_letter_case(glob: str, name: str) -> None:
    for pattern in forms(glob):
        assert all(map(folder(b"/in", files=(os.fsdecode(pattern),)).matches, forms(name)))


@pytest.mark.parametrize("name", IGNORED)
def test_files_on_their_way_are_ignored_even_when_every_name_is_asked_for(name: bytes) -> None:
    everything = folder(b"/in", files=("*",))

    assert everything.ignores(name)
    assert not everything.matches(name)


def test_any_of_several_globs_takes_a_name() -> None:
    both = folder(b"/in", files=("*.txt", "motie-*"))

    assert [both.matches(name) for name in (b"a.txt", b"motie-1", b"other")] == [True, True, False]


@pytest.mark.parametrize(("place", "plain", "recursive"), PLACES)
def test_a_folder_holds_what_a_scan_would_find(place: bytes, plain: bool, recursive: bool) -> None:
    path = os.path.normpath(b"/in/" + place)

    assert folder(b"/in").holds(path) is plain
    assert folder(b"/in", is_recursive=True).holds(path) is recursive


@pytest.mark.parametrize(("place", "expected"), SHOWN)
def test_a_path_is_shown_relative_and_safe_to_print(place: bytes, expected: str) -> None:
    assert folder(b"/in").name_of(b"/in/" + place) == expected


def test_a_file_elsewhere_is_shown_by_its_name() -> None:
    assert folder(b"/in").name_of(b"/in2/a\tb.txt") == "a\\x09b.txt"


def test_a_folder_is_shown_safe_to_print() -> None:
    assert folder(b"/in/\xb0\xa1\n").shown == "/in/\\xb0\\xa1\\x0a"


def test_a_scan_gives_the_oldest_first_and_then_by_name(tmp_path: Path) -> None:
    for name, mtime in [("c.txt", 100), ("a.txt", 300), ("b.txt", 200), ("e.txt", 200), ("d.txt", 200)]:
        put(tmp_path / name, mtime=mtime)

    assert scanned(tmp_path) == [b"c.txt", b"b.txt", b"d.txt", b"e.txt", b"a.txt"]


def test_a_scan_gives_each_file_with_its_signature(tmp_path: Path) -> None:
    path = put(tmp_path / "a.txt")

    assert folder(tmp_path).scan().dumps == ((path, signed(tmp_path / "a.txt")),)


def test_a_scan_finds_names_of_any_bytes(tmp_path: Path) -> None:
    names = [b"\xb0\xa1\xb3\xaa.txt", b"a\nb.txt", b"\x1b[31m.txt", b"x" * 251 + b".txt"]
    for name in names:
        put(raw(tmp_path, name))

    assert sorted(scanned(tmp_path)) == sorted(names)
    assert all(escape(folder(tmp_path).name_of(raw(tmp_path, name))).isprintable() for name in names)


def test_a_plain_scan_leaves_subfolders_alone(tmp_path: Path) -> None:
    (tmp_path / "sub.txt").mkdir()
    put(tmp_path / "sub.txt" / "a.txt")
    put(tmp_path / "b.txt")

    assert scanned(tmp_path) == [b"b.txt"]


def test_a_recursive_scan_goes_down_but_not_into_ignored_folders_or_links(tmp_path: Path) -> None:
    for name in ("sub", "sub/deep", ".git", "@eaDir"):
        (tmp_path / name).mkdir()
        put(tmp_path / name / "a.txt", mtime=100)
    (tmp_path / "loop").symlink_to(tmp_path)

    assert scanned(tmp_path, is_recursive=True) == [b"sub/a.txt", b"sub/deep/a.txt"]


def test_a_scan_lists_links_and_fifos_without_opening_them(tmp_path: Path) -> None:
    (tmp_path / "dangling.txt").symlink_to("nowhere")
    os.mkfifo(tmp_path / "fifo.txt")

    assert sorted(scanned(tmp_path)) == [b"dangling.txt", b"fifo.txt"]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        folder(tmp_path / "missing").scan()


def test_a_scan_outlives_subfolders_that_come_and_go(tmp_path: Path) -> None:
    put(tmp_path / "a.txt")
    ended = threading.Event()

    def come_and_go() -> None:
        while not ended.is_set():
            for number in range(20):
                (tmp_path / f"sub{number}").mkdir()
            for number in range(20):
                (tmp_path / f"sub{number}").rmdir()

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        assert all(scanned(tmp_path, is_recursive=True) == [b"a.txt"] for _ in range(300))
    finally:
        ended.set()
        thread.join()


def test_a_signature_differs_after_every_change(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    put(file, b"one", mtime=100)
    first = signed(file)
    put(file, b"two", mtime=100)
    second = signed(file)
    put(tmp_path / "b", b"two", mtime=100)
    (tmp_path / "b").rename(file)

    assert first.size == second.size
    assert first.mtime_ns == second.mtime_ns
    assert len({first, second, signed(file)}) == 3


def test_a_missing_file_has_no_signature(tmp_path: Path) -> None:
    assert folder(tmp_path).signature_at(raw(tmp_path, b"gone.txt")) is None


def test_a_followed_link_changes_when_its_target_does(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    put(target, b"one", mtime=100)
    (tmp_path / "link.txt").symlink_to(target)
    path = raw(tmp_path, b"link.txt")
    assert folder(tmp_path, follows_links=True).signature_at(path) == signed(target)
    assert folder(tmp_path).signature_at(path) != signed(target)


# (inode, device, modification time and change time in ns): as 64 bits can hold them, and beyond
WIDE = [
    (2**63 + 7, 2**64 - 1, 0, 0),
    (1, 1, 10_413_792_000 * 10**9, 10_413_792_000 * 10**9 + 5),
    (1, 1, -(10**20), -5),
]


@pytest.mark.parametrize(("inode", "device", "mtime_ns", "ctime_ns"), WIDE)
def test_numbers_of_any_width_fit_into_a_signature(inode: int, device: int, mtime_ns: int, ctime_ns: int) -> None:
    def found(inode: int, ctime_ns: int) -> FileSignature:
        times = {"st_mtime_ns": mtime_ns, "st_ctime_ns": ctime_ns}
        return signature(os.stat_result((0o100644, inode, device, 1, 0, 0, 3, 0, 0, 0), times))

    sign = found(inode, ctime_ns)

    assert all(-(2**63) <= number < 2**63 for number in sign)
    assert len({sign, found(inode + 1, ctime_ns), found(inode, ctime_ns + 1)}) == 3


def test_a_time_beyond_the_range_is_still_the_latest_or_the_earliest() -> None:
    def mtime(mtime_ns: int) -> int:
        return signature(
            os.stat_result((0o100644, 1, 1, 1, 0, 0, 3, 0, 0, 0), {"st_mtime_ns": mtime_ns, "st_ctime_ns": 0})
        ).mtime_ns

    assert mtime(-(10**20)) < mtime(-1) < mtime(10**18) < mtime(10**20)
