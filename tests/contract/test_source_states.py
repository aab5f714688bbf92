"""What every store keeps of its sources: last dumps, baselines and silences."""

from __future__ import annotations

from datetime import timedelta

from monitor.ingest_values import BaselineCounts
from monitor.testing import NOON
from tests.contract.pairs import Pair
from tests.contract.takes import dump, figures, record, take_in

TALKS = record("Talks held")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_a_copy_and_a_reject_are_dumps_of_their_source(pair: Pair) -> None:
    assert pair.source_states.last_dumps() == {}
    take_in(pair.store, TALKS)
    take_in(pair.store, TALKS, source="customs", now=NOON + HOUR)
    take_in(pair.store, TALKS, name="copy.txt", now=NOON + 2 * HOUR)
    take_in(pair.store, "no dump at all", name="b.txt", source="customs", now=NOON + 3 * HOUR)
    assert pair.source_states.last_dumps() == {"motie": NOON + 2 * HOUR, "customs": NOON + 3 * HOUR}


def test_a_baseline_is_taken_once_and_goes_on_when_it_was_cut_off(pair: Pair) -> None:
    assert pair.source_states.begin_baseline("motie")
    assert pair.source_states.begin_baseline("motie")
    assert pair.source_states.baseline("motie") == BaselineCounts(0, 0)
    pair.source_states.end_baseline("motie")
    assert not pair.source_states.begin_baseline("motie")
    assert pair.source_states.begin_baseline("customs")


def test_a_source_that_has_dumps_gets_no_baseline_any_more(pair: Pair) -> None:
    take_in(pair.store, TALKS)
    assert not pair.source_states.begin_baseline("motie")
    assert pair.source_states.begin_baseline("customs")


def test_a_baseline_counts_what_was_recorded_and_what_would_match(pair: Pair) -> None:
    pair.source_states.begin_baseline("motie")
    take_in(pair.store, TALKS, source="customs")
    take_in(pair.store, dump(TALKS, figures("5.1")))
    take_in(pair.store, dump(TALKS, figures("5.3")), name="b.txt")
    assert pair.source_states.begin_baseline("motie")  # in the middle of it
    assert pair.source_states.baseline("motie") == BaselineCounts(2, 2)


def test_a_silence_lasts_until_it_is_ended(pair: Pair) -> None:
    states = pair.source_states
    assert states.silences() == {}
    states.begin_silence("관세청", NOON)
    states.begin_silence("motie", NOON + HOUR)
    assert states.silences() == {"관세청": NOON, "motie": NOON + HOUR}
    states.end_silence("관세청")
    states.end_silence("관세청")
    assert states.silences() == {"motie": NOON + HOUR}


def test_a_dump_is_expected_since_the_first_time_somebody_asked(pair: Pair) -> None:
    assert pair.source_states.expected_since("motie", now=NOON) == NOON
    assert pair.source_states.expected_since("motie", now=NOON + DAY) == NOON
    assert pair.source_states.expected_since("customs", now=NOON + DAY) == NOON + DAY
    assert pair.source_states.silences() == {}  # to expect a dump is no silence
