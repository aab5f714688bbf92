"""Channels and messages: every attempt, what waits and why, and the buttons that fit."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element

import pytest

from monitor.config import load
from monitor.control.client import local_commands
from monitor.web.passwords import password_line
from tests.end_to_end.harness import IMPATIENT, Project, record
from tests.servers import Answer as HookAnswer
from tests.servers import http_server
from tests.web.reading import buttons, links, of_class, words
from tests.web.site import ServedSite, filled, served

TALKS = record("FTA talks held", "Delegations met in Seoul on Monday and agreed to meet again.")
CONFIG = """
timezone: Asia/Seoul
state: state/
sources: {motie: {path: seeds/}}
channels:
  hook: {url: "%s", rate: 1000/s, max_per_hour: 0}
  desk: {url: "console://", digest: "08:30"}
watchlists:
  fta: {keywords: [FTA]}
  talks: {keywords: [talks]}
watch: {settle: 100ms, rescan: 1s, partial_grace: 1s}
"""


def messages(page: Element) -> list[Element]:
    return list(of_class(page, "message"))


def card(page: Element, channel: str) -> Element:
    return next(each for each in of_class(page, "card") if words(next(each.iter("h2"))) == channel)


def segments(page: Element) -> list[str]:
    [switch] = of_class(page, "switch")
    return [words(each) for each in switch.iter("a")]


def once(project: Project) -> None:
    """Read what was dropped and try to send what it leads to."""
    assert project.run_apart("run", "--once").code in (0, 3)  # 3: something could not be sent


def queue_tests(site: ServedSite, channel: str, count: int) -> None:
    """Queue test messages, which nobody sends."""
    with local_commands(site.site.config) as commands:
        for _ in range(count):
            commands.test(channel)


def test_a_message_shows_every_attempt_with_its_outcome_code_and_reason(tmp_path: Path) -> None:
    with http_server(HookAnswer(status=503), HookAnswer(status=413)) as server:
        project = Project(tmp_path / "p", url=f"json://127.0.0.1:{server.port}", config=CONFIG)
        with project.daemon(IMPATIENT) as daemon:
            project.drop("a.txt", TALKS)
            daemon.wait_for_event("message_buried")
            with served(project.folder / "config.yaml") as site:
                page = site.get("/alerts").page
    [message] = [each for each in messages(page) if each.get("id") == "message-1"]
    [attempts] = of_class(message, "attempts")
    first, second = list(attempts)
    assert "transient 503" in words(first)
    assert "refused 413" in words(second)
    assert all(len(list(each.iter("time"))) == 1 for each in (first, second))
    assert words(message).startswith("dead hook FTA talks held 2× tried")
    assert links(message)[:3] == ["/releases/1", "/?watchlist=fta", "/?watchlist=talks"]
    assert buttons(message) == {
        "Retry now message 1": ["/actions/retry", "1"],
        "Drop message 1": ["/actions/drop", "1"],
    }
    [blocks] = of_class(card(page, "hook"), "blocks")
    assert blocks.get("aria-label", "").startswith("Last ")
    assert "1 dead" in blocks.get("aria-label", "")


def test_a_message_that_may_have_arrived_says_so(tmp_path: Path) -> None:
    with http_server(HookAnswer(is_reset=True)) as server:
        config = CONFIG.replace("rate: 1000/s", "rate: 1000/s, on_uncertain: hold")
        project = Project(tmp_path / "p", url=f"json://127.0.0.1:{server.port}", config=config)
        project.drop("a.txt", TALKS)
        once(project)
    with served(project.folder / "config.yaml") as site:
        page = site.get("/alerts?state=held").page
    [message] = messages(page)
    assert "nobody knows whether it arrived" in words(message)
    assert "1 held" in words(page) or "held 1" in segments(page)


def test_what_waits_for_its_message_stands_first_with_its_reason(tmp_path: Path) -> None:
    with http_server() as server:
        project = Project(tmp_path / "p", url=f"json://127.0.0.1:{server.port}", config=CONFIG)
        project.drop("a.txt", TALKS)
        once(project)
    with served(project.folder / "config.yaml") as site:
        everything, pending = site.get("/alerts").page, site.get("/alerts?state=pending").page
        other = site.get("/alerts?state=pending&channel=hook").page
    waiting, sent = messages(everything)
    assert words(waiting).startswith("pending desk FTA talks held 0×")
    assert "; digest" in words(waiting)
    assert buttons(waiting) == {}
    assert words(sent).startswith("sent hook FTA talks held 1×")
    assert buttons(sent) == {}
    assert [words(each) for each in messages(pending)] == [words(waiting)]
    assert messages(other) == []
    assert segments(everything) == ["All 2", "pending 1", "held 0", "sent 1", "dead 0", "dropped 0"]
    assert segments(other) == ["All 1", "pending 0", "held 0", "sent 1", "dead 0", "dropped 0"]


def test_a_channel_has_the_buttons_that_fit_its_state(tmp_path: Path) -> None:
    with http_server(HookAnswer(status=401)) as server:
        project = Project(tmp_path / "p", url=f"json://127.0.0.1:{server.port}", config=CONFIG)
        project.drop("a.txt", TALKS)
        once(project)
    assert project.run("mute", "desk", "8h").code == 0
    with served(project.folder / "config.yaml") as site:
        page = site.get("/alerts").page
    hook, desk = card(page, "hook"), card(page, "desk")
    assert buttons(hook) == {
        "Send a test to hook": ["/actions/test", "hook"],
        "Try again now hook": ["/actions/resume", "hook"],
        "Mute 8 h hook": ["/actions/mute", "hook", "8h"],
    }
    assert "refused" in words(hook)
    assert "1 pending" in words(hook)
    assert "401" in words(hook)
    assert buttons(desk) == {
        "Send a test to desk": ["/actions/test", "desk"],
        "Unmute desk": ["/actions/mute", "desk", "off"],
    }
    assert "muted until" in words(desk)
    waiting = next(words(each) for each in messages(page) if words(each).startswith("pending hook"))
    assert "waits until the channel works again" in waiting
    assert "next try" not in waiting


def test_a_form_leads_back_to_the_view_it_stands_on(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        page = site.get("/alerts?state=sent&channel=console&done=old").page
    backs = {each.get("value") for each in page.iter("input") if each.get("name") == "back"}
    assert backs == {"/alerts?state=sent&channel=console"}


def test_a_page_that_only_shows_has_no_button(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml", is_read_only=True) as site:
        assert all(buttons(site.get(path).page) == {} for path in ("/alerts", "/status", "/sources"))


@pytest.mark.parametrize(("users", "has_buttons"), [("", False), (", users: {kim: '%s'}", True)])
def test_where_visitors_only_read_buttons_ask_for_a_password_if_there_is_one(
    tmp_path: Path, users: str, has_buttons: bool
) -> None:
    folder = filled(tmp_path)
    file = folder / "config.yaml"
    users = users and users % password_line("a word")
    file.write_text(f"{file.read_text('utf-8')}web: {{anonymous: read{users}}}\n", "utf-8")
    with served(file) as site:
        assert bool(buttons(site.get("/alerts").page)) == has_buttons


def test_messages_come_newest_first_and_in_pages(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        queue_tests(site, "console", 60)
        seen: list[str] = []
        path = "/alerts?channel=console"
        while path:
            page = site.get(path).page
            seen += [each.get("id", "") for each in messages(page)]
            path = next((each.get("href", "") for each in page.iter("a") if each.get("rel") == "next"), "")
    numbers = [int(each.removeprefix("message-")) for each in seen]
    assert numbers == sorted(numbers, reverse=True)
    assert len(set(numbers)) == len(numbers) > 60


def test_a_message_has_an_address_of_its_own(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        page = site.get("/alerts?message=1").page
        missing = site.get("/alerts?message=999")
    assert [(each.get("id"), each.get("open")) for each in messages(page)] == [("message-1", "")]
    assert (missing.status, "there is no message 999" in missing.text) == (404, True)


@pytest.mark.parametrize("query", ["state=lost", "before=x", "before=-1", "message=abc", f"before={'9' * 30}"])
def test_what_the_address_cannot_mean_is_said(tmp_path: Path, query: str) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        answer = site.get(f"/alerts?{query}")
    assert answer.status == 422
    assert list(of_class(answer.page, "fault"))


def test_a_channel_that_is_not_configured_any_more_shows_what_it_loses(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    file = folder / "config.yaml"
    with served(file) as site:
        queue_tests(site, "console", 1)
    file.write_text(file.read_text("utf-8").replace("console", "other"), "utf-8")
    assert load(file).channels.keys() == {"other"}
    with served(file) as site:
        found = card(site.get("/alerts").page, "console")
    assert "it is not configured, so they expire unsent" in words(found)
    assert buttons(found) == {}


def test_a_message_of_many_releases_shows_all_of_them_on_its_own_page(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", url="console://", config=CONFIG)
    project.drop("a.txt", "\n".join(record(f"FTA round {number}", f"Round {number} was held.") for number in range(8)))
    once(project)
    with served(project.folder / "config.yaml") as site:
        listed, whole = messages(site.get("/alerts?channel=hook").page)[0], site.get("/alerts?message=1").page
    [items] = of_class(listed, "items")
    assert len(list(items)) == 4
    assert (words(items[3]), links(items[3])) == ("5 more", ["/alerts?message=1"])
    [items] = of_class(whole, "items")
    assert len(list(items)) == 8
