"""Feeds of events: valid in both formats, one entry for each event, and nothing read twice."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import feedparser
import html5lib
import pytest

from tests.dumps import dump, record
from tests.web.site import Answer, ServedSite, filled, monitor, served

ATOM = "{http://www.w3.org/2005/Atom}"
FEEDS = (
    "/feeds/events",
    "/feeds/watchlists/semiconductor",
    "/feeds/sources/motie",
    "/feeds/rule",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedSite]:
    """One site for all tests that only read."""
    with served(filled(tmp_path_factory.mktemp("site")) / "config.yaml") as found:
        found.get("/")  # its thread is there before a test counts them
        yield found


def ingest(folder: Path, name: str, text: str) -> None:
    (folder / "seeds" / name).write_text(text, "utf-8")
    monitor(folder, "run", "--once")


def address(feed: str, kind: str, query: str = "") -> str:
    query = query or ("q=exports" if feed.endswith("rule") else "")
    return f"{feed}.{kind}?{query}" if query else f"{feed}.{kind}"


def entries(answer: Answer) -> Sequence[ElementTree.Element]:
    assert answer.status == 200, answer.text
    return ElementTree.fromstring(answer.body).findall(f"{ATOM}entry")  # noqa: S314 - our own output


def value(entry: ElementTree.Element, name: str) -> str:
    return entry.findtext(f"{ATOM}{name}") or ""


def items(answer: Answer) -> Sequence[Mapping[str, Any]]:
    assert answer.status == 200, answer.text
    found: Sequence[Mapping[str, Any]] = json.loads(answer.body)["items"]
    return found


def titles(answer: Answer) -> list[str]:
    return [value(entry, "title") for entry in entries(answer)]


# --- what is valid ---


@pytest.mark.parametrize("feed", FEEDS)
def test_a_feed_of_atom_has_all_that_a_reader_needs(site: ServedSite, feed: str) -> None:
    answer = site.get(address(feed, "atom"))
    home = f"http://127.0.0.1:{site.port}"
    assert answer.headers["content-type"] == "application/atom+xml"
    read = feedparser.parse(answer.body)
    assert (read.bozo, read.version) == (False, "atom10")
    assert read.feed.title.startswith("monitor: ")
    assert read.feed.id.startswith("urn:uuid:")
    assert [one.href for one in read.feed.links if one.rel == "self"] == [home + address(feed, "atom")]
    assert [one.href.startswith(home) for one in read.feed.links if one.rel == "alternate"] == [True]
    assert read.feed.updated == read.entries[0].updated
    for entry in read.entries:
        assert entry.id.startswith("urn:uuid:")
        assert entry.updated_parsed
        assert entry.link.startswith(f"{home}/events/")
        assert entry.author == "motie"
        assert entry.content[0].type == "text/html"


@pytest.mark.parametrize("feed", FEEDS)
def test_both_formats_say_the_same(site: ServedSite, feed: str) -> None:
    atom, other = site.get(address(feed, "atom")), site.get(address(feed, "json"))
    whole = json.loads(other.body)
    assert other.headers["content-type"] == "application/feed+json"
    assert whole["version"] == "https://jsonfeed.org/version/1.1"
    assert whole["feed_url"].endswith(address(feed, "json"))
    assert [(one["id"], one["title"], one["content_html"], one["date_published"]) for one in items(other)] == [
        tuple(value(entry, name) for name in ("id", "title", "content", "updated")) for entry in entries(atom)
    ]
    assert [one["tags"] for one in items(other)] == [
        [one.get("term") for one in entry.findall(f"{ATOM}category")] for entry in entries(atom)
    ]


def test_a_change_shows_its_words_its_figures_and_the_reason(site: ServedSite) -> None:
    [changed] = [one for one in items(site.get("/feeds/events.json")) if one["title"].startswith("changed")]
    assert changed["title"] == "changed: Chip exports reach a record"
    content = html5lib.parseFragment(changed["content_html"], namespaceHTMLElements=False)
    assert "5.1" in ["".join(one.itertext()) for one in content.iter("del")]
    assert "5.3" in ["".join(one.itertext()) for one in content.iter("ins")]
    assert "Exports" in ["".join(one.itertext()) for one in content.iter("mark")]
    text = "".join(content.itertext())
    assert "Figures: 5.1 → 5.3, $13.4 → $13.6" in text
    assert "same title and day" in text
    assert set(changed["tags"]) == {"semiconductor", "exports"}


def test_newest_entries_come_first_and_there_are_fifty(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    ingest(folder, "many.txt", dump(*(record(f"Notice {number} of the port", "A pier.") for number in range(60))))
    with served(folder / "config.yaml") as site:
        found = titles(site.get("/feeds/events.atom"))
    assert len(found) == 50
    assert found[0] == "new: Notice 59 of the port"
    assert found[-1] == "new: Notice 10 of the port"


# --- which events ---


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("kind=changed", ["changed: Chip exports reach a record"]),
        ("watchlist=fta", ["new: Talks on a free trade pact go on"]),
        ("watchlist=fta&kind=changed", []),
        ("source=elsewhere", []),
        ("on=2020-01-01", []),
    ],
)
def test_the_feed_of_all_events_has_the_filters_of_the_timeline(
    site: ServedSite, query: str, expected: list[str]
) -> None:
    assert titles(site.get(f"/feeds/events.atom?{query}")) == expected


def test_a_watchlist_that_notifies_nobody_has_an_empty_feed(site: ServedSite) -> None:
    assert titles(site.get("/feeds/watchlists/exports.atom")) == []
    assert titles(site.get("/feeds/events.atom?watchlist=exports")) != []
    read = feedparser.parse(site.get("/feeds/watchlists/exports.atom").body)
    assert (read.bozo, read.feed.updated) == (False, "1970-01-01T00:00:00Z")


def test_a_mute_keeps_out(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    monitor(folder, "mute", "fta", "1h")
    ingest(folder, "later.txt", dump(record("An FTA is signed"), record("A semiconductor plant opens")))
    monitor(folder, "mute", "fta", "off")
    ingest(folder, "last.txt", dump(record("The FTA takes force")))
    with served(folder / "config.yaml") as site:
        found = titles(site.get("/feeds/watchlists/fta.atom"))
        others = titles(site.get("/feeds/watchlists/semiconductor.atom"))
    assert found == ["new: The FTA takes force", "new: Talks on a free trade pact go on"]
    assert "new: A semiconductor plant opens" in others


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("carriers", ["new: Shipbuilders win orders for gas carriers"]),
        ("%2Fcontracts+for+%5Cw%2B%2F", ["new: Shipbuilders win orders for gas carriers"]),
        (
            "title:exports+AND+NOT+office",
            ["changed: Chip exports reach a record", "new: Chip exports reach a record"],
        ),
        ("zeppelin", []),
    ],
)
def test_a_rule_is_a_feed_of_its_own(site: ServedSite, rule: str, expected: list[str]) -> None:
    assert titles(site.get(f"/feeds/rule.atom?q={rule}")) == expected


def test_the_feed_of_a_rule_marks_where_it_matches(site: ServedSite) -> None:
    [found] = items(site.get("/feeds/rule.json?q=contracts"))
    assert "<mark>contracts</mark>" in found["content_html"]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/feeds/watchlists/unknown.atom", 404, "no watchlist"),
        ("/feeds/sources/unknown.atom", 404, "no source"),
        ("/feeds/events.rss", 404, ""),
        ("/feeds/rule.atom", 422, "give a query"),
        ("/feeds/rule.atom?q=chips+AND", 422, "write the word that belongs there"),
        ("/feeds/rule.atom?q=%2F%28%2F", 422, ""),
        ("/feeds/events.atom?kinds=new", 422, "kinds"),
        ("/feeds/events.atom?kind=odd", 422, "no such kind"),
        ("/feeds/watchlists/fta.atom?kind=new", 422, "no parameters"),
    ],
)
def test_what_is_no_feed_says_so(site: ServedSite, path: str, status: int, words: str) -> None:
    answer = site.get(path)
    assert answer.status == status
    assert words in answer.text


# --- identity ---


def ids(site: ServedSite) -> list[str]:
    return [value(entry, "id") for feed in FEEDS for entry in entries(site.get(address(feed, "atom")))]


def test_ids_stay_at_a_restart_at_another_port_under_another_name_and_after_a_restore(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    with served(folder / "config.yaml") as site:
        before = ids(site)
        feed = feedparser.parse(site.get("/feeds/events.atom").body).feed.id
    monitor(folder, "db", "backup", str(folder / "copy.bak"))
    ingest(folder, "later.txt", dump(record("An event that a restore takes back")))
    monitor(folder, "db", "restore", str(folder / "copy.bak"))
    config = (folder / "config.yaml").read_text("utf-8")
    (folder / "config.yaml").write_text(f"{config}web: {{url: 'https://press.example.org/monitor/'}}\n", "utf-8")
    with served(folder / "config.yaml") as site:
        assert ids(site) == before
        read = feedparser.parse(site.get("/feeds/events.atom").body)
    assert read.feed.id == feed
    assert {entry.link.rpartition("/")[0] for entry in read.entries} == {"https://press.example.org/monitor/events"}


def test_an_entry_is_the_same_in_every_feed(site: ServedSite) -> None:
    every = {one["id"]: one for one in items(site.get("/feeds/events.json"))}
    for path in (
        "/feeds/watchlists/semiconductor.json",
        "/feeds/sources/motie.json",
        "/feeds/events.json?kind=new",
    ):
        for one in items(site.get(path)):
            assert one == every[one["id"]]


def test_another_event_that_gets_the_number_of_one_that_was_restored_away_is_another_entry(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    monitor(folder, "db", "backup", str(folder / "copy.bak"))
    found = []
    for name, title in (("a.txt", "A bridge opens"), ("b.txt", "A tunnel opens")):
        ingest(folder, name, dump(record(title)))
        (folder / "seeds" / name).unlink()
        with served(folder / "config.yaml") as site:
            found.append(items(site.get("/feeds/events.json"))[0])
        monitor(folder, "db", "restore", str(folder / "copy.bak"))
    assert found[0]["url"].rpartition("/")[2] == found[1]["url"].rpartition("/")[2]
    assert found[0]["id"] != found[1]["id"]


def test_a_store_that_does_not_say_which_it_is_has_no_feed(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    with closing(sqlite3.connect(folder / "state" / "monitor.db")) as connection, connection:
        connection.execute("UPDATE meta SET v = 'x' WHERE k = 'store_id'")
    with served(folder / "config.yaml") as site:
        answer = site.get("/feeds/events.atom")
    assert answer.status == 503
    assert "does not say which store it is" in answer.text


# --- what a reader knows already ---


def test_a_reader_that_knows_a_feed_is_told_so_until_something_happens(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    paths = [address(feed, "atom") for feed in FEEDS]
    with served(folder / "config.yaml") as site:
        first = {path: site.get(path) for path in paths}
        for path, answer in first.items():
            tag = answer.headers["etag"]
            assert tag.startswith('"')
            assert answer.headers["cache-control"] == "private, no-cache"
            for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
                again = site.get(path, if_none_match=known)
                assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
        ingest(folder, "later.txt", dump(record("Semiconductor exports grow", "More exports.")))
        for path, answer in first.items():
            later = site.get(path, if_none_match=answer.headers["etag"])
            assert later.status == 200
            assert later.headers["etag"] != answer.headers["etag"]
            assert titles(later)[1:] == titles(answer)


def test_a_tag_counts_more_than_a_time(site: ServedSite) -> None:
    answer = site.get("/feeds/events.atom")
    tag, time = answer.headers["etag"], answer.headers["last-modified"]
    assert site.get("/feeds/events.atom", if_modified_since=time).status == 304
    assert site.get("/feeds/events.atom", if_none_match='"other"', if_modified_since=time).status == 200
    early = "Sat, 01 Jan 2000 00:00:00 GMT"
    assert site.get("/feeds/events.atom", if_none_match=tag, if_modified_since=early).status == 304
    assert site.get("/feeds/events.atom", if_modified_since=early).status == 200


@pytest.mark.parametrize(
    "time", ["", "yesterday", "Fri, 99 Nov 2026 20:00:00 GMT", "Fri, 27 Nov 2099 20:00:00 -0000", "0"]
)
def test_a_time_that_is_none_is_ignored(site: ServedSite, time: str) -> None:
    assert site.get("/feeds/events.atom", if_modified_since=time).status == 200


def test_the_tag_is_of_one_feed_in_one_format_under_one_configuration(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    paths = [address(feed, kind) for feed in FEEDS for kind in ("atom", "json")]
    with served(folder / "config.yaml") as site:
        tags = [site.get(path).headers["etag"] for path in paths]
    assert len(set(tags)) == len(paths)
    config = (folder / "config.yaml").read_text("utf-8")
    (folder / "config.yaml").write_text(config.replace("[FTA,", "[FTA, pact,"), "utf-8")
    with served(folder / "config.yaml") as site:
        assert site.get(paths[0], if_none_match=tags[0]).status == 200


class Counting:
    """An archive that notes what is read of it, and how many values that gave."""

    def __init__(self, archive: object) -> None:
        self._archive = archive
        self.read: list[tuple[str, int]] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._archive, name)

        def counted(*args: Any, **options: Any) -> Any:
            found = method(*args, **options)
            self.read.append((name, len(found)))
            return found

        return counted


@pytest.mark.parametrize("feed", FEEDS)
def test_where_nothing_is_new_one_row_is_read(tmp_path: Path, feed: str) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        with site.site.stores() as stores:
            archive = Counting(stores.archive)
            counting = replace(stores, archive=archive)
        site.site.stores = lambda: nullcontext(counting)  # type: ignore[method-assign]  # it passes all on
        tag = site.get(address(feed, "atom")).headers["etag"]
        assert "texts" in {name for name, _ in archive.read}
        archive.read.clear()
        assert site.get(address(feed, "atom"), if_none_match=tag).status == 304
    assert archive.read == [("page", 1)]


def test_reading_a_feed_takes_nothing_out_of_it(site: ServedSite) -> None:
    assert site.get("/feeds/events.atom").body == site.get("/feeds/events.atom").body
    assert site.ask("HEAD", "/feeds/events.atom").headers["etag"] == site.get("/feeds/events.atom").headers["etag"]
