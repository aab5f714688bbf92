"""New events in a real browser: every tab counts them on a button, over one stream, and nothing moves."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser.conftest import Watched, opened
from tests.web.test_stream import ingest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.web.site import ServedSite

BUTTON = ".live button"


def folder_of(site: ServedSite) -> Path:
    return site.site.config.file.parent


def wait_for_count(page: Page, text: str) -> None:
    page.wait_for_function("text => document.querySelector('.live button').textContent === text", arg=text)


def tabs(watched: Watched, count: int, path: str = "/") -> list[Page]:
    """Open more tabs of the same browser."""
    found = [watched.page.context.new_page() for _ in range(count)]
    for page in found:
        page.goto(f"{watched.base}{path}")
    return found


def test_a_button_says_how_many_events_are_new_and_shows_them(browser: Browser, site: ServedSite) -> None:
    with opened(browser, site) as watched:
        watched.open("/")
        page = watched.page
        title = page.locator(".event-title").first
        before = title.bounding_box()
        assert not page.locator(BUTTON).is_visible()
        ingest(folder_of(site), "A bridge opens", "A bridge closes")
        wait_for_count(page, "2 new events")
        assert title.bounding_box() == before
        page.locator(BUTTON).click()
        page.wait_for_function("document.querySelector('.event-title').textContent === 'A bridge closes'")
        assert not page.locator(BUTTON).is_visible()
        assert watched.faults == []


def test_a_view_counts_what_it_would_show(browser: Browser, site: ServedSite) -> None:
    with opened(browser, site) as watched:
        watched.open("/")
        [filtered] = tabs(watched, 1, "/?watchlist=fta")
        ingest(folder_of(site), "An FTA is signed", "A bridge closes")
        wait_for_count(watched.page, "2 new events")
        wait_for_count(filtered, "1 new event")
        filtered.locator(BUTTON).click()
        filtered.wait_for_url("**/?watchlist=fta")


def test_nine_tabs_hear_of_it_over_one_stream(browser: Browser, site: ServedSite) -> None:
    with opened(browser, site) as watched:
        watched.open("/")
        pages = [watched.page, *tabs(watched, 8)]
        watched.page.wait_for_function("navigator.locks.query().then(found => found.pending.length === 8)")
        assert site.site.live.streams == 1
        ingest(folder_of(site), "A bridge opens")
        for page in pages:
            wait_for_count(page, "1 new event")
        watched.page.close()  # it held the stream
        pages[1].wait_for_function("navigator.locks.query().then(found => found.pending.length === 7)")
        ingest(folder_of(site), "A bridge closes", "A tunnel closes")
        for page in pages[1:]:
            wait_for_count(page, "3 new events")
        assert site.site.live.streams == 1


def test_a_hidden_tab_lets_go_of_the_stream(browser: Browser, site: ServedSite) -> None:
    hide = """is => {
        Object.defineProperty(document, 'hidden', {value: is, configurable: true});
        document.dispatchEvent(new Event('visibilitychange'));
    }"""
    with opened(browser, site) as watched:
        watched.open("/")
        page = watched.page
        page.wait_for_function("navigator.locks.query().then(found => found.held.length === 1)")
        page.evaluate(hide, True)
        page.wait_for_function("navigator.locks.query().then(found => found.held.length === 0)")
        ingest(folder_of(site), "A bridge opens")
        assert not page.locator(BUTTON).is_visible()
        page.evaluate(hide, False)
        wait_for_count(page, "1 new event")
        page.wait_for_function("navigator.locks.query().then(found => found.held.length === 1)")


def test_without_locks_a_page_asks_again(browser: Browser, site: ServedSite) -> None:
    with opened(browser, site) as watched:
        watched.page.add_init_script("Object.defineProperty(navigator, 'locks', {value: undefined})")
        watched.open("/")
        ingest(folder_of(site), "A bridge opens")
        wait_for_count(watched.page, "1 new event")
        assert site.site.live.streams == 0
        assert watched.faults == []


def test_where_no_further_stream_is_free_a_page_asks_again(browser: Browser, site: ServedSite) -> None:
    with opened(browser, site) as watched, ExitStack() as streams:
        for _ in range(32):
            streams.enter_context(site.site.live.counted())
        watched.open("/")
        ingest(folder_of(site), "A bridge opens")
        wait_for_count(watched.page, "1 new event")
