"""With a page that people reach, messages lead to it; without one they name a command."""

from __future__ import annotations

import io
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from monitor.model import Outcome
from monitor.notify.channels import open_channel
from monitor.notify.html import fits_page, page
from monitor.notify.plain_text import plain
from monitor.secret import Secret
from tests.notify.situations import SITUATIONS, TWIN
from tests.servers import http_server

PAGE = "https://press.example.org/monitor/"
WITH_ITEMS = {name: one for name, one in SITUATIONS.items() if one.items}


def links(html: str) -> list[str]:
    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.extend(value or "" for name, value in attrs if (tag, name) == ("a", "href"))

    found: list[str] = []
    Links().feed(html)
    return found


@pytest.mark.parametrize("name", WITH_ITEMS)
def test_each_release_has_the_address_of_its_page_in_place_of_the_command(name: str) -> None:
    message = replace(WITH_ITEMS[name], page=PAGE)
    for made in (plain(message), page(message)):
        assert "monitor show" not in made
    numbers = {item.release for item in message.items}
    assert numbers == {n for n in numbers if f"{PAGE}releases/{n}" in plain(message).replace("\n", " ").split(" ")}
    assert {f"{PAGE}releases/{n}" for n in numbers} <= set(links(page(message)))


@pytest.mark.parametrize("name", SITUATIONS)
def test_without_a_page_no_message_leads_to_one(name: str) -> None:
    made = page(SITUATIONS[name])
    assert "/releases/" not in plain(SITUATIONS[name]) + made
    assert ("monitor show" in made) == bool(SITUATIONS[name].items)


def test_a_resembling_release_leads_to_its_own_page() -> None:
    message = replace(SITUATIONS["related"], page=PAGE)
    for twin in TWIN.twins:
        assert f"— {PAGE}releases/{twin.number}" in plain(message)
        assert f"{PAGE}releases/{twin.number}" in links(page(message))


def test_releases_that_are_only_counted_are_listed_on_a_page() -> None:
    message = replace(SITUATIONS["summary"], page=PAGE)
    shortest = plain(message, fits=lambda text: len(text) < 120)
    assert shortest.endswith(f"more: {PAGE}alerts")


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.0.0.1:9878/", "http://127.0.0.1:9878/releases/17"),
        ("https://example.org/__a__/", "https://example.org/%5F_a%5F_/releases/17"),
        ("https://a__b.example.org/", "monitor show 17"),
    ],
)
def test_no_chat_takes_a_part_of_the_address_for_markup(url: str, address: str) -> None:
    assert plain(replace(SITUATIONS["new"], page=url)).endswith(f"  {address}")


def test_a_channel_adds_the_address_to_each_of_its_messages() -> None:
    stream = io.StringIO()
    channel = open_channel("console", Secret("console://"), stream=stream, color=False, page=PAGE)
    assert channel.name == "console"
    assert channel.send(SITUATIONS["new"], delivery="1").outcome is Outcome.OK
    assert f"  {PAGE}releases/17\n" in stream.getvalue()


def test_a_service_gets_it_and_has_room_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("http_proxy", raising=False)
    with http_server() as server:
        url = Secret(f"json://127.0.0.1:{server.port}/")
        channel = open_channel("hook", url, stream=io.StringIO(), color=False, page=PAGE)
        assert channel.fits(SITUATIONS["new"])
        assert channel.send(SITUATIONS["new"], delivery="1").outcome is Outcome.OK
        assert server.wait_for(1)[0].json()["message"].endswith(f"{PAGE}releases/17")


def test_the_room_of_a_mail_counts_the_addresses() -> None:
    long = replace(SITUATIONS["digest"], page=f"https://example.org/{'a' * 1900}/")
    many = replace(long, items=long.items * 8)
    assert not fits_page(many)
    assert fits_page(replace(many, page=""))
