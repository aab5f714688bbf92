"""What every Store promises of rejects: told once, held while a writer may go on, healed when they are gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from monitor.ingest_values import Batch, IngestReport, Mode
from monitor.model import Kind
from monitor.pipeline import ingest
from monitor.ports import Store
from monitor.testing import NOON, dump_of
from tests.contract.pairs import Pair
from tests.contract.takes import AUDIENCE, HABITS, HALF, SOURCE, dump, record, take_in

TALKS, VISIT = record("Talks held"), record("Visit ends")
BROKEN = "-\nOnly a title date2024-07-01"
GRACE = timedelta(minutes=10)


def test_an_unfinished_tail_is_held_and_told_to_nobody(pair: Pair) -> None:
    report = take_in(pair.store, dump(TALKS, HALF))
    assert (report.status, report.rejected) == ("held", 0)
    assert pair.reject_states() == ["held"]
    assert pair.kinds() == ["new"]


def test_one_pass_does_not_wait_for_a_writer(pair: Pair) -> None:
    report = take_in(pair.store, dump(TALKS, HALF), mode=Mode.ONCE)
    assert (report.status, report.rejected) == ("stored", 1)
    assert pair.reject_states() == ["rejected"]
    assert pair.kinds() == ["new", "rejected"]


def test_a_reject_keeps_its_reason(pair: Pair) -> None:
    take_in(pair.store, dump(TALKS, BROKEN, VISIT))
    [(state, reason)] = pair.rejects()
    assert (state, reason[:31]) == ("rejected", "the record has one line only: a")


def test_a_reject_with_a_nul_character_is_filed_and_told_once(pair: Pair) -> None:
    torn = "-\nTorn\0title\nA body. date2024-07-01"
    take_in(pair.store, dump(TALKS, torn))
    take_in(pair.store, dump(TALKS, torn, VISIT))
    take_in(pair.store, "\0 no dump", name="other.txt")
    assert pair.reject_states() == ["rejected", "rejected"]
    assert sorted(pair.kinds()) == ["new", "new", "rejected", "rejected"]


def test_a_held_tail_heals_when_its_file_is_completed(pair: Pair) -> None:
    take_in(pair.store, dump(TALKS, HALF))
    take_in(pair.store, dump(TALKS, HALF + "se. date2024-07-01"))
    assert pair.reject_states() == ["healed"]
    assert pair.kinds() == ["new", "new"]


def test_a_told_reject_heals_too(pair: Pair) -> None:
    take_in(pair.store, dump(TALKS, BROKEN, VISIT))
    take_in(pair.store, dump(TALKS, VISIT))
    assert pair.reject_states() == ["healed"]
    assert pair.kinds() == ["new", "new", "rejected"]


def test_a_tail_held_too_long_becomes_a_reject_with_its_event(pair: Pair) -> None:
    held = take_in(pair.store, dump(TALKS, HALF))
    assert pair.store.reject_overdue(held_before=NOON - timedelta(seconds=1), now=NOON).total == 0
    assert pair.reject_states() == ["held"]
    assert pair.store.reject_overdue(held_before=NOON, now=NOON + GRACE)[:2] == (1, 0)
    assert pair.reject_states() == ["rejected"]
    assert pair.events() == [("new", 1), ("rejected", None)]
    counted = pair.store.find_dump("motie", held.sha256)
    assert counted is not None
    assert (counted.counts[Kind.NEW], counted.rejected) == (1, 1)


def test_an_overdue_tail_is_told_once(pair: Pair) -> None:
    take_in(pair.store, dump(TALKS, HALF))
    pair.store.reject_overdue(held_before=NOON, now=NOON)
    assert pair.store.reject_overdue(held_before=NOON + GRACE, now=NOON + GRACE).total == 0
    take_in(pair.store, dump(TALKS, HALF, ""), now=NOON + GRACE)  # touched, as unfinished as before
    assert pair.reject_states() == ["rejected"]
    assert pair.kinds() == ["new", "rejected"]


def test_an_empty_file_that_stays_empty_is_counted_as_such(pair: Pair) -> None:
    take_in(pair.store, "", name="b.txt")
    take_in(pair.store, dump(TALKS, HALF))
    assert pair.store.reject_overdue(held_before=NOON, now=NOON + GRACE)[:2] == (1, 1)


def test_an_overdue_tail_still_heals(pair: Pair) -> None:
    take_in(pair.store, dump(TALKS, HALF))
    pair.store.reject_overdue(held_before=NOON, now=NOON)
    take_in(pair.store, dump(TALKS, HALF + "se. date2024-07-01"))
    assert pair.reject_states() == ["healed"]


def test_a_tail_is_held_since_it_was_first_seen(pair: Pair) -> None:
    slow = HALF + "se" * 200  # what is shown of it, and so what it is known by, stays as it was
    take_in(pair.store, dump(TALKS, slow))
    take_in(pair.store, dump(TALKS, slow + " and"), now=NOON + GRACE)
    assert pair.store.reject_overdue(held_before=NOON, now=NOON + GRACE)[:2] == (1, 0)


def test_a_held_tail_that_one_pass_finds_again_is_rejected_with_its_event(pair: Pair) -> None:
    take_in(pair.store, dump(TALKS, HALF))
    report = take_in(pair.store, dump(TALKS, HALF), mode=Mode.AGAIN)
    assert report.rejected == 1
    assert pair.reject_states() == ["rejected"]
    assert pair.kinds() == ["new", "rejected"]


def test_a_standing_reject_is_not_told_twice(pair: Pair) -> None:
    take_in(pair.store, dump(BROKEN, TALKS))
    take_in(pair.store, dump(BROKEN, TALKS, VISIT))
    take_in(pair.store, dump(BROKEN, TALKS, VISIT), mode=Mode.AGAIN)
    assert pair.reject_states() == ["rejected"]
    assert pair.kinds() == ["new", "rejected", "new"]


def test_a_second_broken_record_is_told_beside_a_standing_one(pair: Pair) -> None:
    take_in(pair.store, dump(BROKEN, TALKS))
    take_in(pair.store, dump(BROKEN, TALKS, BROKEN, VISIT))
    assert pair.reject_states() == ["rejected", "rejected"]


def test_what_stands_against_one_path_says_nothing_of_another(pair: Pair) -> None:
    take_in(pair.store, dump(BROKEN, TALKS))
    take_in(pair.store, dump(BROKEN, TALKS, VISIT), name="b.txt")
    take_in(pair.store, dump(TALKS, VISIT), name="b.txt")
    assert pair.reject_states() == ["rejected", "healed"]


def test_a_path_that_now_holds_known_content_is_healed(pair: Pair) -> None:
    take_in(pair.store, TALKS, name="whole.txt")
    take_in(pair.store, dump(TALKS, HALF))
    take_in(pair.store, TALKS)
    assert pair.reject_states() == ["healed"]


def test_reading_the_same_content_once_more_heals_nothing(pair: Pair) -> None:
    take_in(pair.store, dump(BROKEN, TALKS))
    take_in(pair.store, dump(BROKEN, TALKS, VISIT))  # the reject stands, in another content
    assert take_in(pair.store, dump(BROKEN, TALKS, VISIT)).status == "duplicate"
    assert pair.reject_states() == ["rejected"]


def test_reading_a_tail_that_was_rejected_in_a_later_content_heals_nothing(pair: Pair) -> None:
    take_in(pair.store, dump(TALKS, HALF))
    take_in(pair.store, dump(TALKS, HALF, ""), mode=Mode.ONCE)
    assert take_in(pair.store, dump(TALKS, HALF, "")).status == "duplicate"
    assert pair.reject_states() == ["rejected"]


def test_a_file_that_is_no_dump_is_one_reject(pair: Pair) -> None:
    report = take_in(pair.store, "Dear reader, this is a letter.")
    assert (report.status, report.rejected, report.counts[Kind.NEW]) == ("rejected", 1, 0)
    assert pair.events() == [("rejected", None)]
    assert pair.store.find_dump("motie", dump_of("Dear reader, this is a letter.").sha256) == report


class Parted:
    """A store that notes after each part of a dump which rejects an alert to the rest would count."""

    def __init__(self, pair: Pair, parts: int) -> None:
        self.seen = list[Mapping[str, int]]()
        self._pair, self._parts = pair, parts

    def commit(self, batch: Batch, **named: Any) -> IngestReport:
        if len(self.seen) == self._parts:
            raise InterruptedError
        report = self._pair.store.commit(batch, **named)
        self.seen.append(self._pair.source_states.unreported_rejects(now=NOON))
        return report

    def __getattr__(self, name: str) -> object:
        return getattr(self._pair.store, name)


@pytest.mark.parametrize("parts", [1, 2])
def test_rejects_of_a_large_dump_wait_for_its_end(pair: Pair, parts: int) -> None:
    parted = Parted(pair, parts)
    large = replace(dump_of(dump(BROKEN, *(record(f"Visit {n}") for n in range(5)))), max_records=lambda: 2)
    with pytest.raises(InterruptedError):
        ingest(large, options=HABITS, routing=AUDIENCE, store=cast("Store", parted), now=NOON, mode=Mode.WATCH)
    assert parted.seen == [{}] * parts
    assert pair.source_states.unreported_rejects(now=NOON + timedelta(hours=1)) == {SOURCE: 1}


def test_rejects_of_a_whole_dump_are_counted_at_once(pair: Pair) -> None:
    take_in(pair.store, dump(TALKS, BROKEN, VISIT))
    assert pair.source_states.unreported_rejects(now=NOON) == {SOURCE: 1}
