"""Pages without script and on paper: all of their content is there, and what cannot be used is not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Watched, opened
from tests.browser.test_every_page import PAGES

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.web.site import ServedSite

EITHER = ("Copy", "Try")  # buttons: one needs script, the other one is needed where there is none


def content(watched: Watched, path: str) -> tuple[list[str], list[str], list[str]]:
    """Return the lines of a page that do not tell the time, and where its links and its forms lead."""
    watched.open(path)
    main = watched.page.locator("main")
    lines = [line.strip() for line in main.inner_text().splitlines() if line.strip() not in EITHER]
    links = main.locator("a").evaluate_all("all => all.map(each => each.getAttribute('href'))")
    forms = main.locator("form").evaluate_all("all => all.map(each => `${each.method} ${each.action}`)")
    return [line for line in lines if line and not re.search(r"\d (?:ms|s)\b", line)], links, forms


def test_without_script_every_page_has_its_content_and_its_actions(browser: Browser, site: ServedSite) -> None:
    with opened(browser, site) as usual, opened(browser, site, java_script_enabled=False) as bare:
        for path in PAGES:
            lines, links, forms = content(bare, path)
            assert (path, lines, links, forms) == (path, *content(usual, path))
            assert lines, path
        assert [bare.page.locator(each).is_visible() for each in ("[data-theme-switch]", "[data-keys]")] == [False] * 2
        assert usual.faults == []


@pytest.mark.parametrize("path", ["/", "/releases/1", "/alerts", "/rules?q=exports", "/status"])
def test_paper_shows_what_is_read_and_nothing_to_press(browser: Browser, site: ServedSite, path: str) -> None:
    with opened(browser, site, "wide-light") as watched:
        watched.page.emulate_media(media="print")
        watched.open(path)
        page = watched.page
        assert page.locator("main h1").is_visible()
        pressed = page.locator("button:visible, nav:visible, input[type=search]:visible").all()
        assert [each.evaluate("each => each.outerHTML") for each in pressed] == []
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
