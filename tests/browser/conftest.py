"""A real browser for the page's tests: Chromium, driven by playwright. `./dev browser` installs both.

`MONITOR_BROWSER` names another Chromium. Where there is none the tests skip, and in CI they fail.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from docs.make.browser import NoBrowserError, started
from tests.web.site import ServedSite, filled, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LOOKS: Mapping[str, Mapping[str, Any]] = {
    "wide-light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "narrow-dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}
_REPORTS = (
    "addEventListener('securitypolicyviolation', e => console.error('csp: ' + e.violatedDirective + e.blockedURI))"
)


@dataclass
class Watched:
    """A page of the browser, with what went wrong on it."""

    page: Page
    base: str
    faults: list[str] = field(default_factory=list)  # console errors, policy reports, exceptions, foreign requests

    def open(self, path: str) -> None:
        """Open an address of the site and wait until it is loaded."""
        self.page.goto(f"{self.base}{path}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser that is started once a module; its driver keeps an event loop, so it ends with the module."""
    with ExitStack() as stack:
        try:
            browser = stack.enter_context(started())
        except NoBrowserError as missing:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(str(missing))
        yield browser


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ServedSite]:
    """A site with releases, changes, messages and a reject; its threads end with the test."""
    with served(filled(tmp_path) / "config.yaml") as site:
        yield site


@contextmanager
def opened(browser: Browser, site: ServedSite, look: str = "wide-light", **options: Any) -> Iterator[Watched]:
    """Open a page in a context of its own; options: as playwright's `new_context` has them."""
    base = f"http://127.0.0.1:{site.port}"
    context = browser.new_context(**{**LOOKS[look], **options})
    context.add_init_script(_REPORTS)
    watched = Watched(page=context.new_page(), base=base)
    page = watched.page
    page.on(
        "console", lambda said: watched.faults.append(f"{said.type}: {said.text}") if said.type == "error" else None
    )
    page.on("pageerror", lambda error: watched.faults.append(f"exception: {error}"))
    page.on("request", lambda asked: None if asked.url.startswith(base) else watched.faults.append(asked.url))
    try:
        yield watched
    finally:
        context.close()
