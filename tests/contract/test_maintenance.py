"""What every store promises of the work on it as a whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.compare.fingerprint import FINGERPRINTER
from monitor.errors import UsageError
from monitor.match.search import index_words, search_query
from monitor.model import Kind, Outcome, Verdict
from monitor.ports import Retention
from monitor.state_values import Pruned
from monitor.testing import NOON
from tests.contract.pairs import Pair
from tests.contract.takes import dump, figures, record, take_in

TALKS, VISIT = record("Talks held"), record("Visit ends", "He went to Busan.", day="2024-07-03")
DAY = timedelta(days=1)
LATER = NOON + 100 * DAY
ALL = Retention(versions=30 * DAY, messages=30 * DAY, events=30 * DAY)
NEXT = replace(FINGERPRINTER, norm_version=FINGERPRINTER.norm_version + 1)


def deliver(pair: Pair) -> None:
    pair.form()
    while delivery := pair.outbox.claim("team", now=NOON):
        pair.outbox.done(delivery, Verdict(outcome=Outcome.OK, reason="accepted"), now=NOON)


def test_a_store_that_can_be_written_says_so_and_is_the_same(pair: Pair) -> None:
    take_in(pair.store, TALKS)
    pair.maintenance.check_writable()
    assert pair.kinds() == ["new"]


# --- search --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_indexed", [False, True])
def test_words_find_releases_whatever_the_index_holds_already(pair: Pair, is_indexed: bool) -> None:
    take_in(pair.store, dump(TALKS, VISIT))
    while is_indexed and pair.maintenance.fill_search_index(1, index_words):
        pass
    assert pair.archive.search(search_query(["seoul"])) == [1]
    assert pair.archive.search(search_query(["went to", "visit"])) == [2]
    assert pair.archive.search(search_query(["to went"])) == []
    assert pair.archive.search(search_query(["in"])) == [1]
    take_in(pair.store, record("Visit ends", "He went to Daegu instead.", day="2024-07-03"), name="b.txt")
    assert (pair.archive.search(search_query(["busan"])), pair.archive.search(search_query(["daegu"]))) == ([], [2])


def test_a_search_may_be_narrowed_to_late_days_and_needs_a_word(pair: Pair) -> None:
    take_in(pair.store, dump(TALKS, VISIT))
    late = pair.archive.head(2).release.date
    assert (
        pair.archive.search(search_query(["ends"]), since=late),
        pair.archive.search(search_query(["held"]), since=late),
    ) == ([2], [])
    with pytest.raises(UsageError):
        pair.archive.search(search_query(["*", ""]))


def test_the_index_is_filled_a_little_at_a_time(pair: Pair) -> None:
    take_in(pair.store, dump(TALKS, VISIT, figures("5.1")))
    assert [pair.maintenance.fill_search_index(2, index_words) for _ in range(3)] == [2, 1, 0]


# --- pruning -------------------------------------------------------------------------------------------------------


def test_what_is_old_is_deleted_and_nothing_is_told_again(pair: Pair) -> None:
    take_in(pair.store, figures("5.1"))
    take_in(pair.store, figures("5.3"), name="b.txt")
    deliver(pair)
    take_in(pair.store, VISIT, name="c.txt")
    deliver(pair)
    steps: list[int] = []
    pruned = pair.maintenance.prune(ALL, now=LATER, on_step=steps.append)
    assert pruned == Pruned(versions=1, messages=2, events=2)
    assert sum(steps) == 5
    assert [bool(version.body) for version in pair.archive.versions(1)] == [False, True]
    again = take_in(pair.store, dump(figures("5.3"), VISIT), name="d.txt").counts
    assert {kind for kind, count in again.items() if count} == {Kind.UNCHANGED}
    assert take_in(pair.store, VISIT, name="e.txt").status == "duplicate"


def test_without_a_retention_or_while_it_waits_nothing_is_deleted(pair: Pair) -> None:
    take_in(pair.store, figures("5.1"))
    take_in(pair.store, figures("5.3"), name="b.txt")
    assert pair.maintenance.prune(ALL, now=LATER) == Pruned()
    deliver(pair)
    assert pair.maintenance.prune(Retention(), now=LATER) == Pruned()
    assert pair.maintenance.prune(ALL, now=NOON + 29 * DAY) == Pruned()


# --- renames and hashes --------------------------------------------------------------------------------------------


def rename(pair: Pair) -> int | None:
    return pair.maintenance.rename_source(old="motie", new="ministry", fingerprinter=FINGERPRINTER)


def test_a_renamed_source_keeps_what_it_has(pair: Pair) -> None:
    pair.source_states.begin_silence("motie", NOON)
    take_in(pair.store, dump(TALKS, VISIT))
    assert [rename(pair), rename(pair)] == [2, None]
    assert set(pair.archive.summary().sources) == {"ministry"}
    assert (pair.source_states.silences(), set(pair.source_states.last_dumps())) == ({"ministry": NOON}, {"ministry"})
    assert take_in(pair.store, dump(TALKS, VISIT), source="ministry").status == "duplicate"
    edited = take_in(pair.store, dump(TALKS, figures("5.1")), name="b.txt", source="ministry").counts
    assert (edited[Kind.UNCHANGED], edited[Kind.NEW]) == (1, 1)


def test_hashes_follow_the_version_of_the_normal_forms(pair: Pair) -> None:
    take_in(pair.store, dump(TALKS, VISIT))
    pair.maintenance.rehash(FINGERPRINTER)
    assert (pair.maintenance.rehash(FINGERPRINTER), pair.maintenance.rehash(NEXT)) == (0, 2)
    respaced = take_in(pair.store, dump(TALKS.replace("in Seoul", "in  Seoul"), VISIT), name="b.txt").counts
    assert {kind for kind, count in respaced.items() if count} == {Kind.COSMETIC, Kind.UNCHANGED}


# --- verification --------------------------------------------------------------------------------------------------


def test_a_store_that_nobody_damaged_passes_every_check(pair: Pair) -> None:
    take_in(pair.store, dump(TALKS, figures("5.1")))
    take_in(pair.store, figures("5.3"), name="b.txt")
    pair.maintenance.rehash(FINGERPRINTER)
    steps: list[int] = []
    checks = [*pair.maintenance.verify(), pair.maintenance.verify_texts(FINGERPRINTER, on_step=steps.append)]
    assert [check.faults for check in checks if not check.is_ok] == []
    assert sum(steps) == pair.maintenance.count_texts() == 3


def test_texts_are_compared_only_by_the_version_that_hashed_them(pair: Pair) -> None:
    take_in(pair.store, TALKS)
    pair.maintenance.rehash(FINGERPRINTER)
    [fault] = pair.maintenance.verify_texts(NEXT).faults
    assert "another version" in fault
