"""Which signatures prove that a file was not written again."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from monitor.collect.file_reader import open_file
from monitor.collect.watching.racy import is_racy, smudged
from tests.collect.samples import put, signature

SECOND = 1_000_000_000
NOW = 1_700_000_000 * SECOND

# (what, the change time, whether a write after a reading that began now could leave it)
TIMES = [
    ("at rest", NOW - 600 * SECOND + 7, False),
    ("at rest, whole seconds", NOW - 600 * SECOND, False),
    ("just written", NOW - 5_000_007, True),
    ("written a moment ago", NOW - 100_000_007, False),
    ("whole seconds, written in this second", NOW, True),
    ("whole seconds, written in these two seconds", NOW - 2 * SECOND, True),
    ("in the future", NOW + 3600 * SECOND + 7, True),
    ("before 1970", -7, False),
]


@pytest.mark.parametrize(("what", "ctime_ns", "expected"), TIMES, ids=[row[0] for row in TIMES])
def test_a_signature_is_racy_within_the_grain_of_its_times(what: str, ctime_ns: int, expected: bool) -> None:
    assert is_racy(signature(ctime_ns=ctime_ns), NOW) is expected


def test_a_smudged_signature_is_that_of_no_file_and_says_which_one_it_was() -> None:
    one, other = signature(ctime_ns=5), signature(ctime_ns=5, size=9)

    assert smudged(one) != one
    assert smudged(one) != smudged(other)
    assert smudged(one) == smudged(smudged(one))


def test_a_file_read_long_after_its_last_write_is_trusted_and_one_that_is_held_open_is_not(tmp_path: Path) -> None:
    path = put(tmp_path / "x.txt")
    later = time.time_ns() + 600 * SECOND

    with open_file(path) as file:
        assert file.lasting_signature(opened_at=later) == file.signature
        assert file.lasting_signature(opened_at=file.signature.ctime_ns) == smudged(file.signature)
        with Path(os.fsdecode(path)).open("ab"):
            assert file.lasting_signature(opened_at=later) == smudged(file.signature)
