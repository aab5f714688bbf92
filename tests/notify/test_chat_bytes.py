"""What chats get, byte for byte, through their real plugins: words, and no markup but ours."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Kind, Message, Outcome
from monitor.notify.apprise_channel import AppriseChannel
from monitor.notify.plain_text import plain
from monitor.notify.render import escape_chat_markup, subject
from tests.notify.facts import item, keep, message, note, snippet, swap
from tests.notify.services import discord, mattermost, slack, telegram
from tests.notify.situations import SITUATIONS
from tests.notify.slack_limits import texts_of
from tests.servers import Answer, HttpServer, http_server

SCRAPED = [
    "[click](javascript:alert(1))",
    "![x](http://evil.example/p.png)",
    "[a][b](http://evil.example)",
    "<@U1>",
    "<@&9>",
    "<#123>",
    "<!channel>",
    "<!here|x>",
    "<users/all>",
    "<https://evil.example|motie>",
    "<t:1:R>",
    "</say:1>",
    "<:smile:1>",
    "@here",
    "@everyone",
    "@\u200beveryone",
    "||hidden||",
    "|||hidden|||",
    "```swallows the rest",
    "~~gone~~",
    "**loud** __sly__",
    "a\u202eb",
]
LIVE = re.compile(r"]\(|<[^\s\u200b]|@(?!\u200b)|([`|~*_])\1|[\u202a-\u202e\u2066-\u2069\x00-\x09\x0b\x0c\x0e-\x1f]")
TEXT: dict[str, Callable[[Any], str]] = {
    "discord": lambda sent: str(sent["content"]),
    "mattermost": lambda sent: str(sent["text"]),
}
DOORS: dict[str, Callable[[HttpServer], AppriseChannel]] = {"discord": discord, "mattermost": mattermost}


def sent_by(door: Callable[[HttpServer], AppriseChannel], told: Message, answer: bytes = b"ok") -> Any:
    with http_server(Answer(body=answer)) as server:
        assert door(server).send(told, delivery="1").outcome is Outcome.OK
        [request] = server.wait_for(1)
    return request.json()


def everywhere(scraped: str) -> Message:
    words = (scraped,)
    return message(
        item(
            title=scraped, category=scraped, kind=Kind.CHANGED, watchlists=words, words=words, reason=scraped,
            snippets=(snippet(scraped, scraped, scraped, "category"),),
            edits=(keep(scraped), swap(scraped, f"x {scraped}")), numbers=((scraped, f"{scraped}1"),),
        )
    )  # fmt: skip


@pytest.mark.parametrize("scraped", SCRAPED)
@pytest.mark.parametrize("chat", DOORS)
def test_no_scraped_markup_is_alive_in_a_chat(chat: str, scraped: str) -> None:
    text = TEXT[chat](sent_by(DOORS[chat], everywhere(scraped)))
    assert LIVE.search(text) is None, LIVE.search(text)
    assert text.count("monitor show 17") == 1


@pytest.mark.parametrize("chat", DOORS)
def test_no_quoted_markup_is_alive_in_a_note(chat: str) -> None:
    quoted = note("channel team is failing\nlast dump: [x](javascript:y) <!channel> ||@everyone||")
    text = TEXT[chat](sent_by(DOORS[chat], quoted))
    assert LIVE.search(text) is None


@pytest.mark.parametrize("chat", DOORS)
def test_a_reader_sees_the_very_words(chat: str) -> None:
    text = TEXT[chat](sent_by(DOORS[chat], SITUATIONS["hostile"]))
    shown = plain(SITUATIONS["hostile"]).replace("\u200b", "")
    assert shown in text.replace("\u200b", "").replace("\r\n", "\n")


def test_a_harmless_message_is_not_touched() -> None:
    told = SITUATIONS["several_items"]
    assert sent_by(discord, told)["content"] == f"{subject(told)}\r\n{plain(told)}"


@given(st.text(st.sampled_from("[](<>!@#`|~*_ xX\u200b\n"), max_size=40))
def test_disarming_leaves_nothing_alive_and_is_done_once(scraped: str) -> None:
    text = escape_chat_markup(plain(message(item(title=f"x {scraped}"))))
    assert LIVE.search(text) is None
    assert escape_chat_markup(text) == text


@pytest.mark.parametrize("scraped", SCRAPED)
def test_slack_shows_scraped_markup_as_words(scraped: str) -> None:
    sent = sent_by(slack, everywhere(scraped))
    texts = [sent["text"], *(text for _, text in texts_of(sent["blocks"]))]
    assert len(texts) >= 4
    for text in texts:
        assert re.search(r"<[^\s\u200b]|@(?!\u200b)", text) is None
        assert "\u202e" not in text
        assert scraped.replace("@", "").replace("\u200b", "") not in text or not re.search(r"[*_~`<>]", scraped)


@pytest.mark.parametrize("hostile", ["||" * 60, "[x](" * 40, "<a" * 80, "```" * 50, "&<>" * 60])
def test_text_that_grows_when_it_is_made_harmless_still_fits_the_service(hostile: str) -> None:
    told = message(*(item(number=n, title=hostile, reason=hostile, kind=Kind.CHANGED) for n in range(1, 9)))
    assert len(sent_by(discord, told)["content"]) <= 2000
    sent = sent_by(telegram, told, b'{"ok": true, "result": {}}')
    assert len(sent["text"]) <= 4096
    assert sent["text"].count("monitor") >= 1
