"""Buttons in a real browser, with and without script: the page says what was done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import opened
from tests.end_to_end.harness import Project
from tests.web.site import served
from tests.web.test_actions import refused, states

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


def test_a_message_that_was_given_up_is_retried_where_its_attempts_stand(browser: Browser, tmp_path: Path) -> None:
    with refused(tmp_path / "p") as (project, site), opened(browser, site) as watched:
        page = watched.page
        watched.open("/alerts?state=dead")
        message = page.locator("#message-1")
        message.locator("summary").click()
        assert "413" in message.locator(".attempts").inner_text()
        message.get_by_role("button", name="Retry now").click()
        assert page.locator(".done").inner_text().startswith("message 1 ")
        assert page.url.startswith(f"{watched.base}/alerts?state=dead&done=")
        assert [row["state"] for row in states(project) if row["id"] == 1] != ["dead"]
        assert watched.faults == []
