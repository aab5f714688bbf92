"""Short ways to write the releases and changes that the tests of this folder look at."""

from __future__ import annotations

from datetime import date

from hypothesis import settings

from monitor.match.document import Document
from monitor.match.hits import all_locations
from monitor.match.keywords import read_keyword
from monitor.match.matcher import Matcher, Watchlist
from monitor.model import Change, Kind, Release
from tests.examples import examples
from tests.match.queries import ALIASES

WITHOUT_DISK = settings(database=None, max_examples=examples(400))


def release(title: str = "", body: str = "", category: str | None = None) -> Release:
    return Release(title=title, body=body, date=date(2024, 7, 1), category=category)


def change(kind: Kind, after: Release, before: Release | None = None, *, number: int = 1) -> Change:
    return Change(
        kind=kind, number=number, version=1, base=0, after=after, before=before, reason="as told", record=None
    )


def found(keyword: str, text: str, *, case: str = "smart", inflect: bool = True) -> list[str]:
    """The words of a body, as they stand there, that a keyword finds; in order."""
    prepared = read_keyword(keyword, case=case, inflect=inflect)
    return [text[start:end] for _, start, end in all_locations([prepared], Document(release(body=text)))]


def asked(query: str, title: str, body: str = "", category: str | None = None) -> list[str]:
    """The words of a release, as they stand there, that a query finds; in order, empty where it does not match."""
    matcher = Matcher([Watchlist(name="asked", query=query)], ALIASES)
    return [hit.text for hit in matcher.scan(release(title, body, category))]
