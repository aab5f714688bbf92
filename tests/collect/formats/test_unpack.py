"""Packed files are read as what they hold; what cannot be unpacked is told apart, and bombs are not unpacked."""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.collect.dump_reader import read_dump
from monitor.collect.file_reader import open_file
from monitor.collect.formats.registry import reader
from monitor.collect.formats.unpack import Unpacker, unpacked
from monitor.collect.source import Source, SourceOptions
from monitor.collect.watching.folder import Folder
from monitor.model import Record

TEXT = b"-\nTalks held\nThey met. date2024-07-01\n-\nVisit ends\nIt ended. date2024-07-02\n"


def chunks(content: bytes, size: int) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


def read(folder: Path, content: bytes, *, max_file: int = 10_000_000) -> tuple[list[str], str]:
    """Return the titles and rejects of a file of the text layout, and the dump's fault."""
    path = folder / "a.txt.gz"
    path.write_bytes(content)
    source = Source(
        folder=Folder(source="m", path=os.fsencode(folder)),
        options=SourceOptions(timezone=ZoneInfo("UTC")),
        max_file=max_file,
    )
    with open_file(os.fsencode(path)) as file:
        dump = read_dump(file, source, opened_at=time.time_ns())
        entries = list(reader(dump, source.options).entries())
    names = [
        entry.release.title if isinstance(entry, Record) else "tail" if entry.is_tail else "reject" for entry in entries
    ]
    return names, dump.fault


@pytest.mark.parametrize("size", [1, 2, 7, 1 << 20])
@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(TEXT),
        gzip.compress(TEXT[:30]) + gzip.compress(TEXT[30:]),
        gzip.compress(TEXT) + bytes(512),
        gzip.compress(b"") + gzip.compress(TEXT),
    ],
    ids=["one member", "two members", "padded", "an empty member"],
)
def test_members_in_a_row_unpack_to_one_content(packed: bytes, size: int) -> None:
    assert b"".join(unpacked(chunks(packed, size))) == TEXT


def test_a_packed_file_is_read_as_what_it_holds(tmp_path: Path) -> None:
    assert read(tmp_path, gzip.compress(TEXT)) == (["Talks held", "Visit ends"], "")


@pytest.mark.parametrize("lost", [1, 8, 9])
def test_a_packed_file_without_its_end_shows_whole_records_and_a_tail(tmp_path: Path, lost: int) -> None:
    names, _ = read(tmp_path, gzip.compress(TEXT)[:-lost])
    assert names[-1] == "tail"
    assert ["Talks held", "Visit ends"][: len(names) - 1] == names[:-1]


@pytest.mark.parametrize("end", [b"x", b"-\nMore\nText. date2024-07-03"])
def test_other_bytes_behind_the_packed_content_are_a_reject(tmp_path: Path, end: bytes) -> None:
    assert read(tmp_path, gzip.compress(TEXT) + end)[0] == ["Talks held", "Visit ends", "reject"]


def test_damage_in_the_middle_is_a_reject(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(TEXT))
    packed[-8] ^= 1  # the checksum
    assert read(tmp_path, bytes(packed))[0][-1] == "reject"


def test_a_file_that_unpacks_to_more_than_it_may_is_not_read(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(3_000_000))
    names, fault = read(tmp_path, bomb, max_file=1_000_000)
    assert (names, fault) == (["reject"], "the file unpacks to more than max_file (1,000,000 bytes)")


def test_no_piece_is_larger_than_a_megabyte() -> None:
    unpacker = Unpacker()
    sizes = [len(piece) for piece in unpacker.feed(gzip.compress(bytes(20_000_000)))]
    assert max(sizes) <= 1 << 20
    assert unpacker.size == 20_000_000
    assert unpacker.is_complete
