"""Keys in a real browser: they move the focus, are dead where people write, and can be turned off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.conftest import opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.web.site import ServedSite


def focused(page: Page) -> str:
    """Return the text of what has the focus; "": the page itself has it."""
    return str(page.evaluate("document.activeElement === document.body ? '' : document.activeElement.textContent"))


def pressed(page: Page, keys: str) -> list[str]:
    """Press these keys, and return what has the focus behind each."""
    found = []
    for key in keys:
        page.keyboard.press(key)
        found.append(focused(page))
    return found


def test_keys_move_the_focus_from_event_to_event_and_open_one(browser: Browser, site: ServedSite) -> None:
    with opened(browser, site, "wide-light") as watched:
        watched.open("/")
        page = watched.page
        titles = page.locator(".event-title a").all_text_contents()
        assert pressed(page, "jjk") == [titles[0], titles[1], titles[0]]
        assert pressed(page, "k") == [titles[0]], "the first event is the end"
        assert pressed(page, "j" * len(titles))[-1] == titles[-1], "so is the last one"
        page.keyboard.press("o")
        page.wait_for_url("**/releases/**")
    assert watched.faults == []


def test_keys_are_dead_in_fields_and_while_text_is_composed(browser: Browser, site: ServedSite) -> None:
    with opened(browser, site, "wide-light") as watched:
        watched.open("/")
        page = watched.page
        page.keyboard.press("/")
        page.keyboard.type("j?k/")
        assert page.input_value("#top-q") == "j?k/"
        page.evaluate("document.activeElement.blur()")
        page.evaluate("dispatchEvent(new KeyboardEvent('keydown', {key: 'j', isComposing: true, bubbles: true}))")
        assert focused(page) == ""
        page.keyboard.press("Control+j")
        assert focused(page) == ""
        assert not page.is_visible("#keys")


def test_single_keys_can_be_turned_off_for_good(browser: Browser, site: ServedSite) -> None:
    with opened(browser, site, "narrow-dark") as watched:
        watched.open("/")
        page = watched.page
        page.keyboard.press("?")
        page.uncheck("#keys input")
        page.keyboard.press("Escape")
        page.reload()
        assert pressed(page, "j?") == ["", ""]
        page.click("[data-keys]")
        page.check("#keys input")
        page.click("#keys .button")
        page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        assert pressed(page, "j") != [""]


def test_the_theme_is_switched_and_kept(browser: Browser, site: ServedSite) -> None:
    with opened(browser, site, "wide-light") as watched:
        watched.open("/")
        page = watched.page
        paper = "getComputedStyle(document.body).backgroundColor"
        light = page.evaluate(paper)
        page.click("[data-theme-switch]")
        dark = page.evaluate(paper)
        page.reload()
        assert light != dark == page.evaluate(paper)
        page.emulate_media(media="print")
        assert page.evaluate(paper) == "rgb(255, 255, 255)"
        assert not page.is_visible(".top")


def test_hits_can_be_read_in_forced_colours(browser: Browser, site: ServedSite) -> None:
    with opened(browser, site, "wide-light") as watched:
        page = watched.page
        page.emulate_media(forced_colors="active")
        watched.open("/")
        colours = (
            "(({color, backgroundColor}) => [color, backgroundColor])(getComputedStyle(document.querySelector('mark')))"
        )
        ink, ground = page.evaluate(colours)
        assert ink != ground
        assert "0, 0, 0, 0" not in ground
