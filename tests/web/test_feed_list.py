"""The list of feeds: every address is one that a reader can use."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

import feedparser

from monitor.web.passwords import password_line
from tests.web.reading import links
from tests.web.site import ServedSite, filled, served


def addresses(page: Element) -> list[str]:
    return [each.get("value", "") for each in page.iter("input") if each.get("readonly") is not None]


def opened(site: ServedSite, address: str) -> bool:
    """Whether an address leads to a feed, for a reader without a password."""
    target = urlsplit(address)
    answer = site.get(f"{target.path}?{target.query}")
    is_feed = answer.status == 200 and (
        feedparser.parse(answer.body).version == "atom10" or "jsonfeed.org" in answer.text
    )
    return is_feed and target.netloc == f"127.0.0.1:{site.port}"


def test_every_feed_stands_there_in_both_formats(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        page = site.get("/feeds?q=exports+AND+chip*").page
        found = addresses(page)
        assert [opened(site, each) for each in found] == [True] * len(found)
    paths = [urlsplit(each).path for each in found]
    assert paths == [
        f"/feeds/{name}.{kind}"
        for name in (
            "events",
            "watchlists/fta",
            "watchlists/semiconductor",
            "watchlists/exports",
            "sources/motie",
            "rule",
        )
        for kind in ("atom", "json")
    ]
    assert found[-1].endswith("?q=exports+AND+chip%2A")
    assert {f"http://127.0.0.1:{site.port}{each}" for each in links(page) if each.startswith("/feeds/")} == {*found}


def test_without_a_rule_there_is_no_address_for_one(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        assert not [each for each in addresses(site.get("/feeds").page) if "/rule" in each]


def test_where_a_password_is_needed_each_address_has_a_token_that_opens_it(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    file = folder / "config.yaml"
    web = f"web: {{listen: '127.0.0.1:1', anonymous: none, users: {{kim: '{password_line('a word')}'}}}}\n"
    file.write_text(file.read_text("utf-8") + web, "utf-8")
    with served(file) as site:
        answer = site.get("/feeds?q=exports", authorization="Basic a2ltOmEgd29yZA==")
        found = addresses(answer.page)
        assert [opened(site, each) for each in found] == [True] * 12
        stripped = [urlsplit(each) for each in found if "rule" not in each]
        assert [site.get(each.path).status for each in stripped] == [401] * len(stripped)
    assert "Each address carries a token of yours" in answer.text


def test_addresses_begin_with_how_people_reach_the_page(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    file = folder / "config.yaml"
    file.write_text(file.read_text("utf-8") + "web: {url: 'https://press.example.org/monitor/'}\n", "utf-8")
    with served(file) as site:
        found = addresses(site.get("/monitor/feeds").page)
    assert found[0] == "https://press.example.org/monitor/feeds/events.atom"
