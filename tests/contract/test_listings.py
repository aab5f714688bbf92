"""What every store keeps of listings, stale views and withdrawals."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from monitor.collect.source import SourceOptions
from monitor.ingest_values import IngestReport, Mode
from monitor.match.matcher import Matcher
from monitor.model import Kind, Message
from monitor.pipeline import Routing, ingest
from monitor.testing import NOON, dump_of
from tests.contract.pairs import Pair
from tests.dumps import dump, record

HABITS = SourceOptions(timezone=ZoneInfo("UTC"), listings={"press": ("press*",)})
NOBODY = Routing(matcher=Matcher([]), routes={})
OLD = record("Old news", "What was new in June.", "2024-06-01")
MIDDLE = record("Middle news", "What was new in the middle of it all.", "2024-06-15")
FRESH = record("Fresh news", "What is new in July.", "2024-07-01")
EDITED = record("Middle news", "What was said to be new in the middle of it all.", "2024-06-15")


def take(pair: Pair, name: str, *records: str, routing: Routing = NOBODY) -> IngestReport:
    read, options, now = dump_of(dump(*records), name=name), HABITS, NOON
    return ingest(read, options=options, routing=routing, store=pair.store, now=now, mode=Mode.ONCE)


def listed(pair: Pair) -> list[int]:
    found = pair.store.listing("motie", "press", after=date(2024, 6, 1), before=date(2024, 7, 1))
    return [head.number for head in found.heads]


def test_a_listing_knows_what_it_has_shown_between_two_days(pair: Pair) -> None:
    take(pair, "press_20240702.txt", OLD, MIDDLE, FRESH)
    take(pair, "other_20240703.txt", record("Elsewhere", "Shown on another board.", "2024-06-20"))
    assert listed(pair) == [2]
    found = pair.store.listing("motie", "press", after=date(2024, 6, 1), before=date(2024, 7, 1))
    assert found.last
    assert (found.last.stamped, found.last.newest) == (found.last.confirmed, date(2024, 7, 1))
    assert f"{found.last.confirmed:%Y-%m-%d}" == "2024-07-02"
    assert pair.store.listing("motie", "photo", after=date.min, before=date.max).last is None


def test_a_withdrawn_release_is_withdrawn_once_and_can_come_back(pair: Pair) -> None:
    take(pair, "press_20240702.txt", OLD, MIDDLE, FRESH)
    assert take(pair, "press_20240703.txt", OLD, FRESH).counts[Kind.WITHDRAWN] == 1
    head = pair.store.snapshot((), [2]).heads[2]
    assert (head.version, f"{head.withdrawn:%Y-%m-%d}") == (1, "2024-07-03")
    assert listed(pair) == []
    assert take(pair, "press_20240704.txt", FRESH, OLD).counts[Kind.WITHDRAWN] == 0
    assert take(pair, "press_20240705.txt", OLD, EDITED, FRESH).counts[Kind.REAPPEARED] == 1
    head = pair.store.snapshot((), [2]).heads[2]
    assert (head.version, head.withdrawn, listed(pair)) == (2, None, [2])


BOARD = [record(f"News {n}", f"What was new on that day, {n}.", f"2024-06-{n:02}") for n in range(1, 11)]
HALF = [BOARD[0], BOARD[8], BOARD[9]]


def test_a_dump_that_lacks_more_than_it_shows_withdraws_nothing_before_a_second_one_says_the_same(pair: Pair) -> None:
    take(pair, "press_20240702.txt", *BOARD)
    first = take(pair, "press_20240703.txt", *HALF)
    assert (first.counts[Kind.WITHDRAWN], first.missing) == (0, 7)
    second = take(pair, "press_20240704.txt", *BOARD[:2], *HALF[1:])
    assert (second.counts[Kind.WITHDRAWN], second.missing) == (6, 0), "one is back"


def test_new_releases_make_no_half_loaded_listing_complete(pair: Pair) -> None:
    take(pair, "press_20240702.txt", *BOARD)
    fresh = [record(f"Other news {n}", f"It came later, {n}.", "2024-06-10") for n in range(8)]
    report = take(pair, "press_20240703.txt", BOARD[0], *fresh, BOARD[9])
    assert (report.counts[Kind.NEW], report.counts[Kind.WITHDRAWN], report.missing) == (8, 0, 8)


def test_what_is_said_of_a_half_loaded_listing_is_stored_with_it_or_not_at_all(pair: Pair) -> None:
    def say(report: IngestReport) -> None:
        assert pair.outbox.enqueue(Message(channel="desk", kind="system", source="", text="x"), key="k", now=NOON)
        if report.name == "press_20240703.txt":
            raise ConnectionError

    take(pair, "press_20240702.txt", *BOARD)
    routing = replace(NOBODY, alert_operator=say)
    with pytest.raises(ConnectionError):
        take(pair, "press_20240703.txt", *HALF, routing=routing)
    assert pair.outbox.backlog().pending == 0
    assert take(pair, "press_20240704.txt", *HALF, routing=routing).missing == 7
    assert pair.outbox.backlog().pending == 1


def test_a_second_dump_withdraws_what_both_lack_and_what_is_shown_again_starts_anew(pair: Pair) -> None:
    take(pair, "press_20240702.txt", *BOARD)
    take(pair, "press_20240703.txt", *HALF)
    second = take(pair, "press_20240704.txt", *reversed(HALF))
    assert (second.counts[Kind.WITHDRAWN], second.missing) == (7, 0)
    assert take(pair, "press_20240705.txt", *reversed(BOARD)).counts[Kind.REAPPEARED] == 7
    assert take(pair, "press_20240706.txt", HALF[1], HALF[0], HALF[2]).missing == 7


def test_the_same_dump_read_again_is_no_second_one(pair: Pair) -> None:
    take(pair, "press_20240702.txt", *BOARD)
    take(pair, "press_20240703.txt", *HALF)
    again = dump_of(dump(*HALF), name="press_20240703.txt")
    report = ingest(again, options=HABITS, routing=NOBODY, store=pair.store, now=NOON, mode=Mode.AGAIN)
    assert (report.counts[Kind.WITHDRAWN], report.missing) == (0, 0), "the same age proves nothing"
    assert take(pair, "press_20240704.txt", *HALF).counts[Kind.WITHDRAWN] == 7


def test_a_listing_that_lacks_no_more_than_it_shows_withdraws_at_once(pair: Pair) -> None:
    take(pair, "press_20240702.txt", *BOARD)
    report = take(pair, "press_20240703.txt", *BOARD[:4], BOARD[9])
    assert (report.counts[Kind.WITHDRAWN], report.missing) == (5, 0)


def test_a_stale_view_has_a_number_and_never_becomes_the_head(pair: Pair) -> None:
    take(pair, "a_20240705.txt", MIDDLE)
    assert take(pair, "a_20240704.txt", EDITED).counts[Kind.STALE] == 1
    head = pair.store.snapshot((), [1]).heads[1]
    assert (head.version, head.last, len(head.past)) == (1, 2, 1)
    assert f"{head.confirmed:%Y-%m-%d}" == "2024-07-05"
    assert take(pair, "a_20240706.txt", EDITED).counts[Kind.CHANGED] == 1
    assert pair.store.snapshot((), [1]).heads[1].version == 3
