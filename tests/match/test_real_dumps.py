"""Guards on the five real dumps: how many of their 44 records a keyword matches.

The counts stand in the design. Five of them were counted once more by eye, from every line of the dumps that holds the
letters, each place laid to its record:

- EV: "reduced EV exports" with "demand for EVs" (one record), "electric vehicle (EV) motors";
- IT: "all of IT items", "All IT items" with "growth of IT items" (one record), "its digital, IT, and automotive";
- SMR: "small modular reactors (SMRs)" alone, in the plural;
- FTA: twice as the category "FTA/Economic Cooperation", the record on services and investment (title and body), "the
  importance of FTAs", "Free Trade agreement (FTA) Joint Committee";
- high tech: always written with a hyphen: the 6th committee meeting in two dumps, the export permit twice, "high-tech
  cooperation".
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from monitor.match.matcher import Matcher, Watchlist
from monitor.model import Release

FOLDER = Path(__file__).parents[2] / os.environ.get("MONITOR_REAL_DUMPS", "../shared/seeds")

GUARDS = [
    ("AI", 11),
    ("US", 19),
    ("IT", 3),
    ("EV", 2),
    ("FTA", 5),
    ("semiconductor", 19),
    ("SMR", 1),
    ("high tech", 5),
    ("Korea's exports", 4),
]


@pytest.fixture(scope="module")
def records() -> list[Release]:
    dumps = sorted(FOLDER.glob("*.txt"))
    if not dumps and os.environ.get("CI") != "true":
        pytest.skip(f"no real dumps in {FOLDER}; name their folder in MONITOR_REAL_DUMPS")
    return [read_record(text) for dump in dumps for text in ("\n" + dump.read_text("utf-8")).split("\n-\n")[1:]]


def read_record(text: str) -> Release:
    *category, title, last = text.split("\n")
    body, _, day = last.rpartition(" date")
    return Release(title=title, body=body, date=date.fromisoformat(day), category=category[0] if category else None)


def test_the_five_dumps_hold_44_records(records: list[Release]) -> None:
    assert len(records) == 44


@pytest.mark.parametrize(("keyword", "expected"), GUARDS, ids=[row[0] for row in GUARDS])
def test_a_keyword_matches_as_many_records_as_were_counted(keyword: str, expected: int, records: list[Release]) -> None:
    matcher = Matcher([Watchlist(name="guard", keywords=(keyword,))])

    assert sum(bool(matcher.scan(record)) for record in records) == expected


def test_all_keywords_together_match_what_each_matches_alone(records: list[Release]) -> None:
    lists = [Watchlist(name=keyword, keywords=(keyword,)) for keyword, _ in GUARDS]
    together = Matcher(lists)
    alone = [Matcher([watchlist]) for watchlist in lists]

    for record in records:
        hits = together.scan(record)
        assert {hit.watchlist for hit in hits} == {hit.watchlist for one in alone for hit in one.scan(record)}
        assert all(getattr(record, hit.field)[hit.start : hit.end] == hit.text for hit in hits)
