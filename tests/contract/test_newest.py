"""Lists for people come newest first; each page goes on where the one before it ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from monitor.errors import NotFound
from monitor.ingest_values import Mode
from monitor.match.matcher import Matcher, Watchlist
from monitor.match.search import search_query
from monitor.model import Kind, Outcome, Verdict
from monitor.page_records import DayCount, VersionText
from monitor.pipeline import Routing, ingest
from monitor.ports import Retention
from monitor.records import PAGE, Archive, EventFilter
from monitor.testing import NOON, dump_of, note
from tests.contract.pairs import Pair
from tests.contract.takes import HABITS, dump, figures, record, take_in

Read = Callable[..., Sequence[Any]]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SENT = NOON + 71 * HOUR  # when no message has expired yet
ROUTING = Routing(
    matcher=Matcher([Watchlist(name="chips", keywords=("chip",)), Watchlist(name="visits", keywords=("visit",))]),
    routes={"chips": ("team", "mail"), "visits": ("team",)},
)
NEWEST: dict[str, Callable[[Archive], tuple[Read, Read]]] = {  # the list oldest first, and newest first
    "events": lambda archive: (partial(archive.events, EventFilter()), partial(archive.page, EventFilter())),
    "events of a watchlist": lambda archive: (
        partial(archive.events, EventFilter(watchlist="chips")),
        partial(archive.page, EventFilter(watchlist="chips")),
    ),
    "dumps that showed a release": lambda archive: (partial(archive.shown_by, 1), partial(archive.shown_page, 1)),
    "messages": lambda archive: (archive.messages, archive.messages_page),
    "messages in a state": lambda archive: (
        partial(archive.messages, "pending"),
        partial(archive.messages_page, "pending"),
    ),
    "dumps": lambda archive: (archive.dumps, archive.dumps_page),
    "rejects": lambda archive: (archive.rejects, archive.rejects_page),
    "releases": lambda archive: (
        archive.heads,
        lambda *, before=None, limit=PAGE: archive.heads_before(before, limit),
    ),
}
every_list = pytest.mark.parametrize("name", NEWEST)


def take(pair: Pair, text: str, name: str, *, source: str = "motie", hours: float = 0, mode: Mode = Mode.ONCE) -> None:
    content, now = dump_of(text, name=name, source=source), NOON + hours * HOUR
    ingest(content, options=HABITS, routing=ROUTING, store=pair.store, now=now, mode=mode)


@pytest.fixture
def archive(pair: Pair) -> Archive:
    """Four days: two watchlists, two sources, two rejects; a message for every dump and channel."""
    for day, rise in enumerate(("5.1", "5.3", "5.5", "5.7")):
        broken = f"-\nOnly a title {day} date2024-07-01"
        text = dump(figures(rise), record(f"Visit number {day}"), record(f"Talks number {day}"), broken)
        take(pair, text, f"{day}.txt", hours=24 * day)
        take(pair, text, f"{day}/copy.txt", hours=24 * day)
        pair.form("team", now=NOON + day * DAY)
        pair.form("mail", now=NOON + day * DAY)
    take(pair, dump(record("Chip visit", "To Busan.")), "own.txt", source="customs", hours=96)
    return pair.archive


def walked(read: Read, *, limit: int) -> list[Any]:
    """Every value of a list that is read newest first, a page at a time."""
    found: list[Any] = []
    while page := read(limit=limit, **({"before": found[-1].cursor} if found else {})):
        assert len(page) <= limit
        found += page
    return found


@every_list
@pytest.mark.parametrize("limit", [1, 2, 3, 500])
def test_newest_first_is_the_whole_list_backwards(archive: Archive, name: str, limit: int) -> None:
    oldest, newest = NEWEST[name](archive)
    whole = list(oldest())
    assert len(whole) > 2
    assert walked(newest, limit=limit) == whole[::-1]
    assert list(newest(limit=0)) == []


@every_list
def test_what_is_stored_meanwhile_moves_no_older_page(archive: Archive, pair: Pair, name: str) -> None:
    _, newest = NEWEST[name](archive)
    [first, second] = newest(limit=2)
    older = [one.cursor for one in newest(before=second.cursor)]
    text = dump(figures("9.9"), record("Visit last"), "-\nOnly a last title date2024-07-01")
    take(pair, text, "late.txt", hours=200)
    pair.form("team", now=NOON + 9 * DAY)
    assert [one.cursor for one in newest(before=second.cursor)] == older
    assert first not in newest(limit=1)


def ids(events: Sequence[Any]) -> list[int]:
    return [event.id for event in events]


def test_newer_events_are_those_next_to_the_cursor(archive: Archive) -> None:
    every = ids(archive.page(EventFilter()))
    assert every == sorted(every, reverse=True)
    assert ids(archive.page(EventFilter(), after=3, limit=2)) == [5, 4]
    assert ids(archive.page(EventFilter(), after=every[0])) == []
    assert ids(archive.page(EventFilter(watchlist="visits"), after=3, limit=1)) == [
        min(event.id for event in archive.events(EventFilter(watchlist="visits")) if event.id > 3)
    ]


FILTERS = [
    EventFilter(),
    EventFilter(kind="new"),
    EventFilter(kinds=frozenset({"new", "changed"})),
    EventFilter(kinds=frozenset({"withdrawn"})),
    EventFilter(kind="new", kinds=frozenset({"changed"})),
    EventFilter(source="customs"),
    EventFilter(source="nobody"),
    EventFilter(is_notified=True),
    EventFilter(is_notified=False),
    EventFilter(watchlist="chips"),
    EventFilter(watchlist="chips", is_notified=True),
    EventFilter(watchlist="chips", is_notified=False),
    EventFilter(watchlist="nothing"),
    EventFilter(dump="1.txt"),
    EventFilter(dump="1.txt", watchlist="visits"),
    EventFilter(dump="nothing.txt"),
    EventFilter(since=NOON + DAY),
    EventFilter(until=NOON + DAY),
    EventFilter(since=NOON + DAY, until=NOON + 2 * DAY, kind="new"),
    EventFilter(since=NOON + 99 * DAY),
    EventFilter(watchlist="visits", source="motie", since=NOON + DAY, is_notified=True),
]


def passes(event: Any, wanted: EventFilter) -> bool:
    """What the filter says in plain words."""
    told = event.alert if not wanted.watchlist else [one for one in event.alert if one == wanted.watchlist]
    return (
        (wanted.since is None or event.at >= wanted.since)
        and (wanted.until is None or event.at < wanted.until)
        and (not wanted.kind or event.kind == wanted.kind)
        and (not wanted.kinds or event.kind in wanted.kinds)
        and (not wanted.source or event.source == wanted.source)
        and (not wanted.watchlist or wanted.watchlist in event.watchlists)
        and (not wanted.dump or event.dump == wanted.dump)
        and (wanted.is_notified is None or bool(told) is wanted.is_notified)
    )


every_filter = pytest.mark.parametrize("wanted", FILTERS)


@every_filter
def test_a_filter_lets_the_same_events_pass_in_both_directions(archive: Archive, wanted: EventFilter) -> None:
    passing = [event for event in archive.events(EventFilter()) if passes(event, wanted)]
    assert list(archive.events(wanted)) == passing
    assert walked(partial(archive.page, wanted), limit=2) == passing[::-1]
    for count in range(len(passing)):
        assert archive.event_before_last(count, wanted) == passing[-1 - count].id


@every_filter
def test_facets_count_what_passes_all_other_parts(archive: Archive, wanted: EventFilter) -> None:
    found = archive.facets(wanted)
    assert found.total == len(archive.events(wanted))

    def matching(**freed: Any) -> list[Any]:
        return [event for event in archive.events(EventFilter()) if passes(event, replace(wanted, **freed))]

    kinds = [event.kind for event in matching(kind="", kinds=frozenset())]
    assert found.kinds == {kind: kinds.count(kind) for kind in kinds}
    sources = [event.source for event in matching(source="")]
    assert found.sources == {source: sources.count(source) for source in sources}
    assert found.notified == len(matching(is_notified=True))
    counts = {name: len(matching(watchlist=name)) for name in ("chips", "visits")}
    assert found.watchlists == {name: count for name, count in counts.items() if count}


def test_facets_are_of_the_last_ninety_days_unless_a_time_is_wanted(archive: Archive, pair: Pair) -> None:
    take(pair, dump(record("Chip news", "Late.")), "late.txt", hours=24 * 92)
    found = archive.facets(EventFilter())
    assert found.since == NOON + 2 * DAY
    assert found.total == len(archive.events(EventFilter(since=NOON + 2 * DAY)))
    assert archive.facets(EventFilter(since=NOON)).total == len(archive.events(EventFilter()))
    assert archive.facets(EventFilter(until=NOON + DAY)).total == len(archive.events(EventFilter(until=NOON + DAY)))


def test_an_empty_store_has_no_facets(pair: Pair) -> None:
    found = pair.archive.facets(EventFilter())
    assert (found.total, found.notified, found.kinds, found.since) == (0, 0, {}, None)
    assert (pair.archive.latest(), pair.archive.page(EventFilter()), pair.archive.last_matches()) == (0, [], {})


@every_filter
def test_days_count_what_passes(archive: Archive, wanted: EventFilter) -> None:
    midnights = [NOON - HOUR + number * DAY for number in range(4)]
    counted = archive.per_day(midnights, wanted)
    for day, (start, end) in zip(counted, pairwise(midnights), strict=True):
        events = [event for event in archive.events(wanted) if start <= event.at < end]
        notified = [event for event in events if passes(event, replace(wanted, is_notified=True))]
        assert day == DayCount(len(events), len(notified))


def test_no_days_are_counted_between_fewer_than_two_times(archive: Archive) -> None:
    assert (archive.per_day([NOON], EventFilter()), archive.watchlist_days([])) == ([], {})


def test_each_watchlist_has_its_days_its_total_and_its_last_match(archive: Archive) -> None:
    midnights = [NOON - HOUR + number * DAY for number in range(7)]
    matched = {name: archive.events(EventFilter(watchlist=name)) for name in ("chips", "visits")}
    assert archive.watchlist_days(midnights) == {
        name: [day.events for day in archive.per_day(midnights, EventFilter(watchlist=name))] for name in matched
    }
    assert archive.watchlist_days([NOON - 9 * DAY, NOON - 8 * DAY]) == {"chips": [0], "visits": [0]}
    assert archive.last_matches() == {name: events[-1] for name, events in matched.items()}
    assert archive.watchlist_totals() == {
        name: DayCount(len(events), sum(name in event.alert for event in events)) for name, events in matched.items()
    }


def test_the_months_of_a_watchlist_are_those_of_a_zone(archive: Archive, pair: Pair) -> None:
    hours = 24 * 8 + 4  # 30 November, 16:00 UTC: in Seoul it is December
    take(pair, dump(record("Chip news", "Late.")), "late.txt", hours=hours)
    assert {month: count.events for month, count in archive.per_month("chips", HABITS.timezone).items()} == {
        "2026-11": 5,
        "2026-12": 1,
    }
    assert archive.per_month("nothing", HABITS.timezone) == {}


def test_one_event_and_the_newest_one(archive: Archive) -> None:
    every = archive.events(EventFilter())
    assert archive.event(3) == every[2]
    assert archive.latest() == every[-1].id
    with pytest.raises(NotFound, match="no event 999"):
        archive.event(999)


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


def test_what_was_pruned_is_in_no_list(archive: Archive, pair: Pair) -> None:
    for channel in ("team", "mail"):
        while delivery := pair.outbox.claim(channel, now=SENT):
            pair.outbox.done(delivery, Verdict(outcome=Outcome.OK, reason="accepted"), now=SENT)
    pair.maintenance.prune(Retention(events=DAY, messages=DAY), now=NOON + 3 * DAY)
    left = archive.events(EventFilter())
    assert left[0].at == NOON + 2 * DAY
    assert list(archive.page(EventFilter())) == left[::-1]
    chips = [event for event in left if "chips" in event.watchlists]
    assert list(archive.page(EventFilter(watchlist="chips"))) == chips[::-1]
    assert archive.watchlist_totals()["chips"].events == len(chips)
    assert all(check.is_ok for check in pair.maintenance.verify())


def test_who_was_told_of_a_release_and_when(archive: Archive, pair: Pair) -> None:
    delivery = pair.outbox.claim("mail", now=SENT)
    assert delivery is not None
    pair.outbox.done(delivery, Verdict(outcome=Outcome.OK, reason="accepted", code=200), now=SENT)
    take(pair, figures("9.9"), "late.txt", hours=200)
    told = archive.deliveries(1)
    assert [(one.channel, one.version, one.kind, one.state) for one in told[:2]] == [
        ("mail", 5, "changed", "pending"),
        ("team", 5, "changed", "pending"),
    ]
    assert (told[0].message, told[0].sent_at, told[0].watchlists) == (None, None, ("chips",))
    first = told[-2]
    assert (first.channel, first.message, first.state, first.sent_at) == ("mail", delivery.id, "sent", SENT)
    assert (first.at, archive.event(first.event).release) == (NOON, 1)
    assert archive.deliveries(99) == []


def test_each_attempt_of_a_message(archive: Archive, pair: Pair) -> None:
    verdicts = (
        Verdict(outcome=Outcome.TRANSIENT, reason="503", code=503),
        Verdict(outcome=Outcome.UNCERTAIN, reason="no answer"),
    )
    for number, verdict in enumerate(verdicts):
        delivery = pair.outbox.claim("team", now=NOON + number * HOUR)
        assert delivery is not None
        pair.outbox.retry(delivery, verdict, due=NOON, now=NOON + number * HOUR)
    last = pair.outbox.claim("team", now=NOON + 2 * HOUR)
    assert last is not None
    found = archive.attempts([last.id, 999])
    assert list(found) == [last.id]
    told = [(one.at, one.ended_at, one.outcome, one.code, one.reason, one.is_uncertain) for one in found[last.id]]
    assert told == [
        (NOON, NOON, "transient", 503, "503", False),
        (NOON + HOUR, NOON + HOUR, "uncertain", None, "no answer", True),
        (NOON + 2 * HOUR, None, None, None, None, False),
    ]


def test_messages_by_state_and_channel(archive: Archive, pair: Pair) -> None:
    delivery = pair.outbox.claim("mail", now=SENT)
    assert delivery is not None
    pair.outbox.bury(delivery, Verdict(outcome=Outcome.REFUSED, reason="no"), now=SENT)
    every = archive.messages_page()
    for state in (None, "pending", "dead", "held"):
        for channel in (None, "team", "mail", "nobody"):
            expected = [one for one in every if state in {None, one.state} and channel in {None, one.channel}]
            assert list(archive.messages_page(state, channel)) == expected
    assert list(archive.last_messages("team", 2)) == [one for one in every if one.channel == "team"][:2]
    dead = archive.message(delivery.id)
    assert (dead.state, dead.created_at, dead.expires_at) == ("dead", NOON, NOON + 3 * DAY)
    with pytest.raises(NotFound, match="no message 999"):
        archive.message(999)


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
    assert [tuple(day) for day in found] == [(0, None, None), (3, timedelta(seconds=2), timedelta(seconds=9))]


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
    assert pair.archive.found(None, source="customs").total == 2


def test_every_commit_is_another_generation_and_no_read_is_one(pair: Pair) -> None:
    before = pair.archive.generation()
    pair.archive.facets(EventFilter())
    assert pair.archive.generation() == before
    take_in(pair.store, record("Talks held"))
    after = pair.archive.generation()
    assert after != before
    pair.outbox.enqueue(note("up", channel="team"), key="k", now=NOON)
    assert pair.archive.generation() not in {before, after}


def test_what_another_process_commits_is_another_generation(pair: Pair) -> None:
    before = pair.archive.generation()
    pair.restarted().enqueue(note("up", channel="team"), key="k", now=NOON)
    assert pair.archive.generation() != before


def test_a_store_has_an_identity(pair: Pair) -> None:
    assert len(pair.archive.store_id()) == 32
