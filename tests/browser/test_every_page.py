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


@pytest.mark.parametrize("path", ["/", "/alerts", "/status"])
def test_a_telephone_shows_which_page_it_is_on(browser: Browser, site: ServedSite, path: str) -> None:
    with opened(browser, site, "narrow-dark") as watched:
        watched.open(path)
        here = watched.page.locator(".top-nav [aria-current]").bounding_box()
    assert here
    assert here["x"] >= 0
    assert here["x"] + here["width"] <= 390


def test_what_stands_on_top_begins_where_the_page_begins(browser: Browser, site: ServedSite) -> None:
    script = (
        "name => { const range = new Range(); range.selectNodeContents(document.querySelector(name));"
        " return range.getBoundingClientRect().left; }"
    )
    with opened(browser, site, viewport={"width": 1500, "height": 900}) as watched:
        watched.open("/alerts")
        assert watched.page.evaluate(script, ".notice") == watched.page.evaluate(script, "h1")
