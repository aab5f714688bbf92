"""What every Store promises of writes that share one transaction."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.errors import Stale
from monitor.ingest_values import Batch
from monitor.model import Kind
from monitor.testing import NOON
from tests.contract.pairs import Pair
from tests.contract.takes import decide, dump, heads, record, take_in

TALKS, VISIT, FORUM = (record(f"{what} in Seoul", f"They spoke of {what}.") for what in ("Talks", "Visits", "Forums"))


def broken(batch: Batch) -> Batch:
    """A notice speaks of a release that the dump does not hold: found out when all else is written."""
    [notice] = batch.notices
    return replace(batch, notices=(replace(notice, item=replace(notice.item, release=99)),))


def titles(pair: Pair) -> list[str]:
    return [release.title for _, release in sorted(heads(pair.store).items())]


def test_dumps_of_one_block_are_all_stored(pair: Pair) -> None:
    with pair.store.shared_transaction():
        reports = [take_in(pair.store, text, name=f"{n}.txt") for n, text in enumerate((TALKS, dump(VISIT, TALKS)))]
    assert [report.counts[Kind.NEW] for report in reports] == [1, 1]
    assert titles(pair) == ["Talks in Seoul", "Visits in Seoul"]
    assert [len(pair.outbox.pending_notices("team"))] == [2]


def test_a_commit_that_fails_in_a_block_takes_nothing_with_it(pair: Pair) -> None:
    with pair.store.shared_transaction():
        take_in(pair.store, TALKS, name="a.txt")
        with pytest.raises(KeyError):
            pair.store.commit(broken(decide(pair.store, VISIT, name="b.txt")), now=NOON)
        take_in(pair.store, FORUM, name="c.txt")
    assert titles(pair) == ["Talks in Seoul", "Forums in Seoul"]
    assert set(pair.store.ledger("motie")) == {b"/seeds/a.txt", b"/seeds/c.txt"}


def test_a_stale_batch_in_a_block_can_be_decided_again(pair: Pair) -> None:
    batch = decide(pair.store, VISIT, name="b.txt")
    with pair.store.shared_transaction():
        take_in(pair.store, TALKS)
        with pytest.raises(Stale):
            pair.store.commit(batch, now=NOON)
        take_in(pair.store, VISIT, name="b.txt")
    assert titles(pair) == ["Talks in Seoul", "Visits in Seoul"]


def take_two_and_fail(pair: Pair) -> None:
    with pair.store.shared_transaction():
        take_in(pair.store, dump(TALKS, VISIT), name="b.txt")
        take_in(pair.store, TALKS, name="copy.txt")
        raise ZeroDivisionError


def test_an_error_that_leaves_a_block_takes_all_of_it_back(pair: Pair) -> None:
    take_in(pair.store, TALKS)
    with pytest.raises(ZeroDivisionError):
        take_two_and_fail(pair)
    assert (titles(pair), pair.kinds()) == (["Talks in Seoul"], ["new"])
    assert set(pair.store.ledger("motie")) == {b"/seeds/a.txt"}
    assert len(pair.outbox.pending_notices("team")) == 1


def test_an_empty_block_changes_nothing_and_the_next_one_works(pair: Pair) -> None:
    with pair.store.shared_transaction():
        pass
    with pair.store.shared_transaction():
        take_in(pair.store, TALKS)
    assert titles(pair) == ["Talks in Seoul"]
