"""What every format promises: no wrong record, no harm to neighbours, no error, bounded memory. Each row of CASES."""

from __future__ import annotations

import gzip
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.collect.dump_reader import read_dump
from monitor.collect.file_reader import open_file
from monitor.collect.formats.base import MAX_IN_A_ROW, Entry
from monitor.collect.formats.fields import FormatOptions
from monitor.collect.formats.registry import FORMATS, reader
from monitor.collect.source import Source, SourceOptions
from monitor.collect.watching.folder import Folder
from monitor.model import Record, Reject
from tests.contract.formats import CASES, RELEASES, Case, Written
from tests.end_to_end.harness import ROOT

MUTATIONS = 60  # of a short run, of each case; a full one tries 10,000
ZONE = ZoneInfo("Asia/Seoul")

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def source_of(case: Case, folder: Path, *, max_record: int = 1_000_000, max_file: int = 10_000_000) -> Source:
    format_ = FormatOptions(format=case.format, timezone=ZONE, **case.options)
    options = SourceOptions(timezone=ZONE, format=format_, max_record=max_record)
    return Source(folder=Folder(source="m", path=os.fsencode(folder)), options=options, max_file=max_file)


def read(case: Case, folder: Path, content: bytes, *, max_record: int = 1_000_000, is_held: bool = True) -> list[Entry]:
    """Return the records and rejects of a file with this content."""
    path, source = folder / "file", source_of(case, folder, max_record=max_record)
    path.write_bytes(content)
    with open_file(os.fsencode(path)) as file:
        dump = read_dump(file, source, opened_at=time.time_ns())
        return list(reader(replace(dump, is_held=is_held), source.options).entries())


def content_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def written(entries: list[Entry]) -> list[Written]:
    """Return the records as they were written."""
    releases = [entry.release for entry in entries if isinstance(entry, Record)]
    return [Written(each.title, each.body, each.date) for each in releases if each.date]


def rejects(entries: list[Entry]) -> list[Reject]:
    return [entry for entry in entries if isinstance(entry, Reject)]


def test_every_format_has_a_row() -> None:
    assert {case.format for case in CASES.values()} == set(FORMATS)


@every_case
@pytest.mark.parametrize("is_held", [True, False])
@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
def test_what_was_written_is_read(case: Case, encoding: str, is_packed: bool, is_held: bool, tmp_path: Path) -> None:
    content = case.write().encode(encoding)
    entries = read(case, tmp_path, gzip.compress(content) if is_packed else content, is_held=is_held)
    assert written(entries) == list(RELEASES)
    assert rejects(entries) == []


@every_case
def test_a_file_cut_anywhere_shows_no_wrong_record_and_is_no_broken_one(case: Case, tmp_path: Path) -> None:
    releases, held = RELEASES[:3], 0
    content = content_of(case.write(releases))
    for end in range(len(content)):
        entries = read(case, tmp_path, content[:end])
        found = written(entries)
        assert len(found) <= len(releases), end
        for shown, whole in zip(found, releases, strict=False):
            assert (shown.title, shown.day) == (whole.title, whole.day), end
            assert whole.body.startswith(shown.body), end
        assert all(reject.is_tail for reject in rejects(entries)), end
        held += bool(rejects(entries))
    assert held > (0 if case.is_open else len(content) / 2)


@pytest.mark.parametrize(
    ("case", "breaks"),
    [
        pytest.param(case, breaks, id=f"{name}: {fault}")
        for name, case in CASES.items()
        for fault, breaks in case.broken.items()
    ],
)
def test_a_broken_record_costs_itself_alone(case: Case, breaks: Callable[[str], str], tmp_path: Path) -> None:
    records = [case.record(release) for release in RELEASES]
    assert breaks(records[2]) != records[2]
    records[2] = breaks(records[2])
    entries = read(case, tmp_path, content_of(case.join(records)))
    assert written(entries) == [*RELEASES[:2], *RELEASES[3:]]
    [reject] = rejects(entries)
    assert not reject.is_tail
    assert 0 < len(reject.text) <= 200


@every_case
def test_places_grow_with_the_file(case: Case, tmp_path: Path) -> None:
    entries = read(case, tmp_path, content_of(case.write()))
    assert [entry.offset for entry in entries] == sorted({entry.offset for entry in entries})
    lines = [entry.line for entry in entries]
    assert lines == sorted(lines)
    assert lines[0] >= 1


@every_case
def test_records_are_known_again_by_their_digests_alone(case: Case, tmp_path: Path) -> None:
    first = [entry.digest for entry in read(case, tmp_path, content_of(case.write())) if isinstance(entry, Record)]
    other = content_of(case.write([*RELEASES[5:], *RELEASES[:5]]))
    second = [entry.digest for entry in read(case, tmp_path, other) if isinstance(entry, Record)]
    assert second == [*first[5:], *first[:5]]
    assert len(set(first)) == len(RELEASES)


INSERTED = (b"\x00", b"\r", b"{", b"[", b"]]", b"\\", b"\xff\xfe", b"<", b"-\n", b"&", b"9" * 5_000)


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Return bytes with a fault that programs and networks make."""
    made = bytearray(content)
    at, to = sorted(chance.choices(range(len(made)), k=2))
    match chance.randrange(6):
        case 0:
            made[at] ^= 1 << chance.randrange(8)
        case 1:
            made = made[to:] + made[:to]
        case 2:
            made = made.replace(b'"', b"", 1) if chance.random() < 0.5 else made[:at] + b'"' + made[at:]
        case 3:
            made[at:to] = b""
        case 4:
            made[at:at] = made[at:to] * 3
        case 5:
            made[at:at] = chance.choice(INSERTED)
    return bytes(made)


@every_case
def test_no_mutation_raises_or_breaks_a_bound(case: Case, tmp_path: Path, full: bool) -> None:
    chance, content = random.Random(17), content_of(case.write())  # noqa: S311 - the same ones in every run
    for _ in range(10_000 if full else MUTATIONS):
        changed = mutated(content, chance)
        if chance.random() < 0.3:
            changed = mutated(changed, chance)
        entries = read(case, tmp_path, changed, max_record=2_000, is_held=chance.random() < 0.5)
        assert all(len(one.text) <= 200 and one.reason for one in rejects(entries))
        assert [one.offset for one in entries] == sorted(one.offset for one in entries)
        for entry in entries:
            if isinstance(entry, Record):
                assert entry.release.title
                assert len(entry.release.body) <= 2_000


@every_case
def test_a_record_beyond_its_bound_is_a_reject_and_its_neighbours_are_read(case: Case, tmp_path: Path) -> None:
    long = RELEASES[2]._replace(body="Some words, and more of them.\n" * 500)
    entries = read(case, tmp_path, content_of(case.write([*RELEASES[:2], long, *RELEASES[3:]])), max_record=5_000)
    assert written(entries) == [*RELEASES[:2], *RELEASES[3:]]
    [reject] = rejects(entries)
    assert "longer than 5,000 characters" in reject.reason


ONE_REJECT = ("undecodable", "no closing brace", "no end")  # faults after which the next record is one again


@pytest.mark.parametrize(
    ("case", "breaks"),
    [
        pytest.param(case, next(case.broken[fault] for fault in case.broken if fault in ONE_REJECT), id=name)
        for name, case in CASES.items()
        # The text layout joins its broken pieces.
        if case.format not in ("text", "auto") and not case.broken.keys().isdisjoint(ONE_REJECT)
    ],
)
def test_of_many_rejects_in_a_row_the_first_are_told(case: Case, breaks: Callable[[str], str], tmp_path: Path) -> None:
    first, last = RELEASES[0], RELEASES[1]
    broken = [breaks(case.record(RELEASES[2]))] * (MAX_IN_A_ROW + 20)
    entries = read(case, tmp_path, content_of(case.join([case.record(first), *broken, case.record(last)])))
    assert written(entries) == [first, last]
    assert len(rejects(entries)) == MAX_IN_A_ROW
    assert rejects(entries)[-1].reason.endswith("; more of this kind up to the next release is not listed")


MEASURED = """
import re, resource, sys, time
from pathlib import Path
from monitor.collect.dump_reader import read_dump
from monitor.collect.file_reader import open_file
from monitor.collect.formats.registry import reader
from tests.contract.formats import CASES
from tests.contract.test_formats import RELEASES, read, source_of

def highest():
    status = Path("/proc/self/status")
    if status.exists(): return int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1]) / 1000
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # macOS: in bytes

def giant(path, case, megabytes):
    before, behind = case.long()
    with path.open("w", encoding="utf-8") as file:
        file.write(before)
        for _ in range(megabytes):
            file.write("words " * 166_667)
        file.write(behind)
    source = source_of(case, path.parent, max_file=2_000_000_000)
    with open_file(str(path).encode()) as file:
        dump = read_dump(file, source, opened_at=time.time_ns())
        yield from reader(dump, source.options).entries()
    path.unlink()

path, megabytes = Path(sys.argv[1]), int(sys.argv[2])
cases = [case for case in CASES.values() if case.long]
for case in cases:
    read(case, path.parent, case.write(RELEASES).encode())
before = highest()
for case in cases:
    print([entry.reason[:25] for entry in giant(path, case, megabytes)], int(highest() - before))
"""


def test_a_value_without_end_costs_little_memory(tmp_path: Path, full: bool) -> None:
    command = [sys.executable, "-c", MEASURED, str(tmp_path / "giant"), str(1_000 if full else 40)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800, check=True)
    told = [line.rpartition(" ") for line in done.stdout.splitlines()]
    assert len(told) == sum(case.long is not None for case in CASES.values())
    assert {reasons for reasons, _, _ in told} <= {
        "[]", "['the record is longer than']", "['the message has a header ']"
    }  # fmt: skip
    assert int(told[-1][2]) < 32  # of the highest: none of them has held its value


def test_a_text_only_monitor_loads_no_other_format(tmp_path: Path) -> None:
    unneeded = ["json.reader", "csv.reader", "xml.cutter", "feed.reader", "auto", "detect", "mapped", "markup", "days"]
    unneeded += ["document.reader", "document.front_matter", "mail.reader", "mail.messages", "file_days"]
    program = (
        "import pathlib, sys\n"
        "from monitor.cli import main\n"
        "for words in (['--help'], ['config', 'init'], ['run', '--once']):\n"
        "    sys.argv = ['monitor', *words]\n"
        "    try: main()\n"
        "    except SystemExit as end: assert end.code == 0, end.code\n"
        "    path = pathlib.Path('config.yaml')\n"
        "    if path.exists(): path.write_text(path.read_text().replace('format: auto', 'format: text'))\n"
        f"names = [name for name in {unneeded} if f'monitor.collect.formats.{{name}}' in sys.modules]\n"
        "print('loaded:', names, 'turbohtml' in sys.modules)"
    )
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "a.txt").write_text("-\nTalks held\nThey met. date2024-07-01\n")
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded: [] False"
