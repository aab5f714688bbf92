"""The timeline: what happened to releases, newest first, as its address asks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest

from monitor.config import load
from tests.dumps import dump, record
from tests.web.site import CONFIG, Answer, ServedSite, filled, monitor, served


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ServedSite]:
    """A site over what two dumps brought."""
    with served(filled(tmp_path) / "config.yaml") as found:
        yield found


def words(element: Element) -> str:
    """Return the text of an element with single spaces."""
    return " ".join("".join(element.itertext()).split())


def with_class(found: Answer | Element, name: str) -> list[Element]:
    """Return the elements of this class, in their order."""
    page = found.page if isinstance(found, Answer) else found
    return [each for each in page.iter() if name in each.attrib.get("class", "").split()]


def titles(answer: Answer) -> list[str]:
    """Return the titles of the events that a page shows."""
    return [words(title) for title in with_class(answer, "event-title")]


def facets(answer: Answer) -> dict[str, str]:
    """Return what each line of the filters shows, by its text."""
    links = [link for nav in with_class(answer, "facets") for link in nav.iter("a") if link.find("span") is not None]
    return {words(link[0]): words(link[1]) if len(link) > 1 else "" for link in links}


def test_the_newest_event_comes_first(site: ServedSite) -> None:
    found = titles(site.get("/"))
    assert found.index("Shipbuilders win orders for gas carriers") < found.index("A new office opens")


def test_headings_are_in_order_and_the_day_counts_its_events(site: ServedSite) -> None:
    answer = site.get("/")
    levels = [int(each.tag[1]) for each in answer.page.iter() if each.tag in {"h1", "h2", "h3", "h4"}]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip([1, *sorted(levels)], sorted(levels), strict=False))
    assert "6 events" in words(with_class(answer, "day")[0])


def test_a_change_shows_its_edits_and_its_reason(site: ServedSite) -> None:
    answer = site.get("/?kind=changed")
    redline = with_class(answer, "redline")[0]
    assert [words(each) for each in redline.iter("del")] == ["5.1", "$13.4"]
    assert [words(each) for each in redline.iter("ins")] == ["5.3", "$13.6"]
    assert "2 figures differ" in words(with_class(answer, "reason")[0])


def test_a_new_release_shows_where_its_watchlists_match(site: ServedSite) -> None:
    answer = site.get("/?watchlist=fta")
    assert titles(answer) == ["Talks on a free trade pact go on"]
    assert [words(each) for each in with_class(answer, "snippet")] == [
        "Officials met for the third round of FTA talks in Seoul."
    ]
    assert [each.text for each in answer.page.iter("mark")] == ["FTA", "FTA"]


def test_a_release_of_no_watchlist_shows_its_beginning(site: ServedSite) -> None:
    office = next(each for each in site.get("/").page.iter("article") if "A new office" in words(each))
    assert "The office for small firms opens its doors in Busan next week." in words(office)


def test_a_tag_says_whether_its_watchlist_notified(site: ServedSite) -> None:
    changed = site.get("/?kind=changed")
    assert {words(tag): "notified" in tag.attrib["class"] for tag in with_class(changed, "tag")} == {
        "semiconductor, notified": True,
        "exports": False,
    }


def test_korean_text_has_its_language(site: ServedSite) -> None:
    title = next(each for each in with_class(site.get("/"), "event-title") if "반도체" in words(each))
    assert title.attrib["lang"] == "ko"


def test_each_filter_is_counted_without_itself(site: ServedSite) -> None:
    found = facets(site.get("/?kind=changed&watchlist=exports"))
    assert found["What counts"] == "2"
    assert found["changed"] == "1"
    assert found["semiconductor"] == "1"
    assert found["Any or none"] == ""


def test_filters_are_links_that_keep_the_others(site: ServedSite) -> None:
    answer = site.get("/?kind=changed&before=900")
    link = next(each for each in answer.page.iter("a") if words(each).startswith("semiconductor"))
    assert link.attrib["href"] == "/?kind=changed&watchlist=semiconductor"
    current = [words(each) for each in answer.page.iter("a") if each.attrib.get("aria-current") == "true"]
    assert current == ["changed1", "Any or none", "All"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("?notified=1", 4),
        ("?source=motie", 6),
        ("?source=other", 0),
        (f"?dump={'press_20240706.txt'}", 2),
        ("?since=1h", 6),
        ("?on=2020-01-01", 0),
        ("?kind=all", 6),
        ("?kind=stale", 0),
    ],
)
def test_the_address_narrows_the_events(site: ServedSite, query: str, count: int) -> None:
    assert len(titles(site.get(f"/{query}"))) == count


def test_a_bar_leads_to_its_day(site: ServedSite) -> None:
    bars = with_class(site.get("/?kind=new"), "chart")[0]
    links = [each.attrib["href"] for each in bars.iter() if each.tag.endswith("a") and "href" in each.attrib]
    assert len(links) == 1
    answer = site.get(links[0])
    assert len(titles(answer)) == 5
    assert "kind=new" in links[0]
    assert words(with_class(answer, "narrowed")[0]).startswith("On ")


def test_of_many_watchlists_those_without_events_are_left_out(tmp_path: Path) -> None:
    config = filled(tmp_path) / "config.yaml"
    others = "".join(f"  other-{number}: {{keywords: [unheard{number}], notify: []}}\n" for number in range(40))
    config.write_text(config.read_text("utf-8") + others, "utf-8")
    with served(config) as site:
        found = {*facets(site.get("/?watchlist=other-7"))}
    assert found >= {"fta", "semiconductor", "exports", "other-7"}
    assert "other-8" not in found


def many(folder: Path) -> Path:
    """Put a site of a hundred changed releases of usual length into a folder, and return it."""
    (folder / "config.yaml").write_text(CONFIG, "utf-8")
    (folder / "seeds").mkdir()
    for name, figure in (("a.txt", "5.1"), ("b.txt", "5.3")):
        records = [
            record(
                f"Exports of semiconductors to country {number} set a record in June",
                f"Exports of semiconductors to country {number} rose {figure} percent to a record. {'They said. ' * 20}"
                f"The FTA talks of round {number} go on; {figure} billion dollars were spent. {'More of it. ' * 20}",
                "2024-07-01",
                "Trade",
            )
            for number in range(60)
        ]
        (folder / "seeds" / name).write_text(dump(*records), "utf-8")
        monitor(folder, "run", "--once")
    return folder


def turns(answer: Answer) -> list[str]:
    """Return which of the pages beside it a page leads to."""
    return [rel for link in answer.page.iter("a") if (rel := link.attrib.get("rel", "")) in {"prev", "next"}]


def test_pages_go_on_without_meeting_an_event_twice_and_are_small(tmp_path: Path) -> None:
    with served(many(tmp_path) / "config.yaml") as site:
        answers = [site.get("/")]
        while older := [each for each in answers[-1].page.iter("a") if each.attrib.get("rel") == "next"]:
            answers.append(site.get(older[0].attrib["href"]))
        newer = next(each for each in answers[1].page.iter("a") if each.attrib.get("rel") == "prev")
        newest, oldest = site.get(newer.attrib["href"]), site.get("/?after=0")
        assert titles(newest) == titles(answers[0])
        assert [turns(each) for each in (answers[0], answers[1], answers[2])] == [["next"], ["prev", "next"], ["prev"]]
        assert [turns(each) for each in (newest, oldest, site.get("/?before=900"))] == [["next"], ["prev"], ["next"]]
    ids = [each.attrib["id"] for answer in answers for each in answer.page.iter("article")]
    assert [len(titles(answer)) for answer in answers] == [50, 50, 20]
    assert len({*ids}) == 120
    assert max(len(answer.body) for answer in answers) <= 60_000


def test_the_page_links_to_itself_as_feed_and_json(site: ServedSite) -> None:
    answer = site.get("/?watchlist=fta&before=900&kind=all&notified=1")
    links = {words(each): each.attrib["href"] for each in with_class(answer, "formats")[0].iter("a")}
    assert links == {
        "Feed": "/feeds/events.atom?kind=all&watchlist=fta&notified=1",
        "JSON": "/api/v1/events?watchlist=fta&notified=1",
    }
    assert [item["title"] for item in json.loads(site.get(links["JSON"]).body)["items"]] == titles(answer)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("kind=odd", "there is no such kind"),
        ("on=tomorrow", "give a day such as 2026-11-14"),
        ("on=0001-01-01", "give a day such as 2026-11-14"),
        ("on=9999-12-31", "give a day such as 2026-11-14"),
        ("since=then", "give a day (2024-07-01)"),
        ("before=-1", "give the number of an event"),
        ("after=99999999999999999999", "give the number of an event"),
    ],
)
def test_a_wrong_parameter_is_named(site: ServedSite, query: str, sentence: str) -> None:
    answer = site.get(f"/?{query}")
    assert answer.status == 422
    assert sentence in answer.text


def test_an_empty_page_names_what_to_do(site: ServedSite) -> None:
    assert "Show all events" in words(with_class(site.get("/?kind=withdrawn"), "empty")[0])
    assert "To the newest ones" in words(with_class(site.get("/?before=1"), "empty")[0])


def test_a_rendered_event_is_kept_until_the_configuration_changes(tmp_path: Path) -> None:
    config = filled(tmp_path) / "config.yaml"
    with served(config) as site:
        first = site.get("/?kind=changed").text
        with site.site.stores() as stores:
            kept = site.site.caches.events.get(5, (site.site.config, stores))
        assert kept
        assert kept in first
        config.write_text(config.read_text("utf-8").replace("Asia/Seoul", "America/Lima"), "utf-8")
        site.site.config = load(config)
        assert kept not in site.get("/?kind=changed").text


def test_an_event_leads_to_its_release(site: ServedSite) -> None:
    answer = site.get("/events/5")
    assert (answer.status, answer.headers["location"]) == (303, "/releases/1?to=2")
    assert site.get("/events/999").status == 404


@pytest.mark.parametrize(
    ("path", "heading"),
    [("/nowhere", "Not found"), ("/?kind=nonsense", "Not understood"), ("/releases/99", "Not found")],
)
def test_an_error_page_has_a_heading_in_plain_words(site: ServedSite, path: str, heading: str) -> None:
    assert [words(each) for each in site.get(path).page.iter("h1")] == [heading]
