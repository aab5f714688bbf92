"""Buttons in a real browser, with and without script: the page says what was done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import opened
from tests.end_to_end.harness import Project
from tests.web.site import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.mark.parametrize("has_script", [True, False])
def test_a_button_does_its_command_and_leads_back(browser: Browser, tmp_path: Path, has_script: bool) -> None:
    project = Project(tmp_path / "p")
    project.run_apart("run", "--once")
    with (
        project.daemon(),
        served(project.folder / "config.yaml") as site,
        opened(browser, site, java_script_enabled=has_script) as watched,
    ):
        watched.open("/watchlists")
        watched.page.get_by_role("button", name="Mute 8 h fta").click()
        done = watched.page.locator(".done").inner_text()
        path = watched.page.url.removeprefix(watched.base)
        watched.page.get_by_role("button", name="Unmute fta").click()
        undone = watched.page.locator(".done").inner_text()
    assert done.startswith("watchlist fta is muted until ")
    assert path.startswith("/watchlists?done=")
    assert undone == "fta is no longer muted"
    assert watched.faults == []


def test_a_button_without_a_daemon_names_the_command(browser: Browser, tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    project.run_apart("run", "--once")
    with served(project.folder / "config.yaml") as site, opened(browser, site) as watched:
        watched.open("/alerts")
        watched.page.get_by_role("button", name="Send a test to hook").click()
        assert "monitor channels test hook" in watched.page.locator(".snippet-code").inner_text()
        watched.page.get_by_role("link", name="Back").click()
        assert watched.page.url == f"{watched.base}/alerts"
