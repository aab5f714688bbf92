"""A scraped link leads to the release in every channel, and nowhere else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.model import Message, Outcome
from monitor.notify.apprise_channel import AppriseChannel
from monitor.notify.console import ConsoleChannel
from monitor.notify.html import page
from monitor.notify.links import MAX_LINK, safe_link
from monitor.notify.plain_text import plain
from monitor.notify.render import escape_chat_markup
from tests.notify.facts import item, message
from tests.notify.services import discord, mailbox, mattermost, slack, telegram, webhook
from tests.servers import Answer, HttpServer, http_server, smtp_server

LINK = "https://www.example.org/kor/article/ATCL3f49a5a8c/169401/view?mno=&pageIndex=1"
LINKS = [
    ("as it is", LINK, LINK),
    ("http", "http://example.org", "http://example.org"),
    ("blanks around", "  http://example.org/a  ", "http://example.org/a"),
    ("a port", "http://example.org:8080/a", "http://example.org:8080/a"),
    ("an address", "http://[2001:db8::1]:80/a", "http://[2001:db8::1]:80/a"),
    ("a scheme in capitals", "HTTPS://Example.org/A", "https://Example.org/A"),
    ("Hangul in the path", "https://example.org/소식?분류=1", "https://example.org/%EC%86%8C%EC%8B%9D?%EB%B6%84%EB%A5%98=1"),
    ("Hangul in the host", "https://한국.kr/a", "https://xn--3e0b707e.kr/a"),
    ("escapes stay", "https://example.org/a%20b%0A", "https://example.org/a%20b%0A"),
    ("a fragment", "https://example.org/a#part-2", "https://example.org/a#part-2"),
    ("a blank", "https://example.org/a b", "https://example.org/a%20b"),
    ("what chats read", 'https://example.org/<>|"@`[]{}^\\', "https://example.org/%3C%3E%7C%22%40%60%5B%5D%7B%7D%5E%5C"),
    ("emphasis", "https://example.org/~~a~~/**b**/__c___", "https://example.org/%7E%7Ea%7E%7E/%2A%2Ab%2A%2A/%5F_c%5F%5F_"),
    ("a direction", "https://example.org/a\u202egpj.exe", "https://example.org/a%E2%80%AEgpj.exe"),
    ("user-info", "https://user:secret@example.org/a", "https://example.org/a"),
    ("user-info with an at", "https://bank.example@user@example.org/", "https://example.org/"),
    ("an at in the path", "https://example.org/@name", "https://example.org/%40name"),
    ("no url", None, ""),
    ("empty", "", ""),
    ("a script", "javascript:alert(1)", ""),
    ("a script with slashes", "javascript://example.org/%0Aalert(1)", ""),
    ("data", "data:text/html,<script>alert(1)</script>", ""),
    ("a file", "file:///etc/passwd", ""),
    ("ftp", "ftp://example.org/a", ""),
    ("relative", "/view?id=7", ""),
    ("no scheme", "//example.org/a", ""),
    ("no host", "https:///a", ""),
    ("user-info alone", "https://user@/a", ""),
    ("one slash", "https:/example.org/a", ""),
    ("a line end", "https://example.org/a\nBcc: x", ""),
    ("a tab in the scheme", "java\tscript:alert(1)", ""),
    ("a tab in the host", "https://exam\tple.org/", ""),
    ("NUL", "https://example.org/\x00", ""),
    ("C1", "https://example.org/\x9b31m", ""),
    ("a surrogate", "https://example.org/\ud800", ""),
    ("a backslash before the host's end", "https://good.example\\@evil.example/", ""),
    ("a backslash as a slash", "https:\\\\example.org/a", ""),
    ("a blank in the host", "https://exam ple.org/", ""),
    ("markup in the host", "https://<b>.example/", ""),
    ("emphasis in the host", "https://a__b__c.example/", ""),
    ("an escape in the host", "https://example%2eorg/", ""),
    ("a broken address", "https://[::1/", ""),
    ("a port that is none", "https://example.org:80a/", ""),
    ("a host nobody can have", f"https://{'한' * 80}.kr/", ""),
    ("2,000 characters", f"https://example.org/{'a' * 1980}", f"https://example.org/{'a' * 1980}"),
    ("2,001 characters", f"https://example.org/{'a' * 1981}", ""),
    ("2,001 characters once they are escaped", f"https://example.org/{'가' * 221}", ""),
]  # fmt: skip
URLS = [row[1] for row in LINKS if row[1]]
CHAT = re.compile(r"[<>|\"@`\\\s\[\]*~]|__|[^\x21-\x7e]")  # in a link: what some chat would take for something else


@pytest.mark.parametrize(("url", "expected"), [row[1:] for row in LINKS], ids=[row[0] for row in LINKS])
def test_a_link_is_a_plain_address_or_none(url: str | None, expected: str) -> None:
    assert safe_link(url) == expected


@settings(max_examples=500)
@given(st.from_regex(r"https?://[^\s/]{0,20}[/?#]?.{0,30}", fullmatch=True) | st.text(max_size=30))
def test_whatever_was_scraped_a_link_is_harmless(url: str) -> None:
    link = safe_link(url)
    if link:
        parts = urlsplit(link)
        assert parts.scheme in ("http", "https")
        assert (parts.username, parts.password) == (None, None)
        assert parts.hostname
        assert CHAT.search(link.replace(f"[{parts.hostname}]", "")) is None
        assert safe_link(link) == link
        assert escape_chat_markup(link) == link


@given(st.text(max_size=60))
def test_no_path_leads_to_another_host(path: str) -> None:
    link = safe_link(f"https://example.org/{path}")
    assert link == "" or link.startswith("https://example.org/")


# --- in the channels -----------------------------------------------------------------------------------------------


def linked(url: str | None) -> Message:
    return message(replace(item(title="Talks held"), url=url))


def console(told: Message) -> str:
    stream = StringIO()
    assert ConsoleChannel("console", stream).send(told, delivery="1").outcome is Outcome.OK
    return stream.getvalue()


def posted(door: Callable[[HttpServer], AppriseChannel], told: Message) -> str:
    """The text that a chat shows; Slack and Telegram write `&` as told to. A link in blocks gets a line of its own."""
    with http_server(Answer(body=b'{"ok": true, "result": {}}' if door is telegram else b"ok")) as server:
        assert door(server).send(told, delivery="1").outcome is Outcome.OK
        [request] = server.wait_for(1)
    sent = json.loads(request.body)
    blocks = json.dumps(sent.get("blocks", []), ensure_ascii=False)
    text = (
        _LINKED.sub(r"\n\1\n\2", blocks)
        if door is slack
        else sent.get("content") or sent.get("text") or sent["message"]
    )
    return str(text).replace("&amp;", "&")


_LINKED = re.compile(r"<(https?://[^|>]*)\|([^>]*)>")
CHANNELS: dict[str, Callable[[Message], str]] = {
    "console": console,
    "slack": lambda told: posted(slack, told),
    "discord": lambda told: posted(discord, told),
    "mattermost": lambda told: posted(mattermost, told),
    "telegram": lambda told: posted(telegram, told),
    "webhook": lambda told: posted(lambda server: webhook(server.port), told),
}  # fmt: skip


@pytest.mark.parametrize("channel", [name for name in CHANNELS if name != "slack"])
def test_a_link_stands_bare_on_a_line_of_its_own(channel: str) -> None:
    lines = [line.strip() for line in CHANNELS[channel](linked(LINK)).splitlines()]
    assert lines[lines.index("Talks held") + 1] == LINK


@pytest.mark.parametrize("channel", CHANNELS)
def test_no_hostile_link_is_alive_in_a_channel(channel: str) -> None:
    short = [replace(item(title=f"No {n}", number=n), url=url) for n, url in enumerate(URLS) if len(url) < 1_000]
    text = "\n".join(CHANNELS[channel](message(*short[n : n + 8])) for n in range(0, len(short), 8))
    found = [line.strip() for line in text.splitlines() if "://" in line]
    assert found == [link for one in short if (link := safe_link(one.url))]
    assert not re.search(r"secret|evil|javascript|passwd|\x00|\x9b|\u202e", text)


class _Links(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._href: str | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._href = dict(attrs)["href"] if tag == "a" else None

    def handle_data(self, data: str) -> None:
        if self._href is not None:
            self.found.append((self._href, data))
            self._href = None


@pytest.mark.parametrize("kind", ["instant", "digest", "summary"])
def test_the_title_of_a_mail_is_the_link(kind: str) -> None:
    told = replace(message(replace(item(title="Talks <held>"), url=f"{LINK}&x='<>\""), item()), kind=kind)
    assert _Links(page(told)).found == [(f"{LINK}&x='%3C%3E%22", "Talks <held>")]


@given(st.text(st.sampled_from("<>&\"'/=! \n\u202e\x00;#-xs5한{}%:@\\"), max_size=40))
def test_no_scraped_link_adds_an_element_or_an_attribute(scraped: str) -> None:
    url = f"https://example.org{scraped}"
    found = _Links(page(linked(url))).found
    assert found == ([(safe_link(url), "Talks held")] if safe_link(url) else [])


def test_no_hostile_link_is_alive_in_a_mail() -> None:
    told = message(*(replace(item(title=f"No {n}", number=n), url=url) for n, url in enumerate(URLS)))
    with smtp_server() as server:
        assert mailbox(server.port).send(told, delivery="1").outcome is Outcome.OK
        [mail] = server.wait_for(1)
    text, made = (str(part.get_content()) for part in mail.parsed.iter_parts())
    expected = [link for url in URLS if (link := safe_link(url))]
    assert [href for href, _ in _Links(made).found] == expected
    assert [line.strip() for line in text.splitlines() if "://" in line] == expected


def test_a_summary_in_a_chat_is_one_line_for_each_release() -> None:
    told = replace(linked(LINK), kind="summary")
    assert plain(told) == "  NEW  2024-07-01  Talks held — monitor show 17"


def test_a_link_stays_as_long_as_a_release_has_more_than_one_line() -> None:
    told = linked(LINK)
    forms: list[str] = []

    def refuse(text: str) -> bool:
        forms.append(text)
        return False

    plain(told, fits=refuse)
    linked_forms = [LINK in form for form in forms]
    assert linked_forms == sorted(linked_forms, reverse=True)
    assert forms[linked_forms.index(False)].count("\n") == 2
    assert not any("https" in form for form in forms[linked_forms.index(False) :])


@pytest.mark.parametrize("length", [1500, MAX_LINK])
def test_a_link_too_long_for_a_chat_is_left_out_whole(length: int) -> None:
    url = "https://example.org/".ljust(length, "a")
    text = posted(discord, message(*(replace(item(title=f"No {n}", number=n), url=url) for n in range(3))))
    assert len(text) <= 2000
    assert all(f"No {n}" in text for n in range(3))
    assert "https" not in text
