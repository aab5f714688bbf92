"""Watchlists: the rule as written, what it matched, whom it notifies."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.etree.ElementTree import Element

from monitor.control.client import local_commands
from tests.web.reading import buttons, links, of_class, words
from tests.web.site import CONFIG, filled, served


def rows(page: Element) -> dict[str, Element]:
    return {words(next(each.iter("h2"))): each for each in of_class(page, "watchlist")}


def test_a_watchlist_shows_its_rule_its_matches_and_its_channels(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        found = rows(site.get("/watchlists").page)
    assert list(found) == ["fta", "semiconductor", "exports"]
    text = words(found["semiconductor"])
    assert "semiconductor, 반도체" in text
    assert "notifies console" in text
    [chart] = of_class(found["semiconductor"], "chart")
    assert chart.get("aria-label") == "3 in 60 days"
    assert words(next(of_class(found["semiconductor"], "count"))) == "3 in 60 days"
    assert "Chip exports reach a record" in text
    assert re.search(r"changed · (just now|\d+ min ago)", text)
    assert "is only recorded" in words(found["exports"])


def test_a_change_of_each_rule_can_be_tried(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        found = rows(site.get("/watchlists").page)
    tried = [urlsplit(each) for row in found.values() for each in links(row) if each.startswith("/rules")]
    assert [parse_qs(each.query) for each in tried] == [
        {"q": ["FTA OR 자유무역협정"], "against": ["fta"]},
        {"q": ["semiconductor OR 반도체"], "against": ["semiconductor"]},
        {"q": ["exports NEAR/8 (record OR percent)"], "against": ["exports"]},
    ]
    assert "/feeds/watchlists/fta.atom" in links(found["fta"])


def test_a_muted_watchlist_can_be_unmuted(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        with local_commands(site.site.config) as commands:
            commands.by_name()["mute"].run("fta", "8h")
        found = rows(site.get("/watchlists").page)
    assert buttons(found["fta"]) == {"Unmute fta": ["/actions/mute", "fta", "off"]}
    assert "muted until" in words(found["fta"])
    assert buttons(found["exports"]) == {"Mute 8 h exports": ["/actions/mute", "exports", "8h"]}


def test_without_a_watchlist_the_page_says_what_to_do(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    file = folder / "config.yaml"
    file.write_text(CONFIG.partition("watchlists:")[0], "utf-8")
    with served(file) as site:
        answer = site.get("/watchlists")
    assert answer.status == 200
    assert "No watchlist is configured" in words(next(of_class(answer.page, "empty")))
