"""A large dump comes in parts: to the same end as in one piece, and whatever happens between two parts."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.collect.source import SourceOptions
from monitor.errors import FileChanged, Interrupted
from monitor.ingest_values import IngestReport, Mode
from monitor.model import Dump, Kind, Release
from monitor.pipeline import ingest
from monitor.ports import Store
from monitor.testing import NOON, dump_of
from tests.contract.pairs import Pair, sqlite_pair
from tests.contract.takes import AUDIENCE, HABITS, heads
from tests.dumps import Written, dump, dumps, record
from tests.end_to_end.large_dumps import large, large_file
from tests.examples import examples
from tests.waiting import DEADLINE, line_of

ROOT = Path(__file__).parents[2]
TALKS = record("Talks held")
BROKEN = "Only a title date2024-07-01"
NEWS = [
    record(f"Notice {n}", f"Sentence {n} of a notice on item {n * 7}, and no other.", f"2024-{n % 12 + 1:02}-01")
    for n in range(200)
]


def take(store: Store, what: Dump, *, mode: Mode = Mode.ONCE, options: SourceOptions = HABITS) -> IngestReport:
    return ingest(what, options=options, routing=AUDIENCE, store=store, now=NOON, mode=mode)


def texts(store: Store) -> Counter[Release]:
    return Counter(heads(store).values())


def stopping(after: int) -> Callable[[], int]:
    """Three records a part, and after so many parts a request to stop."""
    turns = iter(range(after))

    def most() -> int:
        if next(turns, None) is None:
            raise Interrupted("told to stop")
        return 3

    return most


# --- the same end ------------------------------------------------------------------------------------------------

SHAPES = {
    "all new": (dump(*NEWS[:20]),),
    "unchanged": (dump(*NEWS[:20]), dump(*NEWS[:20]) + "\n"),
    "another order": (dump(*NEWS[:20]), dump(*reversed(NEWS[:20]))),
    "some new, some changed": (dump(*NEWS[:20]), dump(*NEWS[10:30]).replace("Sentence 12 of", "Sentence twelve of")),
    "exact repeats": (dump(*NEWS[:6], *NEWS[:6], NEWS[0]),),
    "repeats of what is known": (dump(*NEWS[:6]), dump(*NEWS[:6], *NEWS[:6])),
    "rejects in every part": (dump(TALKS, BROKEN, *NEWS[:4], BROKEN, *NEWS[4:8], BROKEN),),
    "an unfinished tail": (dump(*NEWS[:7], "Half a re"),),
    "nothing": ("",),
    "dashes": ("-\n-\n",),
    "no dump": ("<html>",),
}


@pytest.mark.parametrize("is_held", [False, True], ids=["read again", "held"])
@pytest.mark.parametrize("mode", [Mode.ONCE, Mode.WATCH])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_parts_come_to_the_same_end_as_one_piece(
    shape: tuple[str, ...], mode: Mode, is_held: bool, pair: Pair, tmp_path: Path
) -> None:
    with sqlite_pair(tmp_path / "whole") as whole:
        for number, text in enumerate(shape):
            expected = take(whole.store, dump_of(text, name=f"{number}.txt"), mode=mode)
            report = take(pair.store, large(text, name=f"{number}.txt", is_held=is_held), mode=mode)
            assert (report.status, report.counts, report.as_of) == (expected.status, expected.counts, expected.as_of)
        assert texts(pair.store) == texts(whole.store)
        assert sorted(pair.rejects()) == sorted(whole.rejects())
        assert Counter(pair.kinds()) == Counter(whole.kinds())


@settings(max_examples=examples(40))
@given(dumps(most=8), dumps(most=8), st.integers(1, 5), st.integers(1, 200), st.booleans())
def test_generated_dumps_come_to_the_same_releases(
    first: Written, second: Written, most: int, size: int, is_held: bool
) -> None:
    with (
        TemporaryDirectory() as folder,
        sqlite_pair(Path(folder, "whole")) as whole,
        sqlite_pair(Path(folder, "parted")) as parted,
    ):
        for number, written in enumerate((first, second, first)):
            name = f"{number}.txt"
            in_parts = large(written.text, name=name, most=lambda: most, size=size, is_held=is_held)
            expected = take(whole.store, dump_of(written.text, name=name), mode=Mode.AGAIN)
            assert take(parted.store, in_parts, mode=Mode.AGAIN).status == expected.status
        assert {release.title for release in texts(parted.store)} == {release.title for release in texts(whole.store)}


def test_a_release_that_stands_anywhere_in_the_dump_is_not_taken_by_a_look_alike_before_it(pair: Pair) -> None:
    body = "Exports of chips rose 5.1 percent in June, the ministry said on Monday, and those of ships fell by a third."
    known, near = record("Exports", body), record("Exports", body.replace("Monday", "Tuesday"))
    take(pair.store, dump_of(dump(known)))
    report = take(pair.store, large(dump(near, *NEWS[:8], known), name="b.txt"))
    assert (report.counts[Kind.UNCHANGED], report.counts[Kind.NEW], report.counts[Kind.CHANGED]) == (1, 9, 0)


def test_an_earlier_text_that_stands_anywhere_in_the_dump_keeps_its_release_too(pair: Pair) -> None:
    body = "Exports of chips rose {} percent in June, the ministry said on Monday, and those of ships fell by a third."
    old, new, near = (record("Exports", body.format(rise)) for rise in ("5.1", "5.3", "5.5"))
    for number, text in enumerate((old, new)):
        take(pair.store, dump_of(dump(text), name=f"{number}.txt"))
    report = take(pair.store, large(dump(near, *NEWS[:8], old), name="b.txt"))
    assert (report.counts[Kind.CHANGED], report.counts[Kind.NEW]) == (1, 9)
    assert heads(pair.store)[1].body == body.format("5.1")


def test_what_two_parts_show_are_two_releases(pair: Pair) -> None:
    body = "Exports of chips rose {} percent in June, the ministry said on Monday, and those of ships fell by a third."
    twins = [record("Exports", body.format(rise)) for rise in ("5.1", "5.3")]
    report = take(pair.store, large(dump(twins[0], *NEWS[:8], twins[1])))
    assert report.counts[Kind.NEW] == 10


def test_a_part_is_told_of_as_soon_as_it_is_stored(pair: Pair) -> None:
    with pytest.raises(Interrupted):
        take(pair.store, large(dump(*NEWS[:20]), most=stopping(2)))
    assert len(pair.outbox.pending_notices("team")) == 6


def test_what_a_listing_no_longer_shows_is_withdrawn_once_all_of_it_is_read(pair: Pair) -> None:
    options = SourceOptions(timezone=HABITS.timezone, listings={"press": ("*",)})
    take(pair.store, dump_of(dump(*NEWS[:24]), name="20250101.txt"), options=options)
    text = dump(*NEWS[:5], *NEWS[6:24])
    with pytest.raises(Interrupted):
        take(pair.store, large(text, name="20250102.txt", most=stopping(6)), options=options)
    assert Kind.WITHDRAWN not in pair.kinds()
    report = take(pair.store, large(text, name="20250102.txt"), options=options)
    assert (report.counts[Kind.WITHDRAWN], report.counts[Kind.UNCHANGED]) == (1, 23)
    assert pair.events()[-1] == ("withdrawn", 6)


# --- what happens in between -------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", range(1, 7))
def test_a_take_in_that_was_stopped_is_repeated_and_doubles_nothing(after: int, pair: Pair) -> None:
    text = dump(*NEWS[:9], BROKEN, *NEWS[3:6], *NEWS[9:14], "Half a re")
    with pytest.raises(Interrupted):
        take(pair.store, large(text, most=stopping(after)))
    stored = (3, 6, 9, 9, 11, 14)[after - 1]
    assert len(heads(pair.store)) == stored
    assert pair.store.ledger_entry("motie", b"/seeds/dump.txt") is None
    assert pair.store.find_dump("motie", large(text).sha256) is None

    report = take(pair.store, large(text))

    assert (report.dump, report.status) == (2, "stored")
    assert Counter(report.counts) == Counter({Kind.NEW: 14 - stored, Kind.UNCHANGED: stored, Kind.REJECTED: 2})
    assert Counter(pair.kinds()) == {"new": 14, "rejected": 2}
    assert pair.reject_states() == ["rejected"] * 2
    assert len(pair.outbox.pending_notices("team")) == 14
    assert take(pair.store, large(text, name="copy.txt")).status == "duplicate"


def test_a_held_one_is_repeated_too(pair: Pair) -> None:
    text = dump(*NEWS[:9], *NEWS[3:6], *NEWS[9:14])
    with pytest.raises(Interrupted):
        take(pair.store, large(text, most=stopping(3), is_held=True))
    assert len(heads(pair.store)) == 9
    report = take(pair.store, large(text, is_held=True))
    assert (report.dump, Counter(report.counts)) == (2, Counter({Kind.NEW: 5, Kind.UNCHANGED: 9}))
    assert len(pair.outbox.pending_notices("team")) == 14


def test_what_a_newer_dump_has_changed_before_the_repeat_stays_and_alerts_nobody_again(pair: Pair) -> None:
    body = "Exports of chips rose {} percent in June, the ministry said on Monday, and those of ships fell by a third."
    old, new = (record("Exports", body.format(rise)) for rise in ("5.1", "5.3"))
    text = dump(old, *NEWS[:8])
    with pytest.raises(Interrupted):
        take(pair.store, large(text, name="20250101.txt", most=stopping(1)))
    take(pair.store, dump_of(dump(new), name="20250102.txt"))
    report = take(pair.store, large(text, name="20250101.txt"))
    assert Counter(report.counts) == Counter({Kind.NEW: 6, Kind.UNCHANGED: 2, Kind.STALE: 1})
    assert heads(pair.store)[1].body == body.format("5.3")


@pytest.mark.parametrize("is_held", [False, True], ids=["read again", "held"])
def test_what_a_small_dump_changes_in_between_is_compared_and_not_taken_as_seen(is_held: bool, pair: Pair) -> None:
    """The record was seen before the first part; by its own part its release has moved on."""
    body = "Exports of chips rose {} percent in June, the ministry said on Monday, and those of ships fell by a third."
    old, new = (record("Exports", body.format(rise)) for rise in ("5.1", "5.3"))
    take(pair.store, dump_of(dump(old), name="20250101.txt"))

    def most() -> int:
        take(pair.store, dump_of(dump(new), name="20250102.txt"))
        return 3

    report = take(pair.store, large(dump(*NEWS[:8], old), name="20250103.txt", most=most, is_held=is_held))
    assert (report.counts[Kind.NEW], report.counts[Kind.CHANGED], report.counts[Kind.UNCHANGED]) == (8, 1, 0)
    assert heads(pair.store)[1].body == body.format("5.1")


def test_other_dumps_are_taken_in_between_two_parts(pair: Pair) -> None:
    between = iter(range(100))

    def most() -> int:
        number = next(between)
        take(pair.store, dump_of(dump(record(f"Small drop {number}", f"Item {number}.")), name=f"{number}.txt"))
        return 3

    report = take(pair.store, large(dump(*NEWS[:20]), most=most))
    assert report.counts[Kind.NEW] == 20
    assert len(heads(pair.store)) == 27


def test_a_dump_that_changed_half_way_is_superseded_and_its_parts_stay(pair: Pair, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(dump(*NEWS), "utf-8")
    turns = iter(range(1000))

    def most() -> int:
        if next(turns) == 4:
            with path.open("r+b") as file:
                file.write(b"-\nAnother")
        return 10

    with large_file(path, most=most) as what, pytest.raises(FileChanged):
        take(pair.store, what, mode=Mode.WATCH)
    assert len(heads(pair.store)) == 190  # all but the last part, which waits for the end of the file
    assert pair.store.ledger_entry("motie", what.path) is None

    with large_file(path, most=lambda: 10) as again:
        report = take(pair.store, again, mode=Mode.WATCH)
    assert (report.dump, report.status, report.counts[Kind.UNCHANGED]) == (2, "stored", 189)


def test_a_stopped_take_in_is_listed_as_superseded_beside_the_one_that_is_done(tmp_path: Path) -> None:
    with sqlite_pair(tmp_path) as pair:
        with pytest.raises(Interrupted):
            take(pair.store, large(dump(*NEWS[:9]), most=stopping(2)))
        with closing(sqlite3.connect(tmp_path / "monitor.db")) as reader:
            query = (
                "SELECT status, n, n_new, length(places) FROM dump JOIN shown ON shown.dump = dump.id ORDER BY dump.id"
            )
            assert reader.execute(query).fetchall() == [("superseded", 6, 6, 6)]
            take(pair.store, large(dump(*NEWS[:9])))
            assert reader.execute(query).fetchall() == [("superseded", 6, 6, 6), ("stored", 9, 3, 9)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_text(dump(*NEWS, BROKEN), "utf-8")
    return path


@contextmanager
def child(file: Path, kill_after: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [
        sys.executable,
        "-m",
        "tests.end_to_end.large_dump_child",
        str(file.parent / "state"),
        str(file),
        str(kill_after),
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, bufsize=0) as process:
        try:
            yield process
        finally:
            process.kill()
            process.wait(DEADLINE)


def settled(file: Path) -> None:
    """Everything is in once, and was told once."""
    with closing(sqlite3.connect(file.parent / "state" / "monitor.db")) as database:
        counts = "SELECT (SELECT count(*) FROM {}), (SELECT count(DISTINCT {}) FROM {})"
        for table, key in (("release", "id"), ("version", "title"), ("message_item", "event")):
            assert database.execute(counts.format(table, key, table)).fetchone() == (len(NEWS), len(NEWS))
        assert database.execute("SELECT kind, count(*) FROM event GROUP BY kind ORDER BY kind").fetchall() == [
            ("new", len(NEWS)), ("rejected", 1),
        ]  # fmt: skip
        assert database.execute("SELECT sum(n_new) FROM dump").fetchone() == (len(NEWS),)
        assert database.execute(
            "SELECT n, n_new + n_unchanged, n_rejected FROM dump WHERE status = 'stored'"
        ).fetchall() == [(len(NEWS), len(NEWS), 1)]


def test_a_process_killed_between_parts_loses_nothing_and_doubles_nothing(file: Path) -> None:
    for kill_after in (1, 2, 1, 4):
        with child(file, kill_after) as process:
            assert process.wait(DEADLINE) == -signal.SIGKILL
    with child(file, 0) as process:
        assert process.wait(DEADLINE) == 0
    settled(file)


MEASURED = """
import re, resource, sys
from pathlib import Path
from monitor.pipeline import ingest
from monitor.ingest_values import Mode
from monitor.store.sqlite.database import open_for_writing
from monitor.store.store import SqlStore
from monitor.testing import NOON
from tests.contract.takes import AUDIENCE, HABITS, dump_of
from tests.end_to_end.large_dumps import large_file

def highest():
    status = Path("/proc/self/status")  # of this process alone: the figure of getrusage begins with that of its parent
    if status.exists(): return int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1]) / 1000
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # macOS: in bytes

def take(what): return ingest(what, options=HABITS, routing=AUDIENCE, store=store, now=NOON, mode=Mode.ONCE)

store = SqlStore(open_for_writing(Path(sys.argv[1]).parent / "state"))
take(dump_of("-\\nTitle\\nText. date2024-07-01"))
before = highest()
with large_file(Path(sys.argv[1]), most=lambda: 250) as dump:
    report = take(dump)
print(report.status, sum(report.counts.values()), report.rejected, int(highest() - before))
"""

CYCLE = "\n".join(f"-\n{record(f'Notice {n}', f'Words on item {n}. ' * 100, f'{1000 + n}-01-01')}" for n in range(500))
LINES = "-\nTitle\n" + "Some words.\n" * 90_000  # reading one takes 34 MB, so 40 MB of them are too many to be kept
GIANTS = {
    "a dump": (CYCLE + "\n", "stored 500 0"),
    "one line without an end": ("x" * (1 << 20), "rejected 1 1"),
    "one record without an end": ("-\nTitle\n" + "x" * (1 << 20), "rejected 1 1"),
    "a record beyond all bounds": (LINES, "rejected 1 1"),
    "undated pieces": ("-\nWords\n-\nMore of them\n" * 500 + "x" * 1_000_000 + "\n", "rejected 1 1"),
}


@pytest.mark.parametrize(("text", "told"), GIANTS.values(), ids=GIANTS)
def test_a_giant_costs_no_more_memory_than_a_large_one(text: str, told: str, tmp_path: Path, full: bool) -> None:
    path = tmp_path / "a.txt"
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        lead = text.split("x" * 1000)[0] if text.startswith("-\nTitle\nx") else ""
        for _ in range((1 << 30 if full else 40 << 20 if text == LINES else 1 << 26) // len(text)):
            file.write(text[len(lead) :])
    command = [sys.executable, "-c", MEASURED, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=True)
    path.unlink()
    *words, growth = done.stdout.split()
    assert " ".join(words) == told
    assert int(growth) < 64


def test_a_request_to_stop_is_heard_after_the_part_that_is_being_stored(file: Path) -> None:
    with child(file, 0) as process:
        assert line_of(process) == "part 1"
        process.send_signal(signal.SIGTERM)
        lines = iter(lambda: line_of(process), "")
        assert list(lines)[-1] in ("stopped", "stored")
        assert process.wait(DEADLINE) == 0
    with child(file, 0) as process:
        assert process.wait(DEADLINE) == 0
    settled(file)
