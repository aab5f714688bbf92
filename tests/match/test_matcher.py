"""Watchlists against changes: who matches, who is told, and which hits an alert carries."""

from __future__ import annotations

import pytest

from monitor.errors import UsageError
from monitor.match.matcher import MAX_HITS, Matcher, Watchlist, frequencies_in, is_alerted
from monitor.model import Hit, Kind, Release
from tests.match.samples import change, release

ABOUT_FTA = release("FTA talks")
ABOUT_RAIN = release("Rain ends")
FTA = Watchlist(name="trade", keywords=("FTA",))


@pytest.mark.parametrize(
    ("kind", "never", "lost", "kept", "gained"),
    [
        (Kind.NEW, False, False, True, True),
        (Kind.CHANGED, False, True, True, True),
        (Kind.COMPLETED, False, False, False, True),
        (Kind.ENRICHED, False, False, False, True),
        (Kind.REREAD, False, False, False, True),
        (Kind.REAPPEARED, False, False, True, True),
        (Kind.WITHDRAWN, False, False, True, True),
        (Kind.COSMETIC, False, False, False, False),
        (Kind.STALE, False, False, False, False),
        (Kind.UNCHANGED, False, False, False, False),
        (Kind.REJECTED, False, False, False, False),
    ],
)
def test_a_kind_tells_by_what_matched_before_and_matches_now(
    kind: Kind, never: bool, lost: bool, kept: bool, gained: bool
) -> None:
    rows = [(False, False), (True, False), (True, True), (False, True)]

    assert [is_alerted(kind, before=before, after=after) for before, after in rows] == [never, lost, kept, gained]


@pytest.mark.parametrize(
    ("kind", "before", "after", "matching", "told"),
    [
        (Kind.NEW, None, ABOUT_FTA, ("trade",), ("trade",)),
        (Kind.CHANGED, ABOUT_RAIN, ABOUT_FTA, ("trade",), ("trade",)),
        (Kind.CHANGED, ABOUT_FTA, ABOUT_RAIN, (), ("trade",)),
        (Kind.CHANGED, ABOUT_FTA, ABOUT_FTA, ("trade",), ("trade",)),
        (Kind.COMPLETED, ABOUT_FTA, ABOUT_FTA, ("trade",), ()),
        (Kind.COMPLETED, ABOUT_RAIN, ABOUT_FTA, ("trade",), ("trade",)),
        (Kind.ENRICHED, ABOUT_FTA, ABOUT_FTA, ("trade",), ()),
        (Kind.ENRICHED, ABOUT_RAIN, ABOUT_FTA, ("trade",), ("trade",)),
        (Kind.REREAD, ABOUT_FTA, ABOUT_FTA, ("trade",), ()),
        (Kind.REREAD, ABOUT_RAIN, ABOUT_FTA, ("trade",), ("trade",)),
        (Kind.REAPPEARED, ABOUT_RAIN, ABOUT_FTA, ("trade",), ("trade",)),
        (Kind.REAPPEARED, None, ABOUT_FTA, ("trade",), ("trade",)),
        (Kind.WITHDRAWN, ABOUT_FTA, ABOUT_FTA, ("trade",), ("trade",)),
        (Kind.COSMETIC, ABOUT_FTA, ABOUT_FTA, ("trade",), ()),
        (Kind.STALE, ABOUT_FTA, ABOUT_FTA, ("trade",), ()),
    ],
)
def test_an_alert_names_who_matches_and_who_is_told(
    kind: Kind, before: Release | None, after: Release, matching: tuple[str, ...], told: tuple[str, ...]
) -> None:
    verdict = change(kind, after, before)

    (alert,) = Matcher([FTA]).alerts([verdict], source="motie")

    assert (alert.change, alert.watchlists, alert.notified) == (verdict, matching, told)


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        (Kind.UNCHANGED, ABOUT_FTA, ABOUT_FTA),
        (Kind.REJECTED, None, ABOUT_FTA),
        (Kind.NEW, None, ABOUT_RAIN),
        (Kind.CHANGED, ABOUT_RAIN, ABOUT_RAIN),
        (Kind.COMPLETED, ABOUT_FTA, ABOUT_RAIN),
        (Kind.ENRICHED, ABOUT_FTA, ABOUT_RAIN),
        (Kind.WITHDRAWN, ABOUT_FTA, ABOUT_RAIN),
    ],
)
def test_nothing_is_said_where_nobody_matches_or_nothing_is_recorded(
    kind: Kind, before: Release | None, after: Release
) -> None:
    assert Matcher([FTA]).alerts([change(kind, after, before)], source="motie") == ()


def test_a_category_learned_late_tells_the_watchlist_once() -> None:
    plain = release("Minister visits Hanoi", "Talks went on.")
    filed = release("Minister visits Hanoi", "Talks went on.", "FTA/Economic Cooperation")
    verdicts = [change(Kind.NEW, plain), change(Kind.ENRICHED, filed, plain), change(Kind.ENRICHED, filed, filed)]

    alerts = Matcher([FTA]).alerts(verdicts, source="motie")

    assert [(alert.change.after.category, alert.notified) for alert in alerts] == [
        ("FTA/Economic Cooperation", ("trade",)),
        ("FTA/Economic Cooperation", ()),
    ]


def test_kinds_narrow_who_is_told_but_not_who_matches() -> None:
    changes_only = Watchlist(name="trade", keywords=("FTA",), when=frozenset({Kind.CHANGED}))

    (alert,) = Matcher([changes_only]).alerts([change(Kind.NEW, ABOUT_FTA)], source="motie")

    assert (alert.watchlists, alert.notified) == (("trade",), ())


def test_a_list_that_lost_its_match_and_is_not_told_leaves_no_trace() -> None:
    new_only = Watchlist(name="trade", keywords=("FTA",), when=frozenset({Kind.NEW}))

    wet = Watchlist(name="wet", keywords=("rain",))
    verdict = change(Kind.CHANGED, ABOUT_RAIN, ABOUT_FTA)

    assert Matcher([new_only]).alerts([verdict], source="motie") == ()
    (alert,) = Matcher([new_only, wet]).alerts([verdict], source="motie")
    assert (alert.notified, [hit.watchlist for hit in alert.hits]) == (("wet",), ["wet"])


def test_sources_narrow_both_who_matches_and_who_is_told() -> None:
    elsewhere = Watchlist(name="elsewhere", keywords=("FTA",), sources=frozenset({"moef"}))
    here = Watchlist(name="here", keywords=("FTA",), sources=frozenset({"motie", "moef"}))
    matcher = Matcher([elsewhere, here])

    (alert,) = matcher.alerts([change(Kind.NEW, ABOUT_FTA)], source="motie")

    assert (alert.watchlists, alert.notified) == (("here",), ("here",))
    assert [hit.watchlist for hit in alert.hits] == ["here"]
    assert [hit.watchlist for hit in matcher.scan(ABOUT_FTA)] == ["elsewhere", "here"]
    assert [hit.watchlist for hit in matcher.scan(ABOUT_FTA, source="motie")] == ["here"]


def test_names_stand_in_the_order_of_the_configuration() -> None:
    matcher = Matcher(
        [
            Watchlist(name="zeta", keywords=("talks",)),
            Watchlist(name="none", keywords=("rain",)),
            Watchlist(name="alpha", keywords=("FTA",)),
        ]
    )

    (alert,) = matcher.alerts([change(Kind.NEW, ABOUT_FTA)], source="motie")

    assert (alert.watchlists, alert.notified) == (("zeta", "alpha"), ("zeta", "alpha"))


def test_alerts_stand_in_the_order_of_their_changes() -> None:
    verdicts = [change(Kind.NEW, ABOUT_FTA, number=number) for number in (3, 1, 2)]

    assert [alert.change.number for alert in Matcher([FTA]).alerts(verdicts, source="motie")] == [3, 1, 2]


def test_hits_give_the_raw_words_by_field_and_place() -> None:
    text = release("FTA talks in Seoul", "Talks on two FTAs went on. The FTA…", "FTA/Economic Cooperation")
    matcher = Matcher([FTA, Watchlist(name="talk", keywords=("talk", "FTA talks"))])

    assert matcher.scan(text) == (
        Hit(watchlist="trade", field="title", start=0, end=3, text="FTA"),
        Hit(watchlist="talk", field="title", start=0, end=9, text="FTA talks"),
        Hit(watchlist="talk", field="title", start=4, end=9, text="talks"),
        Hit(watchlist="talk", field="body", start=0, end=5, text="Talks"),
        Hit(watchlist="trade", field="body", start=13, end=17, text="FTAs"),
        Hit(watchlist="trade", field="body", start=31, end=34, text="FTA"),
        Hit(watchlist="trade", field="category", start=0, end=3, text="FTA"),
    )


def test_two_keywords_of_one_list_that_find_the_same_words_are_one_hit() -> None:
    twice = Watchlist(name="trade", keywords=("FTA", "FTAs", "title:FTA", "FTA"))

    assert [(hit.field, hit.text) for hit in Matcher([twice]).scan(ABOUT_FTA)] == [("title", "FTA")]


def test_a_word_that_a_stem_and_the_whole_of_it_find_is_one_hit() -> None:
    chips = Watchlist(name="chips", keywords=("반도체", "=반도체", "반도체*", "*반도체*"))

    assert [(hit.start, hit.text) for hit in Matcher([chips]).scan(release("수출 반도체"))] == [(3, "반도체")]


def test_hits_come_from_the_earlier_text_only_for_lists_that_match_there_alone() -> None:
    before = release("FTA talks, 2024")
    after = release("Talks on rain")
    matcher = Matcher([FTA, Watchlist(name="talk", keywords=("talk",)), Watchlist(name="wet", keywords=("rain",))])

    (alert,) = matcher.alerts([change(Kind.CHANGED, after, before)], source="motie")

    assert (alert.watchlists, alert.notified) == (("talk", "wet"), ("trade", "talk", "wet"))
    assert [(hit.watchlist, hit.start, hit.text) for hit in alert.hits] == [
        ("trade", 0, "FTA"),
        ("talk", 0, "Talks"),
        ("wet", 9, "rain"),
    ]


def test_a_broad_keyword_keeps_its_first_hits_only() -> None:
    flood = release("FTA", "FTA " * 200)
    matcher = Matcher([FTA, Watchlist(name="other", keywords=("FTA",))])

    hits = matcher.scan(flood)

    assert len(hits) == 2 * MAX_HITS
    assert [hit.start for hit in hits if hit.watchlist == "trade"][:4] == [0, 0, 4, 8]


def test_the_fields_of_a_list_narrow_where_it_looks() -> None:
    titles = Watchlist(name="titles", keywords=("FTA", "body:rain"), fields=("title",))
    text = release("Talks", "FTA and rain", "FTA")

    assert [(hit.field, hit.text) for hit in Matcher([titles]).scan(text)] == [("body", "rain")]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (Watchlist(name="x", keywords=("a AND b",)), "keywords are literal"),
        (
            Watchlist(name="x", keywords=("FTA",), case="sensitive"),
            "unknown case 'sensitive'; use smart, ignore, exact",
        ),
        (Watchlist(name="x", keywords=("FTA",), fields=("text",)), "unknown field 'text'; use title, body, category"),
    ],
)
def test_a_broken_watchlist_is_refused_when_it_is_prepared(broken: Watchlist, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Matcher([FTA, broken])


def test_no_watchlist_means_no_alert() -> None:
    assert Matcher([]).alerts([change(Kind.NEW, ABOUT_FTA)], source="motie") == ()


def test_an_alert_counts_the_hits_that_it_does_not_carry() -> None:
    lists = [Watchlist(name="one", keywords=("chips",)), Watchlist(name="two", keywords=("cars", "used cars"))]
    body = "chips " * (MAX_HITS + 20) + "used cars and chips"

    (alert,) = Matcher(lists).alerts([change(Kind.NEW, release("Cars", body))], source="motie")

    assert alert.totals == (("one", MAX_HITS + 21), ("two", 3))  # "used cars" and its "cars" begin at two words
    assert [hit.watchlist for hit in alert.hits].count("one") == MAX_HITS


def test_an_alert_for_what_is_gone_counts_in_the_text_before() -> None:
    lists = [Watchlist(name="gone", keywords=("chips",)), Watchlist(name="here", keywords=("cars",))]
    lost = change(Kind.CHANGED, release("Cars"), release("Chips, cars and chips"))

    (alert,) = Matcher(lists).alerts([lost], source="motie")

    assert alert.totals == (("gone", 2), ("here", 1))


@pytest.mark.parametrize("keyword", ["chips", "US", "semi*", '"chips"', "=chips"])
def test_every_kind_of_word_counts_all_its_places(keyword: str) -> None:
    body = "US semi chips. " * 300

    findings = Matcher([Watchlist(name="w", query=keyword)]).match(release(body=body))

    assert (len(findings.hits), findings.totals) == (MAX_HITS, (("w", 300),))


def test_frequencies_count_releases_not_repetitions_and_change_no_answer() -> None:
    texts = [release("Trade, trade and FTA"), release("Free trade"), ABOUT_RAIN]
    counted = frequencies_in(texts)

    assert (counted["trade"], counted["fta"], counted["snow"]) == (2, 1, 0)
    lists = [FTA, Watchlist(name="free", keywords=("free trade",))]
    plain, quick = Matcher(lists), Matcher(lists, frequencies=counted)
    assert [plain.scan(text) for text in texts] == [quick.scan(text) for text in texts]
