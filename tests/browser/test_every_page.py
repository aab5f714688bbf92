"""Every page in a real browser: nothing for axe to find, no sideways scroll, nothing refused, nothing foreign."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import LOOKS, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.web.site import ServedSite

PAGES = (
    "/",
    "/?kind=all&watchlist=exports",
    "/?kind=withdrawn",
    "/releases",
    "/releases?q=exports",
    "/releases?q=nothing-has-this",
    "/releases/1",
    "/releases/1?view=split",
    "/releases/1?view=changes",
    "/releases/3",
    "/watchlists",
    "/alerts",
    "/alerts?state=dead",
    "/alerts?message=1",
    "/sources",
    "/sources?show=rejects",
    "/status",
    "/status?settings=all",
    "/feeds?q=exports",
    "/rules",
    "/rules?q=exports+OR+carriers&against=semiconductor",
    "/rules?q=exports+AND+(&last=exports",
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_accessible_and_keeps_to_itself(browser: Browser, site: ServedSite, path: str, look: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with opened(browser, site, look) as watched:
        watched.open(path)
        wide = watched.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found = Axe().run(watched.page, options={"runOnly": {"type": "tag", "values": RULES}})
    said = [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found.response["violations"]]
    assert said == []
    assert wide == 0
    assert watched.faults == []
