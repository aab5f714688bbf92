"""The rule tester as one types: the result follows, and the field is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

from monitor.inspect.rule_scans import RuleScans
from tests.browser.conftest import Watched, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

    from tests.web.site import ServedSite

FIELD = "#rule-q"
# Letter by letter, and no timer ends meanwhile.
TYPE_AT_ONCE = """(text) => { for (const letter of text) document.execCommand("insertText", false, letter) }"""


@contextmanager
def rules_page(browser: Browser, site: ServedSite, query: str = "", **options: Any) -> Iterator[Watched]:
    with opened(browser, site, **options) as watched:
        watched.open(f"/rules?q={query}" if query else "/rules")
        yield watched
        assert watched.faults == []


def parts_asked(watched: Watched) -> list[str]:
    """The addresses of the results that are asked for from now on."""
    asked: list[str] = []
    watched.page.on("request", lambda request: asked.append(request.url) if "part=result" in request.url else None)
    return asked


class HeldResults:
    """Requests for results, each of which waits until the test lets it go on."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._routes: list[Route] = []
        page.route("**/rules?*part=result", self._hold)

    def _hold(self, route: Route) -> None:
        self._routes.append(route)

    def next(self) -> Route:
        """The next request, once it is there."""
        while not self._routes:
            self._page.wait_for_timeout(10)
        return self._routes.pop(0)


def in_small_slices(site: ServedSite) -> None:
    """Let every slice of a scan read two releases at most."""
    ticks = count()
    site.site.rules.scans = RuleScans(clock=lambda: next(ticks) * 0.25)


def test_the_result_follows_what_is_typed(browser: Browser, site: ServedSite) -> None:
    with rules_page(browser, site) as watched:
        page, asked = watched.page, parts_asked(watched)
        page.locator(FIELD).focus()
        page.evaluate(TYPE_AT_ONCE, "exports")
        page.get_by_text("Chip exports reach a record").wait_for()
        assert len(asked) == 1
        assert page.url.endswith("/rules?q=exports")
        assert page.evaluate("document.activeElement.id") == "rule-q"
        assert "of" in page.locator("#said").inner_text()
        page.select_option("#rule-against", "semiconductor")
        page.get_by_text("− lost").wait_for()
        assert page.url.endswith("/rules?q=exports&against=semiconductor")


def test_a_watchlist_that_is_chosen_first_is_tried_and_can_be_cleared(browser: Browser, site: ServedSite) -> None:
    with rules_page(browser, site) as watched:
        page = watched.page
        page.select_option("#rule-against", "semiconductor")
        page.get_by_text("+0 gained").wait_for()
        assert page.locator(FIELD).input_value() == "semiconductor OR 반도체"
        page.locator(FIELD).fill("")
        page.get_by_text("Write words, phrases in quotes").wait_for()
        assert page.locator(FIELD).input_value() == ""


def test_a_fault_keeps_the_last_good_result(browser: Browser, site: ServedSite) -> None:
    with rules_page(browser, site, "exports") as watched:
        page = watched.page
        page.locator(FIELD).fill("exports AND (")
        page.locator("#fault pre").wait_for()
        assert page.locator("#found.dimmed h3").inner_text() == "Chip exports reach a record"
        assert page.locator(FIELD).get_attribute("aria-invalid") is not None
        page.locator(FIELD).fill("carriers")
        page.get_by_text("Shipbuilders win orders").wait_for()
        assert page.locator("#fault").count() == page.locator(".dimmed").count() == 0


def test_an_input_method_sends_once_when_it_is_done(browser: Browser, site: ServedSite) -> None:
    with rules_page(browser, site) as watched:
        page, asked = watched.page, parts_asked(watched)
        page.locator(FIELD).focus()
        typing = page.context.new_cdp_session(page)
        for text in ("ㅂ", "바", "반", "반ㄷ", "반도", "반도ㅊ", "반도체"):
            typing.send(
                "Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)}
            )
            page.wait_for_timeout(200)
        assert asked == []
        typing.send("Input.insertText", {"text": "반도체"})
        page.get_by_text("반도체 수출, 8개월 연속 증가").first.wait_for()
        assert len(asked) == 1


def test_a_newer_request_replaces_an_older_one(browser: Browser, site: ServedSite) -> None:
    with rules_page(browser, site) as watched:
        page = watched.page
        held = HeldResults(page)
        page.locator(FIELD).fill("exports")
        held.next()  # it is never answered
        with page.expect_event("requestfailed", lambda request: "q=exports" in request.url):
            page.locator(FIELD).fill("carriers")
        held.next().continue_()
        page.get_by_text("Shipbuilders win orders").wait_for()


def test_a_scan_goes_on_by_itself_and_what_is_open_stays_open(browser: Browser, site: ServedSite) -> None:
    in_small_slices(site)
    with rules_page(browser, site) as watched:
        page = watched.page
        held = HeldResults(page)
        page.locator(FIELD).fill("exports OR carriers OR office")
        held.next().continue_()
        second = held.next()  # it goes on by itself
        assert "1 of 5 read" in page.locator(".go-on").inner_text()
        page.locator("details.why summary").press("Enter")
        second.continue_()
        held.next().continue_()
        page.locator("#go-on").wait_for(state="detached")
        assert page.locator("#count").inner_text() == "3 of 5 releases"
        assert page.locator("details.why").count() == 3
        assert page.locator("details.why[open]").count() == 1
        assert page.evaluate("document.activeElement.closest('article').querySelector('details').open")


def test_the_lines_for_the_configuration_are_copied(browser: Browser, site: ServedSite) -> None:
    with rules_page(browser, site, "exports", permissions=["clipboard-read", "clipboard-write"]) as watched:
        watched.page.get_by_role("button", name="Copy").click()
        watched.page.get_by_role("button", name="Copied").wait_for()
        copied = watched.page.evaluate("navigator.clipboard.readText()")
        assert copied == "watchlists:\n  my-rule:\n    query: 'exports'\n"


def test_without_script_the_form_does_the_same(browser: Browser, site: ServedSite) -> None:
    in_small_slices(site)
    with rules_page(browser, site, java_script_enabled=False) as watched:
        page = watched.page
        page.locator(FIELD).fill("exports OR carriers")
        page.get_by_role("button", name="Try").click()
        while page.locator("#go-on").count():
            page.locator("#go-on").click()
        assert page.locator("#count").inner_text() == "2 of 5 releases"
        assert page.get_by_role("button", name="Copy").count() == 0
        page.locator(FIELD).fill("exports AND (")
        page.get_by_role("button", name="Try").click()
        assert "never closed" in page.locator("#fault").inner_text()
        assert page.locator("#found.dimmed h3").count() == 2
