"""Find and start the browser that tests and pictures of the page share: Chromium, driven by playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = (
    "chromium-headless-shell",
    "chromium",
    "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
CURE = "the page needs a browser here: ./dev browser installs it on Debian; elsewhere install Chromium as well"


class NoBrowserError(Exception):
    """There is no browser, or nothing to drive it with."""


@contextmanager
def started() -> Iterator[Browser]:
    """Start a browser: the one that `MONITOR_BROWSER` names, else the first that is found. Raises NoBrowserError."""
    found = os.environ.get("MONITOR_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        found = None
    if found is None:
        raise NoBrowserError(CURE)
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=arguments)
        yield browser
        browser.close()
