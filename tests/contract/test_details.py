"""Texts, deliveries, searches: what a page reads of single releases and messages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from monitor.errors import NotFound
from monitor.match.search import search_query
from monitor.model import Kind, Outcome, Verdict
from monitor.page_records import VersionText
from monitor.ports import Retention
from monitor.records import Archive, EventFilter, Stored
from monitor.testing import NOON, note
from tests.contract.filled import DAY, HOUR, SENT, take
from tests.contract.pairs import Pair
from tests.contract.takes import dump, figures, record, take_in


def test_a_text_comes_with_the_one_that_was_current_before_it(pair: Pair) -> None:
    for day, rise in ((1, "5.1"), (3, "5.3"), (2, "5.2"), (4, "5.4")):
        take_in(pair.store, figures(rise), name=f"2024-07-0{day}.txt", now=NOON)
    texts = pair.archive.texts({(1, number) for number in range(1, 6)} | {(9, 1)})
    assert [version.kind for version in pair.archive.versions(1)][2] == Kind.STALE
    assert set(texts) == {(1, number) for number in range(1, 5)}

    def figure(text: VersionText | None) -> str | None:
        return text.body.split()[4] if text else None

    assert [(figure(texts[1, number]), figure(texts[1, number].before)) for number in range(1, 5)] == [
        ("5.1", None),
        ("5.3", "5.1"),
        ("5.2", "5.3"),
        ("5.4", "5.3"),
    ]


def test_a_pruned_text_says_so(pair: Pair) -> None:
    for rise in ("5.1", "5.3"):
        take_in(pair.store, figures(rise), now=NOON)
    pair.form()
    while delivery := pair.outbox.claim("team", now=NOON):
        pair.outbox.done(delivery, Verdict(outcome=Outcome.OK, reason="accepted"), now=NOON)
    pair.maintenance.prune(Retention(versions=DAY), now=NOON + 9 * DAY)
    after = pair.archive.texts([(1, 2)])[1, 2]
    assert (after.is_pruned, after.before and (after.before.is_pruned, after.before.body)) == (False, (True, ""))


def test_who_was_told_of_a_release_and_when(filled: Pair) -> None:
    delivery = filled.outbox.claim("mail", now=SENT)
    assert delivery is not None
    filled.outbox.done(delivery, Verdict(outcome=Outcome.OK, reason="accepted", code=200), now=SENT)
    take(filled, figures("9.9"), "late.txt", hours=200)
    told = filled.archive.deliveries(1)
    assert [(one.channel, one.version, one.kind, one.state) for one in told[:2]] == [
        ("mail", 5, "changed", "pending"),
        ("team", 5, "changed", "pending"),
    ]
    assert (told[0].message, told[0].sent_at, told[0].watchlists) == (None, None, ("chips",))
    first = told[-2]
    assert (first.channel, first.message, first.state, first.sent_at) == ("mail", delivery.id, "sent", SENT)
    assert (first.at, filled.archive.event(first.event).release) == (NOON, 1)
    assert filled.archive.deliveries(99) == []


def test_each_attempt_of_a_message(filled: Pair) -> None:
    verdicts = (
        Verdict(outcome=Outcome.TRANSIENT, reason="503", code=503),
        Verdict(outcome=Outcome.UNCERTAIN, reason="no answer"),
    )
    for number, verdict in enumerate(verdicts):
        delivery = filled.outbox.claim("team", now=NOON + number * HOUR)
        assert delivery is not None
        filled.outbox.retry(delivery, verdict, due=NOON, now=NOON + number * HOUR)
    last = filled.outbox.claim("team", now=NOON + 2 * HOUR)
    assert last is not None
    found = filled.archive.attempts([last.id, 999])
    assert list(found) == [last.id]
    told = [(one.at, one.ended_at, one.outcome, one.code, one.reason, one.is_uncertain) for one in found[last.id]]
    assert told == [
        (NOON, NOON, "transient", 503, "503", False),
        (NOON + HOUR, NOON + HOUR, "uncertain", None, "no answer", True),
        (NOON + 2 * HOUR, None, None, None, None, False),
    ]


def test_messages_by_state_and_channel(filled: Pair) -> None:
    delivery = filled.outbox.claim("mail", now=SENT)
    assert delivery is not None
    filled.outbox.bury(delivery, Verdict(outcome=Outcome.REFUSED, reason="no"), now=SENT)
    every = filled.archive.messages_page()
    for state in (None, "pending", "dead", "held"):
        for channel in (None, "team", "mail", "nobody", "\udcff"):
            expected = [one for one in every if state in {None, one.state} and channel in {None, one.channel}]
            assert list(filled.archive.messages_page(state, channel)) == expected
    assert list(filled.archive.last_messages("team", 2)) == [one for one in every if one.channel == "team"][:2]
    dead = filled.archive.message(delivery.id)
    assert (dead.state, dead.created_at, dead.expires_at) == ("dead", NOON, NOON + 3 * DAY)
    with pytest.raises(NotFound, match="no message 999"):
        filled.archive.message(999)


def test_how_long_messages_took_is_told_by_the_day_they_were_made(pair: Pair) -> None:
    for number, seconds in enumerate((1, 2, 9)):
        take(pair, figures(f"{number}.1"), f"{number}.txt", hours=number)
        pair.form("team", now=NOON + number * HOUR)
        delivery = pair.outbox.claim("team", now=NOON + number * HOUR)
        assert delivery is not None
        then = NOON + number * HOUR + timedelta(seconds=seconds)
        pair.outbox.done(delivery, Verdict(outcome=Outcome.OK, reason="accepted"), now=then)
    pair.outbox.enqueue(note("not about a release", channel="team"), key="k", now=NOON)
    found = pair.archive.delivery_times([NOON - DAY, NOON, NOON + DAY])
    assert [tuple(day) for day in found] == [(0, None, None, 0), (3, timedelta(seconds=2), timedelta(seconds=9), 0)]


def test_how_many_messages_waited_is_told_by_the_end_of_each_day(pair: Pair) -> None:
    for number, days in enumerate((0, 1, 3)):  # sent on the day they were made, on the next one, and not yet
        take(pair, figures(f"{number}.1"), f"{number}.txt", hours=number)
        pair.form("team", now=NOON + number * HOUR)
        if days < 3:
            delivery = pair.outbox.claim("team", now=NOON + number * HOUR)
            assert delivery is not None
            then = NOON + days * DAY + number * HOUR
            pair.outbox.done(delivery, Verdict(outcome=Outcome.OK, reason="accepted"), now=then)
    midnights = [NOON + day * DAY - HOUR for day in range(-1, 4)]
    assert [day.waiting for day in pair.archive.delivery_times(midnights)] == [0, 2, 1, 1]
    assert [day.waiting for day in pair.archive.delivery_times(midnights[2:])] == [1, 1]


def test_rejects_in_a_state(archive: Archive) -> None:
    every = archive.rejects_page()
    assert len(every) == 4
    assert (archive.rejects_page("rejected"), archive.rejects_page("healed")) == (every, [])


def test_what_each_dump_meant_for_a_release(archive: Archive) -> None:
    shown = archive.shown_page(2)
    assert [(one.dump, one.kind) for one in shown] == [("0.txt", "new")]
    changed = archive.shown_page(1)
    assert [(one.dump, one.kind) for one in changed[:2]] == [("3.txt", "changed"), ("2.txt", "changed")]
    assert "5.5 → 5.7" in changed[0].reason
    assert archive.shown_page(99) == []


def test_a_dump_that_shows_a_release_as_it_was_says_so(pair: Pair) -> None:
    for name, extra in (("a.txt", "Talks"), ("b.txt", "Visit")):
        take_in(pair.store, dump(figures("5.1"), record(extra)), name=name)
    newest = pair.archive.shown_page(1)[0]
    assert (newest.dump, newest.kind, newest.reason) == ("b.txt", "unchanged", "")


def fits(one: Stored, *, source: str = "", category: str | None = None, month: str = "") -> bool:
    """What the facets say in plain words."""
    return (
        source in {"", one.source}
        and category in {None, one.release.category or ""}
        and str(one.release.date).startswith(month)
    )


def test_a_search_is_narrowed_by_what_its_result_has(pair: Pair) -> None:
    records = [
        record("Chip one", "Exports grew.", day="2024-07-01", category="Trade"),
        record("Chip two", "Exports fell.", day="2024-08-01", category="Trade"),
        record("Chip three", "Exports stayed.", day="2024-08-02"),
    ]
    take_in(pair.store, dump(*records), name="a.txt")
    take_in(pair.store, record("Chip four", "Imports grew.", day="2024-08-03"), name="b.txt", source="customs")
    take_in(pair.store, record("Talks held", day="2024-08-03"), name="c.txt", source="customs")

    def found(**narrowed: Any) -> list[int]:
        return [one.number for one in pair.archive.found(search_query(["chip"]), **narrowed).page]

    assert (found(), found(limit=2), found(before=3)) == ([4, 3, 2, 1], [4, 3], [2, 1])
    assert (found(source="customs"), found(category="Trade"), found(category="")) == ([4], [2, 1], [4, 3])
    assert (found(month="2024-08"), found(month="2024-08", category="Trade")) == ([4, 3, 2], [2])
    result = pair.archive.found(search_query(["chip"]), category="Trade", limit=1)
    assert (result.total, len(result.page), result.sources) == (2, 1, {"motie": 2})
    assert (result.categories, list(result.months.items())) == ({"Trade": 2, "": 2}, [("2024-08", 1), ("2024-07", 1)])
    some: list[dict[str, Any]] = [{"source": "customs"}, {"category": ""}, {"month": "2024-08", "category": "Trade"}]
    for narrowed in [{}, *some]:
        every = [one for one in pair.archive.heads_before() if fits(one, **narrowed)]
        result = pair.archive.found(None, **narrowed, limit=2)
        assert (result.page, result.total) == (every[:2], len(every))
        assert pair.archive.found(None, **narrowed, before=3).page == [one for one in every if one.number < 3]
    assert pair.archive.found(None, source="customs").categories == {"": 2}


def test_a_read_leaves_the_contents_as_they_are_and_a_new_release_does_not(pair: Pair) -> None:
    before = pair.archive.contents()
    pair.archive.facets(EventFilter())
    assert pair.archive.contents() == before
    take_in(pair.store, record("Talks held"))
    assert pair.archive.contents() != before


def test_what_is_stored_or_pruned_makes_other_contents(pair: Pair) -> None:
    seen = [pair.archive.contents()]
    for rise in ("5.1", "5.3"):
        take_in(pair.store, figures(rise), now=NOON)
        seen.append(pair.archive.contents())
    pair.form()
    while delivery := pair.outbox.claim("team", now=NOON):
        pair.outbox.done(delivery, Verdict(outcome=Outcome.OK, reason="accepted"), now=NOON)
    assert pair.maintenance.prune(Retention(versions=DAY), now=NOON + 9 * DAY).versions == 1
    seen.append(pair.archive.contents())
    assert len(set(seen)) == 4
    assert pair.archive.contents() == seen[-1]


def test_a_store_has_an_identity(pair: Pair) -> None:
    assert len(pair.archive.store_id()) == 32
