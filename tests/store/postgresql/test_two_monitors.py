"""What two monitors that write one database promise: a source is one turn, and everything is decided once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import cast

import psycopg
import pytest

from monitor.compare.fingerprint import FINGERPRINTER
from monitor.daemon.operator_alerts import OperatorAlerts
from monitor.daemon.reject_alerts import RejectAlerts
from monitor.errors import Stale, StoreError, WrongState
from monitor.ingest_values import Mode
from monitor.inspect.follow import EventFollower
from monitor.match.search import index_words
from monitor.model import Kind
from monitor.node_values import NodeFacts
from monitor.pipeline import ingest
from monitor.ports import Store
from monitor.records import EventFilter
from monitor.store.postgresql.sequences import after_copy
from monitor.store.postgresql.store import PostgresqlStore
from monitor.testing import NOON, FrozenClock, dump_of
from tests.contract.takes import AUDIENCE, HABITS, HALF, decide, dump, figures, record, take_in
from tests.end_to_end.large_dumps import large
from tests.postgresql_databases import Databases
from tests.store.postgresql.two_monitors import Beaten, Two, beaten, two_monitors
from tests.waiting import wait_until

TALKS, VISIT, FORUM = (record(f"{what} in Seoul", f"They spoke of {what}.") for what in ("Talks", "Visits", "Forums"))
BAD = "no dump at all"


@pytest.fixture
def two(databases: Databases, tmp_path: Path) -> Iterator[Two]:
    with two_monitors(databases.url(tmp_path / "state")) as made:
        yield made


def test_a_decision_on_an_older_state_of_the_source_is_stale(two: Two) -> None:
    batch = decide(two.one.store, TALKS)
    take_in(two.other.store, dump(TALKS, VISIT), name="b.txt")
    with pytest.raises(Stale):
        two.one.store.commit(batch, now=NOON)
    assert take_in(two.one.store, TALKS).counts[Kind.UNCHANGED] == 1
    assert two.kinds() == ["new", "new"]


def test_another_source_makes_nothing_stale(two: Two) -> None:
    batch = decide(two.one.store, TALKS)
    take_in(two.other.store, TALKS, source="customs")
    assert two.one.store.commit(batch, now=NOON).counts[Kind.NEW] == 1


def test_a_dump_that_adds_no_text_makes_no_other_stale(two: Two) -> None:
    take_in(two.one.store, TALKS)
    batch = decide(two.one.store, VISIT, name="b.txt")
    take_in(two.other.store, dump(TALKS, TALKS), name="c.txt")
    assert two.one.store.commit(batch, now=NOON).counts[Kind.NEW] == 1


def test_a_release_that_has_changed_meanwhile_is_decided_again(two: Two) -> None:
    take_in(two.one.store, figures("5.1"))
    store = beaten(two.one.store, partial(take_in, two.other.store, figures("5.3"), name="b.txt"))
    take_in(store, figures("5.5"), name="c.txt")
    assert two.kinds() == ["new", "changed", "changed"]
    assert two.notices() == 3


def test_a_release_that_was_shown_as_it_was_has_changed_meanwhile(two: Two) -> None:
    take_in(two.one.store, figures("5.1"))
    batch = decide(two.one.store, dump(figures("5.1"), figures("5.1")), name="b.txt")
    take_in(two.other.store, figures("5.3"), name="c.txt")
    with pytest.raises(Stale):
        two.one.store.commit(batch, now=NOON)


def test_a_release_that_was_withdrawn_meanwhile_is_no_longer_as_it_was(two: Two) -> None:
    take_in(two.one.store, TALKS)
    batch = decide(two.one.store, dump(TALKS, TALKS), name="b.txt")
    with psycopg.connect(two.url) as connection:
        connection.execute("UPDATE release SET state = 'withdrawn', withdrawn = now()")
    with pytest.raises(Stale):
        two.one.store.commit(batch, now=NOON)


def test_a_twin_is_noted_as_a_duplicate_and_alerts_nobody(two: Two) -> None:
    store = beaten(two.one.store, partial(take_in, two.other.store, TALKS))
    assert take_in(store, TALKS).status == "duplicate"
    assert (two.kinds(), two.notices()) == (["new"], 1)
    assert len(two.one.archive.dumps()) == 2  # the copy is listed


def test_a_bad_file_that_two_monitors_see_is_told_once(two: Two) -> None:
    store = beaten(two.one.store, partial(take_in, two.other.store, BAD))
    assert take_in(store, BAD).status == "duplicate"
    assert two.kinds() == ["rejected"]
    assert two.one.source_states.unreported_rejects(now=NOON) == {"motie": 1}


def test_who_has_waited_for_the_source_sees_what_the_other_has_stored(two: Two) -> None:
    """The content is looked up behind the lock: before it, neither would know of the other."""
    batch, ended = decide(two.other.store, BAD), list[BaseException]()

    def commit() -> None:
        try:
            two.other.store.commit(batch, now=NOON)
        except Stale as error:
            ended.append(error)

    waiting = threading.Thread(target=commit)
    with two.one.store.shared_transaction("motie"):
        take_in(two.one.store, BAD)
        waiting.start()
        wait_until(two.is_one_waiting)
    waiting.join()
    assert [type(error) for error in ended] == [Stale]
    assert two.kinds() == ["rejected"]


def test_after_one_stale_decision_those_of_a_minute_are_made_in_turn(two: Two) -> None:
    store = Beaten(two.one.store, partial(take_in, two.other.store, dump(TALKS, VISIT), name="b.txt"))
    take_in(cast("Store", store), TALKS)
    assert (store.commits, store.turns) == (2, [False, True])
    taken = list[str]()

    def take_another() -> None:
        taken.append(take_in(two.other.store, FORUM, name="c.txt").status)

    waiting = threading.Thread(target=take_another)
    with two.one.store.turn("motie"):
        waiting.start()
        wait_until(two.is_one_waiting)
        assert taken == []
    waiting.join()
    assert taken == ["stored"]


def test_a_rejected_file_is_told_by_another_monitor_when_the_first_has_crashed(two: Two) -> None:
    """What no alert has counted stands in the store with the rejects themselves."""
    take_in(two.one.store, BAD)  # and ends before it tells anybody
    for stores in (two.other, two.one):
        operator = OperatorAlerts(channels=("desk",), outbox=stores.outbox, clock=FrozenClock(NOON))
        RejectAlerts(store=stores.store, source_states=stores.source_states, operator=operator).report_rest()
    [message] = two.one.archive.messages()
    assert "could not be read" in message.text


def test_rejects_that_two_monitors_alert_to_at_one_time_are_alerted_once(two: Two) -> None:
    """The hour may turn between them, so the key of the alert does not prevent the second."""
    take_in(two.one.store, BAD)
    alerts = [
        RejectAlerts(
            store=stores.store,
            source_states=stores.source_states,
            operator=OperatorAlerts(channels=("desk",), outbox=stores.outbox, clock=FrozenClock(NOON + later)),
        )
        for stores, later in ((two.one, timedelta(0)), (two.other, timedelta(hours=1)))
    ]
    second = threading.Thread(target=alerts[1].report_rest)
    with two.one.outbox.transaction():
        alerts[0].report_rest()
        second.start()
        wait_until(two.is_one_waiting)
    second.join()
    assert len(two.one.archive.messages()) == 1


def test_a_large_dump_that_two_monitors_read_is_stored_once(two: Two) -> None:
    """Each stores parts; as soon as one has stored the last, the other knows the content."""
    texts = [record(f"Visit {n}", f"They went to place {n * 7} for {n} hours.", day="2024-03-01") for n in range(12)]
    dumped = large(dump(*texts))
    take = partial(ingest, dumped, options=HABITS, routing=AUDIENCE, now=NOON, mode=Mode.WATCH)
    beside = [partial(take, store=two.other.store)]

    def on_part(_stored: int, _records: int) -> None:
        if beside:
            beside.pop()()

    report = take(store=two.one.store, on_part=on_part)
    kinds = two.kinds()
    assert report.status == "duplicate"
    assert set(kinds) == {"new"}
    assert len(kinds) == two.notices() == two.one.archive.count_heads() == 12


def test_two_monitors_give_out_different_numbers(two: Two) -> None:
    for number in range(3):
        for name, stores in (("one", two.one), ("other", two.other)):
            take_in(
                stores.store, record(f"Talks {name} {number}", f"They spoke of {name}{number}."), name=f"{name}{number}"
            )
    numbers = [event.release for event in two.one.archive.events(EventFilter())]
    assert numbers == [1, 1001, 2, 1002, 3, 1003]


def test_numbers_that_were_not_used_are_given_out_by_the_next_process(databases: Databases, tmp_path: Path) -> None:
    for name in ("a", "b"):
        with two_monitors(databases.url(tmp_path / "state")) as two:
            take_in(two.one.store, record(f"Talks {name}", f"They spoke of {name}."), name=name)
    with two_monitors(databases.url(tmp_path / "state")) as two:
        assert [event.release for event in two.one.archive.events(EventFilter())] == [1, 2]


def test_a_number_that_exists_already_is_not_given_to_another_release(two: Two) -> None:
    """The database went back in time: the block of before is void."""
    take_in(two.one.store, TALKS)
    with psycopg.connect(two.url) as connection:
        connection.execute("UPDATE counter SET next = 1")
    take_in(two.other.store, VISIT, name="b.txt")
    take_in(two.one.store, FORUM, name="c.txt")
    numbers = [event.release for event in two.one.archive.events(EventFilter())]
    assert (len(set(numbers)), two.titles()) == (3, ["Forums in Seoul", "Talks in Seoul", "Visits in Seoul"])


def test_each_place_has_a_ledger_of_its_own(two: Two) -> None:
    take_in(two.one.store, TALKS)
    assert set(two.one.store.ledger("motie")) == {b"/seeds/a.txt"}
    assert (two.other.store.ledger("motie"), two.other.store.ledger_entry("motie", b"/seeds/a.txt")) == ({}, None)
    rewritten = two.other.store.known_dumps(dump_of(VISIT, name="a.txt"))
    assert (rewritten.entry, rewritten.before) == (None, None)
    assert take_in(two.other.store, TALKS).status == "duplicate"
    assert set(two.other.store.ledger("motie")) == {b"/seeds/a.txt"}


def test_each_place_has_a_baseline_of_its_own(two: Two) -> None:
    take_in(two.one.store, TALKS)
    assert (two.one.source_states.begin_baseline("motie"), two.other.source_states.begin_baseline("motie")) == (
        False,
        True,
    )
    two.other.source_states.end_baseline("motie")
    assert not two.other.source_states.begin_baseline("motie")


def test_the_last_dump_of_a_source_is_that_of_any_monitor(two: Two) -> None:
    take_in(two.one.store, TALKS)
    take_in(two.other.store, TALKS, now=NOON + timedelta(hours=1))
    assert two.one.source_states.last_dumps() == {"motie": NOON + timedelta(hours=1)}


def test_an_overdue_tail_is_rejected_by_one_of_two_monitors(two: Two) -> None:
    for source in ("motie", "customs"):
        take_in(two.one.store, HALF, source=source)
    late = NOON + timedelta(hours=1)
    counts = [each.store.reject_overdue(held_before=late, now=late).unfinished for each in (two.one, two.other)]
    assert (counts, two.kinds().count("rejected")) == ([2, 0], 2)


def test_a_text_that_is_stored_after_a_later_one_gets_into_the_index(two: Two) -> None:
    """Its id is the lower one: an index that remembers only how far it has come would pass over it."""
    with two.one.store.shared_transaction("motie"):
        take_in(two.one.store, TALKS)
        take_in(two.other.store, VISIT, source="customs")
        assert two.other.maintenance.fill_search_index(100, index_words) == 1
    assert two.other.maintenance.fill_search_index(100, index_words) == 1
    assert two.other.maintenance.fill_search_index(100, index_words) == 0


def test_events_of_a_source_have_ids_in_the_order_of_its_commits(two: Two) -> None:
    with two.one.store.shared_transaction("motie"):
        take_in(two.one.store, TALKS)
        take_in(two.other.store, VISIT, source="customs")
        take_in(two.one.store, VISIT, name="b.txt")
    take_in(two.other.store, FORUM)
    found = [(event.source, event.title) for event in two.one.archive.events(EventFilter())]
    assert [title for source, title in found if source == "motie"] == [
        "Talks in Seoul",
        "Visits in Seoul",
        "Forums in Seoul",
    ]


def test_a_source_is_not_renamed_while_another_monitor_runs(two: Two) -> None:
    take_in(two.one.store, TALKS)
    nodes = two.other.nodes
    assert nodes
    nodes.join(facts_of("seoul-2"))
    with pytest.raises(WrongState, match="seoul-2"):
        rename(two)
    nodes.leave()
    assert rename(two) == 1
    assert set(two.one.source_states.last_dumps()) == {"ministry"}


def test_a_name_that_was_given_up_is_no_new_source_for_another_monitor(two: Two) -> None:
    """It has another configuration, in which the source has its earlier name."""
    take_in(two.one.store, TALKS)
    rename(two)
    assert two.other.source_states.renamed() == {"motie": "ministry"}
    with pytest.raises(StoreError, match="renamed source motie to ministry"):
        take_in(two.other.store, TALKS)
    assert two.kinds() == ["new"]
    two.other.source_states.forget_rename("motie")
    take_in(two.other.store, TALKS)
    assert two.kinds() == ["new", "new"]


def test_a_source_that_is_renamed_again_or_back_has_its_present_name(two: Two) -> None:
    take_in(two.one.store, TALKS)
    found = []
    for old, new in (("motie", "ministry"), ("ministry", "trade"), ("trade", "motie")):
        two.one.maintenance.rename_source(old=old, new=new, fingerprinter=FINGERPRINTER)
        found.append(two.other.source_states.renamed())
    assert found == [
        {"motie": "ministry"},
        {"motie": "trade", "ministry": "trade"},
        {"ministry": "motie", "trade": "motie"},
    ]


def test_texts_are_not_hashed_anew_while_another_monitor_runs(two: Two) -> None:
    take_in(two.one.store, TALKS)
    assert two.one.maintenance.rehash(FINGERPRINTER) == 1
    nodes = two.other.nodes
    assert nodes
    nodes.join(facts_of("seoul-2"))
    assert two.one.maintenance.rehash(FINGERPRINTER) == 0  # nothing is to be done
    with pytest.raises(WrongState, match="stop them"):
        two.one.maintenance.rehash(replace(FINGERPRINTER, norm_version=FINGERPRINTER.norm_version + 1))


def test_a_store_that_was_filled_by_a_copy_goes_on_behind_what_it_holds(two: Two) -> None:
    take_in(two.one.store, dump(TALKS, VISIT))
    with psycopg.connect(two.url) as connection:  # as a copy leaves it: rows, and nothing that follows from them
        connection.execute(
            "DELETE FROM source; DELETE FROM unindexed; DELETE FROM counter;"
            "SELECT setval('version_id', 1, FALSE), setval('event_id', 1, FALSE),"
            " setval(pg_get_serial_sequence('dump', 'id'), 1, FALSE)"
        )
    after_copy(cast("PostgresqlStore", two.one.store)._handle)  # the door of a copy
    assert two.other.source_states.last_dumps() == {"motie": NOON}
    assert two.other.maintenance.fill_search_index(100, index_words) == 2
    take_in(two.other.store, FORUM, name="b.txt")
    assert [event.release for event in two.one.archive.events(EventFilter())] == [1, 2, 3]


def test_who_follows_gets_an_event_that_is_stored_after_one_with_a_higher_id(two: Two) -> None:
    take_in(two.one.store, FORUM)
    follower = EventFollower(two.one.archive, EventFilter())
    of_motie = EventFollower(two.one.archive, EventFilter(source="motie"))
    with two.one.store.shared_transaction("motie"):
        take_in(two.one.store, TALKS, name="b.txt")
        take_in(two.other.store, VISIT, source="customs")
    ids = {event.title: event.id for event in two.one.archive.events(EventFilter())}
    assert ids["Talks in Seoul"] < ids["Visits in Seoul"]
    found = list(follower.news())
    assert {event.title for event in found} == {"Talks in Seoul", "Visits in Seoul"}
    assert [event.title for event in of_motie.news()] == ["Talks in Seoul"]
    assert list(follower.news()) == []


def test_who_followed_meanwhile_gets_it_too(two: Two) -> None:
    follower = EventFollower(two.other.archive, EventFilter())
    with two.one.store.shared_transaction("motie"):
        take_in(two.one.store, TALKS)
        take_in(two.other.store, VISIT, source="customs")
        assert [event.title for event in follower.news()] == ["Visits in Seoul"]
    assert [event.title for event in follower.news()] == ["Talks in Seoul"]


def facts_of(name: str) -> NodeFacts:
    return NodeFacts(node=name, name=name, version="1", sources=(), channels=(), holding=(), rules="", policies={})


def rename(two: Two) -> int | None:
    return two.one.maintenance.rename_source(old="motie", new="ministry", fingerprinter=FINGERPRINTER)
