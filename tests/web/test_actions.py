"""What the buttons do: a form becomes a command to the daemon, and the page says what was done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from monitor.ports import Row
from tests.end_to_end.harness import Project, record
from tests.servers import Answer as HookAnswer
from tests.servers import http_server
from tests.web.reading import of_class, words
from tests.web.site import Answer, ServedSite, filled, served

FORM = "application/x-www-form-urlencoded"
TALKS = record("FTA talks held", "Delegations met in Seoul on Monday and agreed to meet again.")
VISIT = record("Visit ends", "The visit to the semiconductor plant ended with a dinner.")


def post(site: ServedSite, command: str, *arguments: str, back: str = "/", kind: str = FORM) -> Answer:
    body = urlencode([*(("argument", each) for each in arguments), ("back", back)])
    return site.ask("POST", f"/actions/{command}", body, content_type=kind)


def sentences(answer: Answer) -> str:
    """The text of a page, words separated by single spaces."""
    return " ".join("".join(answer.page.itertext()).split())


def said(site: ServedSite, answer: Answer) -> str:
    """What the page to which an answer leads says was done."""
    assert answer.status == 303, sentences(answer)
    page = site.get(answer.headers["location"]).page
    [done] = [each for each in page.iter("p") if "done" in each.get("class", "").split()]
    return "".join(done.itertext())


@contextmanager
def refused(folder: Path) -> Iterator[tuple[Project, ServedSite]]:
    """A running daemon whose channel buried two messages, as its messages 1 and 2, and its page."""
    with http_server(HookAnswer(status=413), HookAnswer(status=413), HookAnswer()) as server:
        project = Project(folder, url=f"json://127.0.0.1:{server.port}")
        with project.daemon() as daemon:
            for number, (name, text) in enumerate((("a.txt", TALKS), ("b.txt", VISIT)), start=1):
                project.drop(name, text)
                daemon.wait_for_event("message_buried", number)
            with served(folder / "config.yaml") as site:
                yield project, site


def states(project: Project) -> list[Row]:
    return [{"id": row["id"], "state": row["state"]} for row in project.run("alerts", "--json").rows()]


def test_each_button_does_what_its_command_does_and_says_the_same(tmp_path: Path) -> None:
    by_page, by_command = [], []
    with refused(tmp_path / "page") as (project, site):
        by_page += [said(site, post(site, "drop", "1"))]
        by_page += [said(site, post(site, "resume", "hook"))]
        by_page += [said(site, post(site, "mute", "fta", "8h")).partition(" until")[0]]
        by_page += [said(site, post(site, "mute", "fta", "off"))]
        by_page += [said(site, post(site, "mute", "hook", "8h")).partition(" until")[0]]
        by_page += [said(site, post(site, "retry", "2")).partition(" until")[0]]
        page_states = states(project)
    with refused(tmp_path / "command") as (project, _):
        by_command += [project.run("alerts", "drop", "1").out]
        by_command += [project.run("channels", "resume", "hook").out]
        by_command += [project.run("mute", "fta", "8h").out.partition(" until")[0]]
        by_command += [project.run("mute", "fta", "off").out]
        by_command += [project.run("mute", "hook", "8h").out.partition(" until")[0]]
        by_command += [project.run("alerts", "retry", "2").out.partition(" until")[0]]
        command_states = states(project)
    assert by_page == [text.rstrip("\n") for text in by_command]
    assert page_states == command_states == [{"id": 1, "state": "dropped"}, {"id": 2, "state": "pending"}]


def test_what_was_done_is_told_in_the_time_zone_of_the_page(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    with project.daemon(), served(project.folder / "config.yaml") as site:
        sentence = said(site, post(site, "mute", "hook", "8h"))
        [hook] = [row for row in project.run("channels", "--json").rows() if row["name"] == "hook"]
        until = datetime.fromisoformat(str(hook["muted_until"])).astimezone(site.site.config.timezone)
    assert sentence == f"channel hook is muted until {until.day} {until:%b %H:%M}; its alerts wait until then"


def test_a_test_message_shows_its_attempts(tmp_path: Path) -> None:
    with http_server(HookAnswer()) as server:
        project = Project(tmp_path / "p", url=f"json://127.0.0.1:{server.port}")
        with project.daemon() as daemon, served(project.folder / "config.yaml") as site:
            sentence = said(site, post(site, "test", "hook"))
            daemon.wait_for_event("message_sent")
            page = site.get("/alerts").page
    assert sentence == "the test message to channel hook is due now"
    [message] = of_class(page, "message")
    assert words(message).startswith("sent hook")
    [attempts] = of_class(message, "attempts")
    assert "ok 200" in words(attempts)


def test_a_reload_reads_the_configuration_again(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    with project.daemon() as daemon, served(project.folder / "config.yaml") as site:
        answer = post(site, "reload")
        daemon.wait_for_event("order_done")
        assert said(site, answer) == project.run("reload").out.rstrip("\n")


@pytest.mark.parametrize(
    ("command", "arguments", "status", "sentence"),
    [
        ("retry", ["99"], 404, "there is no message 99"),
        ("resume", ["fta"], 404, "there is no channel 'fta'; the configuration has hook"),
        ("mute", ["taem", "8h"], 404, "there is no channel or watchlist 'taem'"),
        ("retry", ["seven"], 422, "'seven' is not a message number"),
        ("mute", ["fta", "999999w"], 422, "`off` ends a mute"),
        ("mute", ["fta"], 422, "mute takes 2 arguments and was given 1"),
        ("status", [], 404, "there is no action 'status'"),
    ],
)
def test_a_command_that_fails_is_a_page_with_its_sentence(
    tmp_path: Path, command: str, arguments: list[str], status: int, sentence: str
) -> None:
    project = Project(tmp_path / "p")
    with project.daemon(), served(project.folder / "config.yaml") as site:
        answer = post(site, command, *arguments)
    assert answer.status == status
    assert sentence in sentences(answer)
    assert "Instead of the page" not in sentences(answer)


def test_a_message_that_is_sent_already_is_a_conflict(tmp_path: Path) -> None:
    with http_server(HookAnswer()) as server:
        project = Project(tmp_path / "p", url=f"json://127.0.0.1:{server.port}")
        project.drop("a.txt", TALKS)
        with project.daemon() as daemon, served(project.folder / "config.yaml") as site:
            daemon.wait_for_event("message_sent")
            answer = post(site, "drop", "1")
    assert answer.status == 409
    assert "message 1 is sent" in sentences(answer)


@pytest.mark.parametrize(
    ("command", "arguments", "instead"),
    [
        ("retry", ["1"], "monitor alerts retry 1"),
        ("drop", ["1"], "monitor alerts drop 1"),
        ("resume", ["console"], "monitor channels resume console"),
        ("test", ["console"], "monitor channels test console"),
        ("mute", ["fta", "8h"], "monitor mute fta 8h"),
        ("mute", ["a b; rm", "8h"], "monitor mute 'a b; rm' 8h"),
        ("reload", [], "monitor reload"),
    ],
)
def test_without_a_daemon_the_command_line_is_named_and_nothing_is_written(
    tmp_path: Path, command: str, arguments: list[str], instead: str
) -> None:
    folder = filled(tmp_path)
    database = folder / "state" / "monitor.db"
    before = database.read_bytes()
    with served(folder / "config.yaml") as site:
        site.get("/")
        answer = post(site, command, *arguments)
    assert answer.status == 503
    assert f"{instead} -c {folder / 'config.yaml'}" in sentences(answer)
    assert database.read_bytes() == before


def test_a_page_that_only_shows_refuses_every_action(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml", is_read_only=True) as site:
        answer = post(site, "retry", "1")
    assert answer.status == 403
    assert "--read-only" in sentences(answer)


@pytest.mark.parametrize(
    ("back", "path"),
    [
        ("/?kind=new", "/"),
        ("/?done=other", "/"),
        ("/nowhere", "/alerts"),
        ("https://evil.example/", "/alerts"),
        ("//evil.example/", "/alerts"),
        ("/\\evil.example", "/alerts"),
        ("/\r\nSet-Cookie: a=b", "/alerts"),
        ("javascript:alert(1)", "/alerts"),
        ("http://[", "/alerts"),
        ("", "/alerts"),
    ],
)
def test_a_browser_is_led_to_pages_of_ours_alone(tmp_path: Path, back: str, path: str) -> None:
    project = Project(tmp_path / "p")
    with project.daemon(), served(project.folder / "config.yaml") as site:
        answer = post(site, "resume", "hook", back=back)
    target = urlsplit(answer.headers["location"])
    assert (answer.status, target.scheme, target.netloc, target.path) == (303, "", "", path)
    assert len(parse_qs(target.query)["done"]) == 1
    assert "set-cookie" not in answer.headers


def test_a_sentence_is_never_taken_from_the_address(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        answer = site.get("/?done=everything+is+lost")
    assert "everything is lost" not in sentences(answer)
    assert [each for each in answer.page.iter("p") if "done" in each.get("class", "").split()] == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("a" * 16_385, FORM, 413),
        ("argument=1", "text/plain", 415),
        ("argument=1", "multipart/form-data; boundary=x", 415),
        ("argument=%ff", FORM, 422),
        ("argument=\u00e9", FORM, 422),
        ("argument=1&" * 100, FORM, 422),
    ],
)
def test_what_is_no_small_form_is_refused(tmp_path: Path, body: str, kind: str, status: int) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        answer = site.ask("POST", "/actions/retry", body, content_type=kind)
    assert answer.status == status
    assert site.site.done.sentence("") == ""


def test_the_last_hundred_actions_are_remembered(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        numbers = [site.site.done.add(f"message {number} is dropped") for number in range(101)]
        kept = [number for number in numbers if site.site.done.sentence(number)]
    assert kept == numbers[1:]
