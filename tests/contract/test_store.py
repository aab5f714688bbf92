"""What every Store promises of releases and ingests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.compare.fingerprint import normal_form
from monitor.errors import Stale
from monitor.ingest_values import Batch, Mode
from monitor.model import FileSignature, Kind, SeenRecord
from monitor.testing import NOON, dump_of
from tests.contract.pairs import Pair
from tests.contract.takes import SOURCE, decide, dump, figures, heads, keys_of, record, records, take_in

TALKS, VISIT = record("Talks held"), record("Visit ends", "The minister flew home.", day="2024-07-02")
LATER = NOON + timedelta(hours=1)


def test_an_empty_store_knows_nothing(pair: Pair) -> None:
    known = pair.store.snapshot(keys_of(TALKS), [1])
    assert (dict(known.heads), dict(known.by_key), known.next_number) == ({}, {}, 1)
    assert pair.store.find_dump("motie", dump_of(TALKS).sha256) is None
    assert pair.store.seen_records(SOURCE, {shown.digest for shown in records(TALKS)}) == {}
    assert (pair.store.ledger("motie"), pair.store.ledger_entry("motie", b"/seeds/a.txt")) == ({}, None)
    assert (pair.events(), pair.rejects(), pair.messages(), pair.waiting()) == ([], [], [], [])


def test_sketches_are_of_heads_the_newest_first(pair: Pair) -> None:
    take_in(pair.store, dump(figures("5.1"), TALKS))
    take_in(pair.store, dump(figures("5.3"), VISIT))
    keys = keys_of(dump(figures("5.3"), TALKS, VISIT))
    sketches = pair.store.sketches(keys)
    assert set(sketches) == {1, 2, 3}
    for number, release in heads(pair.store).items():
        assert sketches[number] == normal_form(release).sketch
    assert set(pair.store.sketches(keys, most=2)) == {2, 3}
    assert pair.store.sketches(()) == {}


# --- commit --------------------------------------------------------------------------------------------------------


def test_a_report_says_what_the_take_in_came_to(pair: Pair) -> None:
    take_in(pair.store, dump(figures("5.1"), TALKS))
    content = dump(figures("5.3"), TALKS, VISIT)
    report = take_in(pair.store, content, name="b.txt", now=LATER)
    assert (report.dump, report.source, report.name, report.status) == (2, "motie", "b.txt", "stored")
    assert (report.sha256, report.size, report.encoding) == (dump_of(content).sha256, len(content), "utf-8")
    assert (report.as_of, report.at) == (LATER, LATER)
    assert {kind: n for kind, n in report.counts.items() if n} == {Kind.NEW: 1, Kind.CHANGED: 1, Kind.UNCHANGED: 1}
    assert set(report.counts) == set(Kind)


def test_everything_that_happened_is_written_down_in_the_order_of_the_dump(pair: Pair) -> None:
    take_in(pair.store, dump(TALKS, figures("5.1")))
    take_in(pair.store, dump(VISIT, TALKS, figures("5.3")))
    assert pair.events() == [("new", 1), ("new", 2), ("new", 3), ("changed", 2)]
    assert (pair.waiting(), pair.messages()) == ([1, 2, 3, 2], [])
    assert [(one.dump, one.since) for one in pair.outbox.pending_notices("team")] == [
        (1, NOON),
        (1, NOON),
        (2, NOON),
        (2, NOON),
    ]


def test_a_known_dump_taken_in_again_tells_nobody_twice(pair: Pair) -> None:
    take_in(pair.store, dump(TALKS, VISIT))
    report = take_in(pair.store, dump(TALKS, VISIT), mode=Mode.AGAIN)
    assert (report.dump, report.counts[Kind.UNCHANGED]) == (2, 2)
    assert (len(pair.events()), pair.waiting()) == (2, [1, 2])


def _with_an_item_of_another_dump(batch: Batch) -> Batch:
    """The last notice speaks of a release this dump does not hold: found out when all else is written."""
    stray = replace(batch.notices[0], item=replace(batch.notices[0].item, release=99))
    return replace(batch, notices=(*batch.notices, stray))


def test_a_batch_that_fails_half_way_leaves_nothing(pair: Pair) -> None:
    take_in(pair.store, TALKS)
    content = dump(VISIT, figures("5.1"))
    with pytest.raises(KeyError):
        pair.store.commit(_with_an_item_of_another_dump(decide(pair.store, content, name="b.txt")), now=NOON)
    known = pair.store.snapshot(keys_of(content), range(1, 9))
    assert (set(known.heads), {*known.by_key.values()}, known.next_number) == ({1}, {(1,)}, 2)  # the day they share
    assert pair.store.find_dump("motie", dump_of(content).sha256) is None
    assert pair.store.seen_records(SOURCE, {shown.digest for shown in records(content)}) == {}
    assert set(pair.store.ledger("motie")) == {b"/seeds/a.txt"}
    assert (pair.events(), pair.waiting()) == ([("new", 1)], [1])


def test_after_a_failed_batch_the_same_dump_can_be_taken_in(pair: Pair) -> None:
    with pytest.raises(KeyError):
        pair.store.commit(_with_an_item_of_another_dump(decide(pair.store, TALKS)), now=NOON)
    assert take_in(pair.store, TALKS).counts[Kind.NEW] == 1
    assert pair.waiting() == [1]


MOVED = {
    "a new release's number was given away": (TALKS, dump(TALKS, VISIT), dump(TALKS, record("Other news"))),
    "a changed release changed meanwhile": (figures("5.1"), figures("5.3"), figures("5.5")),
    "an unchanged release changed meanwhile": (figures("5.1"), figures("5.1") + "\n", figures("5.5")),
}


@pytest.mark.parametrize(("before", "decided", "meanwhile"), MOVED.values(), ids=MOVED)
def test_a_batch_decided_on_what_has_moved_is_stale(pair: Pair, before: str, decided: str, meanwhile: str) -> None:
    take_in(pair.store, before)
    batch = decide(pair.store, decided)
    take_in(pair.store, meanwhile, name="b.txt")
    known, events = heads(pair.store), pair.events()
    with pytest.raises(Stale):
        pair.store.commit(batch, now=NOON)
    assert (heads(pair.store), pair.events()) == (known, events)
    assert pair.store.find_dump("motie", batch.dump.sha256) is None


def test_a_batch_whose_own_releases_stood_still_is_not_stale(pair: Pair) -> None:
    take_in(pair.store, dump(TALKS, figures("5.1")))
    batch = decide(pair.store, dump(TALKS, figures("5.3")), name="b.txt")
    take_in(pair.store, dump(VISIT, TALKS), name="c.txt")
    assert pair.store.commit(batch, now=NOON).counts[Kind.CHANGED] == 1


# --- find_dump and note_duplicate ----------------------------------------------------------------------------------


def test_a_take_in_is_found_by_its_content_and_source(pair: Pair) -> None:
    report = take_in(pair.store, TALKS)
    assert pair.store.find_dump("motie", report.sha256) == report
    assert pair.store.find_dump("customs", report.sha256) is None
    assert pair.store.find_dump("motie", b"\0" * 32) is None


def test_of_several_take_ins_of_one_content_the_newest_is_found(pair: Pair) -> None:
    take_in(pair.store, TALKS)
    newest = take_in(pair.store, TALKS, mode=Mode.AGAIN, now=LATER)
    assert pair.store.find_dump("motie", newest.sha256) == newest


def test_one_content_may_be_confirmed_under_one_stamp_after_another_was_in_between(pair: Pair) -> None:
    take_in(pair.store, TALKS, name="20240703.txt")
    take_in(pair.store, TALKS, name="20240701.txt", mode=Mode.AGAIN)  # now the newest ingest has an older stamp
    assert take_in(pair.store, TALKS, name="20240703.txt").status == "stored"


def test_known_content_under_another_name_is_only_noted(pair: Pair) -> None:
    first = take_in(pair.store, TALKS)
    again = take_in(pair.store, TALKS, name="copy.txt", now=LATER)
    assert (again.dump, again.name, again.status, again.at) == (first.dump, "copy.txt", "duplicate", LATER)
    assert not any(again.counts.values())
    assert pair.store.find_dump("motie", first.sha256) == first
    assert pair.store.ledger("motie")[b"/seeds/copy.txt"].status == "duplicate"
    assert (pair.kinds(), pair.waiting()) == (["new"], [1])


# --- sightings and snapshot ----------------------------------------------------------------------------------------


def test_a_record_that_was_seen_names_the_version_it_was_taken_for(pair: Pair) -> None:
    take_in(pair.store, dump(TALKS, figures("5.1")))
    take_in(pair.store, dump(TALKS, figures("5.3")))
    [talks], [old], [new], [other] = (records(text) for text in (TALKS, figures("5.1"), figures("5.3"), VISIT))
    assert pair.store.seen_records(SOURCE, {talks.digest, old.digest, new.digest, other.digest}) == {
        talks.digest: SeenRecord(number=1, version=1),
        old.digest: SeenRecord(number=2, version=1),
        new.digest: SeenRecord(number=2, version=2),
    }


def test_the_same_record_of_another_source_is_another_record(pair: Pair) -> None:
    take_in(pair.store, TALKS)
    [shown] = records(TALKS)
    assert pair.store.seen_records("other", {shown.digest}) == {}
    assert take_in(pair.store, TALKS, source="other").counts[Kind.NEW] == 1
    found = [pair.store.seen_records(source, {shown.digest})[shown.digest].number for source in (SOURCE, "other")]
    assert found == [1, 2]


def test_another_spelling_of_a_known_release_is_remembered_too(pair: Pair) -> None:
    take_in(pair.store, record("Talks held", category="FTA"))
    assert take_in(pair.store, TALKS).counts[Kind.UNCHANGED] == 1  # this listing prints no category
    [shown] = records(TALKS)
    assert pair.store.seen_records(SOURCE, {shown.digest}) == {shown.digest: SeenRecord(number=1, version=1)}


def test_a_snapshot_holds_the_releases_with_these_keys_or_numbers(pair: Pair) -> None:
    take_in(pair.store, dump(TALKS, VISIT, figures("5.1")))
    known = pair.store.snapshot(keys_of(VISIT), [1, 99])
    assert set(known.heads) == {1, 2}
    assert known.by_key == dict.fromkeys(keys_of(VISIT), (2,))
    assert known.next_number == 4


def test_releases_under_one_key_stand_in_the_order_of_their_numbers(pair: Pair) -> None:
    twins = [record("Photo", "The minister spoke."), record("Photo", "A port opened.", day="2024-06-01")]
    take_in(pair.store, dump(*twins))
    [shared] = keys_of(twins[0]) & keys_of(twins[1])
    assert pair.store.snapshot({shared}).by_key == {shared: (1, 2)}


def test_a_key_of_more_releases_than_asked_for_is_named_and_not_read(pair: Pair) -> None:
    twins = [record("Photo", "The minister spoke."), record("Photo", "A port opened.", day="2024-06-01")]
    take_in(pair.store, dump(*twins))
    [shared] = keys_of(twins[0]) & keys_of(twins[1])
    assert pair.store.snapshot({shared}, most=2).by_key == {shared: (1, 2)}
    known = pair.store.snapshot({shared}, [2], most=1)
    assert set(known.crowded) == {shared}
    assert known.by_key == {}
    assert set(known.heads) == {2}


def test_one_title_of_two_sources_is_two_releases(pair: Pair) -> None:
    take_in(pair.store, TALKS)
    take_in(pair.store, TALKS, source="customs")
    assert set(pair.store.snapshot(keys_of(TALKS)).heads) == {1}
    assert set(pair.store.snapshot(keys_of(TALKS, "customs")).heads) == {2}


def test_many_keys_at_once_find_all_their_releases(pair: Pair) -> None:
    content = dump(*(record(f"Notice {n}", f"Text {n}.") for n in range(1200)))
    take_in(pair.store, content)
    assert set(pair.store.snapshot(keys_of(content)).heads) == set(range(1, 1201))


def test_a_retitled_release_is_found_under_both_titles(pair: Pair) -> None:
    body = "The ministry will open a centre in Busan that helps small firms with customs papers and advice on rules."
    old, new = record("Centre opens", body), record("Centre opens in Busan", body)
    take_in(pair.store, old)
    assert take_in(pair.store, new).counts[Kind.CHANGED] == 1
    assert set(pair.store.snapshot(keys_of(old)).heads) == set(pair.store.snapshot(keys_of(new)).heads) == {1}
    assert heads(pair.store)[1].title == "Centre opens in Busan"


def test_a_head_is_the_merged_text_of_all_views(pair: Pair) -> None:
    [told] = records(TALKS)
    take_in(pair.store, TALKS)
    take_in(pair.store, record("Talks held", category="FTA"))
    assert heads(pair.store)[1] == replace(told.release, category="FTA")


def test_a_head_knows_its_earlier_texts(pair: Pair) -> None:
    texts = []
    for rise in ("5.1", "5.3", "5.5"):
        texts += [change.text_hash for change in decide(pair.store, figures(rise)).changes]
        take_in(pair.store, figures(rise))
    head = pair.store.snapshot((), [1]).heads[1]
    assert (head.version, head.past) == (3, frozenset(texts[:2]))


def test_a_text_that_comes_back_is_told_as_reverted(pair: Pair) -> None:
    take_in(pair.store, figures("5.1"))
    take_in(pair.store, figures("5.3"))
    [change] = decide(pair.store, figures("5.1") + "\n").changes
    assert (change.kind, change.reverted) == (Kind.CHANGED, True)


STAMPS = {
    "20240703.txt": datetime(2024, 7, 2, 15, tzinfo=UTC),
    "20240701.txt": datetime(2024, 7, 2, 15, tzinfo=UTC),
    "20240705.txt": datetime(2024, 7, 4, 15, tzinfo=UTC),
}


def test_a_confirmation_only_moves_forward(pair: Pair) -> None:
    found = {}
    for name in STAMPS:
        take_in(pair.store, TALKS, name=name, mode=Mode.AGAIN)
        found[name] = pair.store.snapshot((), [1]).heads[1].confirmed
    assert found == STAMPS


# --- the ledger ----------------------------------------------------------------------------------------------------


def test_the_ledger_keeps_each_path_as_it_was_last(pair: Pair) -> None:
    take_in(pair.store, TALKS)
    take_in(pair.store, VISIT, name="b.txt")
    take_in(pair.store, dump(TALKS, VISIT))
    ledger = pair.store.ledger("motie")
    last = dump_of(dump(TALKS, VISIT))
    assert set(ledger) == {b"/seeds/a.txt", b"/seeds/b.txt"}
    assert (ledger[b"/seeds/a.txt"].signature, ledger[b"/seeds/a.txt"].sha256) == (last.signature, last.sha256)
    assert pair.store.ledger_entry("motie", b"/seeds/a.txt") == ledger[b"/seeds/a.txt"]


def test_a_confirmed_file_keeps_its_entry_but_for_the_signature(pair: Pair) -> None:
    report = take_in(pair.store, TALKS)
    sign = FileSignature(device=-(2**63), inode=2**63 - 1, size=7, mtime_ns=-5, ctime_ns=9)

    pair.store.confirm_file("customs", b"/seeds/a.txt", sign._replace(size=8))
    pair.store.confirm_file("motie", b"/seeds/a.txt", sign)

    entry = pair.store.ledger("motie")[b"/seeds/a.txt"]
    assert (entry.signature, entry.sha256, entry.status) == (sign, report.sha256, "stored")
    assert pair.store.ledger("customs") == {}


def test_each_source_has_its_own_ledger(pair: Pair) -> None:
    take_in(pair.store, TALKS)
    assert (pair.store.ledger("customs"), pair.store.ledger_entry("customs", b"/seeds/a.txt")) == ({}, None)


def test_a_path_need_not_be_text(pair: Pair) -> None:
    path = "/seeds/보도.txt".encode("cp949")
    batch = decide(pair.store, TALKS)
    pair.store.commit(replace(batch, dump=replace(batch.dump, path=path)), now=NOON)
    assert set(pair.store.ledger("motie")) == {path}
    assert pair.store.ledger_entry("motie", path) is not None


@pytest.mark.parametrize(("content", "status"), [(TALKS, "stored"), ("-\n", "held"), ("no dump", "rejected")])
def test_the_ledger_says_what_a_path_came_to(pair: Pair, content: str, status: str) -> None:
    report = take_in(pair.store, content)
    assert (report.status, pair.store.ledger("motie")[b"/seeds/a.txt"].status) == (status, status)
