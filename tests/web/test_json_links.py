"""Each list links to its rows in REST, and the link answers with as many."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

from tests.web.reading import of_class
from tests.web.site import filled, served

SHOWN = {
    "/alerts": "message",
    "/alerts?state=sent": "message",
    "/releases": "found-release",
    "/releases?q=" + quote('"free trade" talks'): "found-release",
    "/watchlists": "watchlist",
}


def test_a_list_links_to_its_rows(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        for path, name in SHOWN.items():
            page = site.get(path).page
            [link] = [each for found in of_class(page, "formats") for each in found]
            answer = site.get(link.get("href", ""))
            assert answer.status == 200, path
            assert len(json.loads(answer.body)["items"]) == len(list(of_class(page, name))), path


def test_every_other_page_links_to_rest(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        for path in ("/alerts?message=1", "/sources", "/sources?show=rejects", "/status"):
            found = [each for found in of_class(site.get(path).page, "formats") for each in found]
            assert found, path
            assert {site.get(each.get("href", "")).status for each in found} == {200}, path


def test_a_view_that_rest_cannot_narrow_so_has_no_link(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        for path in ("/alerts?channel=console", "/releases?category=Trade", "/sources?show=rejects&state=held"):
            assert list(of_class(site.get(path).page, "formats")) == [], path
