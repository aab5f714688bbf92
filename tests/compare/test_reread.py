"""A changed mapping is no news: what it alone changes is read anew, and told where a watchlist matches newly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.ingest_values import Mode
from monitor.model import Release
from tests.compare.record_lab import MAPPING, OTHER_MAPPING, THIRD_MAPPING, RecordLab, shown
from tests.compare.scenario import FIRST_ARRIVAL, TALKS, VISIT

SUMMARY = "The ministry held talks on July 1 with its partners."
HOUR = timedelta(hours=1)
NEXT_DAY = date(2024, 7, 2)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[RecordLab]:
    """An empty lab."""
    with RecordLab(tmp_path, words=["batteries", "ministry"]) as made:
        yield made


def under(mapping: str, **changed: Any) -> Release:
    """The talks as another mapping reads them."""
    return shown("7", reading=mapping, **changed)


READ_ANEW = [
    ("another text", {"body": SUMMARY}, "reread"),
    ("another title", {"title": "Supply chains: a report"}, "reread"),
    ("another day", {"date": VISIT.date}, "reread"),
    ("the text goes on", {"body": TALKS.body + " Nobody named a date yet."}, "reread"),
    ("nothing differs", {}, "unchanged"),
    ("only typography differs", {"title": TALKS.title.upper()}, "cosmetic"),
    ("a category became known", {"category": "Trade"}, "enriched"),
    ("a cut text", {"body": TALKS.body[:90]}, "unchanged"),
]


@pytest.mark.parametrize(("changed", "kind"), [row[1:] for row in READ_ANEW], ids=[row[0] for row in READ_ANEW])
def test_what_another_mapping_makes_of_a_release(lab: RecordLab, changed: dict[str, Any], kind: str) -> None:
    assert lab.drop(under(MAPPING)).drop(under(OTHER_MAPPING, **changed)).kinds() == f"1 {kind}"
    assert lab.heads()[0].reading == OTHER_MAPPING


@pytest.mark.parametrize(
    ("earlier", "later"),
    [(None, MAPPING), (MAPPING, None), (MAPPING, MAPPING), ("feed:1111", MAPPING)],
    ids=["text before", "text now", "the same mapping", "another format"],
)
def test_a_change_is_one_where_no_mapping_of_the_format_was_changed(
    lab: RecordLab, earlier: str | None, later: str | None
) -> None:
    lab.drop(shown("7", reading=earlier)).drop(shown("7", reading=later, body=SUMMARY + " Batteries were a matter."))
    assert lab.kinds() == "1 changed"


@pytest.mark.parametrize(
    ("first", "changed"),
    [
        ({"body": "In short."}, {"body": TALKS.body}),
        ({"body": ""}, {"body": TALKS.body}),
        ({"body": TALKS.body}, {"body": ""}),
        ({"body": "In short."}, {"body": "In short.", "date": NEXT_DAY}),
        ({"body": ""}, {"body": "", "date": NEXT_DAY}),
    ],
    ids=["another field", "a field more", "no field", "another zone", "another zone of titles"],
)
def test_without_ids_another_mapping_reads_no_new_release(
    lab: RecordLab, first: dict[str, Any], changed: dict[str, Any]
) -> None:
    lab.drop(replace(under(MAPPING, **first), ref=None))
    assert "new" not in lab.drop(replace(under(OTHER_MAPPING, **changed), ref=None)).kinds()


def test_a_new_mapping_hides_no_release_of_another_day_or_text(lab: RecordLab) -> None:
    lab.drop(replace(under(MAPPING, body="In short."), ref=None))
    other = {"body": SUMMARY, "date": NEXT_DAY}
    assert lab.drop(replace(under(OTHER_MAPPING, **other), ref=None)).kinds() == "1 new"


def test_the_new_reading_stands_as_it_is(lab: RecordLab) -> None:
    lab.drop(under(MAPPING, category="Trade", url="https://example.org/7"))
    change = lab.drop(under(OTHER_MAPPING, body=SUMMARY)).change
    assert (change.kind, change.version, change.reverted) == ("reread", 2, False)
    assert change.reason == "same id; another mapping reads it: the text differs in 2 places"
    assert lab.heads() == [replace(TALKS, body=SUMMARY)]
    assert lab.heads()[0].url == "https://example.org/7"


def test_it_is_told_only_where_a_watchlist_matches_newly(lab: RecordLab) -> None:
    lab.drop(under(MAPPING, body=SUMMARY))
    assert lab.drop(under(OTHER_MAPPING)).alerted() == {"batteries": [TALKS.title]}
    assert lab.drop(under(THIRD_MAPPING, body=SUMMARY)).alerted() == {}


def test_who_tries_a_mapping_and_goes_back_misses_no_change(lab: RecordLab) -> None:
    lab.drop(under(MAPPING)).drop(under(OTHER_MAPPING)).drop(under(MAPPING), shown("8", VISIT))
    assert lab.kinds() == "1 new, 1 unchanged"
    assert lab.drop(under(MAPPING, body=TALKS.body.replace("5.1", "5.3"))).kinds() == "1 changed"


def test_a_mapping_that_is_taken_back_is_read_anew_once_more(lab: RecordLab) -> None:
    lab.drop(under(MAPPING)).drop(under(OTHER_MAPPING, body=SUMMARY)).drop(under(MAPPING), shown("8", VISIT))
    assert lab.kinds() == "1 new, 1 reread"
    assert lab.heads()[0].body == TALKS.body
    assert not lab.changes[0].reverted


def test_a_change_after_a_new_mapping_is_a_change(lab: RecordLab) -> None:
    lab.drop(under(MAPPING)).drop(under(OTHER_MAPPING, body=SUMMARY))
    assert lab.drop(under(OTHER_MAPPING, body=SUMMARY.replace("July 1", "July 2"))).kinds() == "1 changed"


def test_known_bytes_are_read_anew_when_they_are_ingested_again(lab: RecordLab) -> None:
    at = FIRST_ARRIVAL
    lab.drop(under(MAPPING), name="a.json", now=at, content=b"the same bytes")
    again = {"name": "a.json", "now": at + HOUR, "content": b"the same bytes"}
    assert lab.drop(under(OTHER_MAPPING, body=SUMMARY), **again).report.status == "duplicate"
    assert lab.drop(under(OTHER_MAPPING, body=SUMMARY), mode=Mode.AGAIN, **again).kinds() == "1 reread"
    assert lab.drop(under(OTHER_MAPPING, body=SUMMARY), mode=Mode.AGAIN, **again).kinds() == "1 unchanged"


def test_an_older_dump_that_is_read_anew_stays_older(lab: RecordLab) -> None:
    lab.drop(under(MAPPING), content=b"old", now=FIRST_ARRIVAL)
    lab.drop(under(MAPPING, body=TALKS.body.replace("5.1", "5.3")), now=FIRST_ARRIVAL + 24 * HOUR)
    lab.drop(under(OTHER_MAPPING, body=SUMMARY), content=b"old", mode=Mode.AGAIN, now=FIRST_ARRIVAL + 48 * HOUR)
    assert lab.kinds() == "1 stale"


CATEGORIES = [
    ("one more", "Industry", "Industry, Trade", "enriched", "Industry, Trade"),
    ("one less", "Industry, Trade", "Trade", "unchanged", "Industry, Trade"),
    ("another order", "Industry, Trade", "Trade, Industry", "unchanged", "Industry, Trade"),
    ("one for another", "Industry, Trade", "Energy, Trade", "changed", "Energy, Trade"),
    ("none now", "Industry", None, "unchanged", "Industry"),
    ("none before", None, "Industry, Trade", "enriched", "Industry, Trade"),
]


@pytest.mark.parametrize(
    ("before", "after", "kind", "known"), [row[1:] for row in CATEGORIES], ids=[row[0] for row in CATEGORIES]
)
def test_several_categories_are_a_set(
    lab: RecordLab, before: str | None, after: str | None, kind: str, known: str | None
) -> None:
    lab.drop(shown("7", category=before)).drop(shown("7", category=after))
    assert (lab.kinds(), lab.heads()[0].category) == (f"1 {kind}", known)


def test_further_categories_are_named_as_such_and_may_make_a_watchlist_match(lab: RecordLab) -> None:
    change = (
        lab.drop(under(MAPPING, category="Industry", body=""))
        .drop(under(MAPPING, category="Industry, batteries", body=""))
        .change
    )
    assert (change.fields, change.reason) == (("category",), "same id; the further categories became known")
    assert lab.alerted() == {"batteries": [TALKS.title]}


def test_the_category_of_a_text_dump_is_one_whatever_it_holds(lab: RecordLab) -> None:
    lab.drop(replace(TALKS, category="Industry")).drop(replace(TALKS, category="Industry, Trade"))
    assert lab.kinds() == "1 changed"


# --- a day that only says when an entry was updated ----------------------------------------------------------------

LATER = date(2024, 7, 9)


def updated(day: date, ref: str | None = "7", **changed: Any) -> Release:
    """The talks in a feed that says only when an entry was last changed."""
    return shown(ref, date=day, is_day_of_update=True, **changed)


def test_a_day_of_update_dates_a_release_once(lab: RecordLab) -> None:
    lab.drop(updated(VISIT.date or LATER)).drop(updated(LATER, body=TALKS.body.replace("5.1", "5.3")))
    assert (lab.kinds(), lab.change.fields) == ("1 changed", ("body",))
    assert lab.drop(updated(LATER, reading=OTHER_MAPPING)).kinds() == "1 reread"
    assert [head.date for head in lab.heads()] == [VISIT.date]


@pytest.mark.parametrize("ref", ["7", None])
def test_a_later_day_of_update_is_no_change(lab: RecordLab, ref: str | None) -> None:
    lab.drop(updated(VISIT.date or LATER, ref)).drop(updated(LATER, ref), shown("8", VISIT))
    assert (lab.kinds(), lab.heads()[0].date) == ("1 new, 1 unchanged", VISIT.date)


def test_a_day_of_publication_comes_before_one_of_update(lab: RecordLab) -> None:
    lab.drop(shown("7", date=None)).drop(updated(LATER))
    assert (lab.kinds(), lab.heads()[0].date) == ("1 enriched", LATER)
    assert lab.drop(shown("7", date=VISIT.date)).kinds() == "1 changed"
    assert lab.drop(updated(LATER), shown("8", VISIT)).kinds() == "1 new, 1 unchanged"
    assert lab.heads()[0].date == VISIT.date


def test_a_release_is_found_under_its_day_of_update(lab: RecordLab) -> None:
    twin = shown(None, title="Another title", date=LATER)
    change = lab.drop(updated(LATER, None)).drop(replace(twin, body=TALKS.body.replace("5.1", "5.4"))).change
    assert (change.kind, change.related) == ("new", (1,))


# --- the link and the id -------------------------------------------------------------------------------------------


def test_a_new_link_is_no_change_and_the_newest_is_kept(lab: RecordLab) -> None:
    lab.drop(under(MAPPING, url="http://example.org/7")).drop(under(OTHER_MAPPING, url="https://example.org/talks"))
    assert lab.kinds() == "1 unchanged"
    [known] = lab.archive.heads()
    assert (known.release.url, known.version) == ("https://example.org/talks", 1)
    assert [one.url for one in lab.archive.versions(1)] == ["https://example.org/talks"]
    assert lab.drop(under(THIRD_MAPPING)).heads()[0].url == "https://example.org/talks"


def test_an_older_dump_takes_no_newer_link_away(lab: RecordLab) -> None:
    lab.drop(under(MAPPING, url="https://example.org/new"), name="2025-07-02.json")
    lab.drop(under(OTHER_MAPPING, url="https://example.org/old"), name="2025-07-01.json")
    assert (lab.kinds(), lab.heads()[0].url) == ("1 unchanged", "https://example.org/new")


def test_a_link_comes_with_what_became_known(lab: RecordLab) -> None:
    lab.drop(replace(TALKS)).drop(shown("7", category="Trade", url="https://example.org/7"))
    assert lab.kinds() == "1 enriched"
    assert (lab.heads()[0].url, lab.heads()[0].ref) == ("https://example.org/7", "7")
    assert [(one.url, one.ref) for one in lab.archive.versions(1)] == [(None, None), ("https://example.org/7", "7")]
