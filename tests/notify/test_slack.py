"""Blocks of Slack: within its limits, every release in one of the parts, and nothing scraped is alive."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.model import Item, Kind, Message, Outcome
from monitor.notify.apprise_channel import AppriseChannel, build
from monitor.notify.compose import DEFAULT_PART_LIMIT, in_parts
from monitor.notify.render import headline
from monitor.notify.slack import fits_blocks, mrkdwn, payload
from monitor.secret import Secret
from tests.notify.facts import item, keep, message, note, snippet, swap
from tests.notify.messages import messages, scraped
from tests.notify.services import CANARY, PING, slack
from tests.notify.situations import DETAILED, KOREAN, NEW, SITUATIONS
from tests.notify.slack_limits import faults, texts_of
from tests.servers import Answer, HttpServer, http_server

LINK = re.compile(r"<(https?://[^|>\s]+)\|[^<>|]*>")
COMMAND = re.compile(r"`monitor show \d+`")
PAGE = "https://press.example.org/"
FACTS = message(replace(DETAILED, totals=(("semiconductor", 3),)), replace(KOREAN, release=41, source="kita"))


def sent(told: Message, *answers: Answer, count: int = 1) -> list[Any]:
    with http_server(*answers) as server:
        assert slack(server).send(told, delivery="1").outcome is Outcome.OK
        return [request.json() for request in server.wait_for(count)]


def texts(posted: dict[str, Any], kind: str = "") -> str:
    return "\n".join(text for type_, text in texts_of(posted["blocks"]) if kind in ("", type_))


# --- how it reads ------------------------------------------------------------------------------------------------


def test_the_notification_is_the_headline_and_so_is_the_heading() -> None:
    [posted] = sent(message(NEW))
    assert posted["text"] == headline(message(NEW))
    assert posted["blocks"][0] == {
        "type": "header",
        "text": {"type": "plain_text", "text": headline(message(NEW)), "emoji": False},
    }


def test_each_release_has_its_facts_and_a_divider_stands_between() -> None:
    posted = payload(replace(FACTS, page=PAGE))
    assert [block["type"] for block in posted["blocks"]].count("divider") == 2
    context = texts(posted, "context")
    for fact in ("*CHANGED*", "2024-07-01", "Trade/Investment", "motie", "kita", "press"):
        assert fact in context
    assert f"<{PAGE}releases/18|release 18>" in context
    section = texts(posted, "section")
    assert "*<https://example.org/a?no=18|Exports Rise 5.3 Percent in June>*" in section
    assert "~5.1~" in section
    assert "*5.3*" in section
    assert f"<{PAGE}releases/12|12 “Exports in May”>" in section


def test_a_single_release_is_titled_once_and_its_link_has_words() -> None:
    posted = payload(replace(message(DETAILED), page=PAGE))
    assert texts(posted).count("Exports Rise 5.3 Percent in June") == 1
    assert "<https://example.org/a?no=18|example.org>" in texts(posted, "context")


def test_a_title_that_the_header_cuts_is_shown_whole_below() -> None:
    title = "Ministry Announces a Plan " * 9
    posted = payload(message(item(title=title)))
    assert title.strip() not in texts(posted, "header")
    assert title.strip() in texts(posted, "section")


@pytest.mark.parametrize("title", ["<" * 300, "<a" * 150, "🚢" * 300, "@everyone " * 30])
def test_a_header_of_hostile_text_keeps_the_number_of_its_part(title: str) -> None:
    posted = payload(replace(message(item(title=title)), part=2, parts=3))
    assert faults(posted) == []
    assert texts(posted, "header").endswith("(2/3)")
    assert posted["text"].endswith("(2/3)")


def test_a_long_first_line_about_the_monitor_is_told_whole() -> None:
    line = f"source motie has sent nothing {'for a long time ' * 20}"
    assert texts(payload(note(line)), "section") == line.strip()
    assert payload(note("channel team is failing"))["blocks"][1:] == []


def test_a_section_is_never_folded_and_slack_fetches_no_link() -> None:
    [posted] = sent(FACTS)
    sections = [block for block in posted["blocks"] if block["type"] == "section"]
    assert sections
    assert all(block["expand"] is True for block in sections)
    assert (posted["unfurl_links"], posted["unfurl_media"]) == (False, False)
    assert "attachments" not in posted


def test_marks_inside_of_korean_words_stand_apart_so_that_slack_sees_them() -> None:
    text = texts(payload(message(item(snippets=(snippet("6월 수출은 ", "반도체", "가 늘어"),), title="x"))))
    assert "\u200b*반도체*\u200b가" in text


def test_korean_channels_read_korean_words() -> None:
    text = texts(payload(replace(message(KOREAN), language="ko")))
    assert "변경" in text
    assert "일치 단어" in text
    assert "CHANGED" not in text


# --- where it goes -----------------------------------------------------------------------------------------------


def bot(server: HttpServer, target: str = "%23press") -> AppriseChannel:
    service = build(Secret(f"slack://Desk@xoxb-1234-1234-{CANARY}/{target}"))
    service.api_url = f"{server.url}/api/{{}}"
    return AppriseChannel("team", service)


def test_a_bot_posts_the_same_blocks_to_its_channel_under_its_name() -> None:
    with http_server(Answer(body=b'{"ok": true, "channel": "C1"}')) as server:
        assert bot(server).send(FACTS, delivery="1").outcome is Outcome.OK
        [request] = server.wait_for(1)
    assert request.path == "/api/chat.postMessage"
    assert request.headers["Authorization"].startswith("Bearer xoxb-")
    got = request.json()
    assert {key: got.pop(key) for key in ("channel", "username")} == {"channel": "#press", "username": "Desk"}
    assert got == payload(FACTS)


@pytest.mark.parametrize("options", ["", "?mode=gov-hook", "?blocks=yes&image=yes&footer=yes&template=/nowhere.json"])
def test_a_webhook_keeps_its_name_and_channel_whatever_else_its_url_says(options: str) -> None:
    with http_server() as server:
        service = build(Secret(f"slack://Desk@T1JJ3T3L2/A1BRTD4JD/{CANARY}dnlazkcOXrIde/%23press/{options}"))
        service.webhook_url = service.webhook_gov_url = server.url
        assert AppriseChannel("team", service).send(FACTS, delivery="1").outcome is Outcome.OK
        [request] = server.wait_for(1)
    assert request.json() == payload(FACTS) | {"channel": "#press", "username": "Desk"}
    assert int(request.headers["Content-Length"]) == len(request.body)


def test_a_bot_that_writes_to_an_address_looks_the_person_up_and_then_posts_blocks() -> None:
    answers = Answer(body=b'{"ok": true, "user": {"id": "U77"}}'), Answer(body=b'{"ok": true}')
    with http_server(*answers) as server:
        assert bot(server, "desk@example.org").send(FACTS, delivery="1").outcome is Outcome.OK
        _, request = server.wait_for(2)
    assert request.json()["channel"] == "U77"
    assert request.json()["blocks"] == payload(FACTS)["blocks"]


def test_a_thread_of_a_channel_stays_one() -> None:
    with http_server(Answer(body=b'{"ok": true}')) as server:
        assert bot(server, "press:1710000000.1").send(PING, delivery="1").outcome is Outcome.OK
        [request] = server.wait_for(1)
    assert request.json()["thread_ts"] == "1710000000.1"


def test_a_workflow_gets_the_text_as_its_variable() -> None:
    with http_server() as server:
        service = build(Secret("https://hooks.slack.com/workflows/T0AAAAAAA/A0AAAAAAA/12345678/abcdefghijkl"))
        service.workflow_url = server.url
        assert AppriseChannel("team", service).send(message(NEW), delivery="1").outcome is Outcome.OK
        [request] = server.wait_for(1)
    assert request.json().keys() == {"text"}
    assert "Digital Trade Talks" in request.json()["text"]


@pytest.mark.parametrize("status", [400, 413])
def test_blocks_that_slack_refuses_arrive_as_text(status: int) -> None:
    first, second = sent(FACTS, Answer(status=status, body=b"invalid_blocks"), Answer(), count=2)
    assert "blocks" in first
    [attachment] = second["attachments"]
    assert "Exports Rise 5.3 Percent in June" in attachment["text"]


def test_a_message_that_is_refused_as_text_too_is_given_up() -> None:
    with http_server(Answer(status=400, body=b"no_text")) as server:
        assert slack(server).send(FACTS, delivery="1").outcome is Outcome.REFUSED
        assert len(server.requests) == 2


@pytest.mark.parametrize("status", [403, 404, 429, 500])
def test_any_other_refusal_is_no_reason_to_send_again(status: int) -> None:
    with http_server(Answer(status=status)) as server:
        assert slack(server).send(FACTS, delivery="1").outcome is not Outcome.OK
        assert len(server.requests) == 1


# --- limits ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SITUATIONS)
def test_each_situation_keeps_the_limits(name: str) -> None:
    [posted] = sent(SITUATIONS[name])
    assert faults(posted) == []
    assert fits_blocks(SITUATIONS[name]) or len(SITUATIONS[name].items) > 16


@given(messages())
@settings(max_examples=80, deadline=None)
def test_any_message_keeps_the_limits(told: Message) -> None:
    assert faults(payload(told)) == []


@given(st.sampled_from(("&", "<", "가", "🚢", "word ", "a_b ", "*")), st.integers(1, 600), st.integers(1, 20))
@settings(max_examples=30, deadline=None)
def test_text_that_grows_when_it_is_escaped_keeps_the_limits(piece: str, times: int, count: int) -> None:
    text = piece * times
    one = item(title=text[:300], reason=text, words=(text[:80],), edits=(keep(text), swap(text, f"x{text}")))
    told = message(*(replace(one, release=n, url=f"https://example.org/?{'&' * 900}", body=text) for n in range(count)))
    assert faults(payload(told)) == []
    assert faults(payload(replace(told, kind="summary"))) == []


def endless(number: int) -> Item:
    return item(
        number=number,
        title=f"No. {number} of many",
        kind=Kind.CHANGED,
        snippets=(snippet("before ", "FTA", " after " * 20),) * 3,
        edits=tuple(edit for n in range(20) for edit in (keep("some words "), swap(f"{n}.1", f"{n}.3"))),
    )


@pytest.mark.parametrize("kind", ["instant", "digest", "summary"])
def test_a_long_message_is_split_between_releases_and_none_loses_anything(kind: str) -> None:
    whole = Message(channel="team", kind=kind, source="motie")
    with http_server() as server:
        channel = slack(server)
        parts = in_parts(whole, [endless(n) for n in range(1, 91)], replace(DEFAULT_PART_LIMIT, fits=channel.fits))
        for part in parts:
            assert channel.send(part, delivery="1").outcome is Outcome.OK
        posts = [request.json() for request in server.wait_for(len(parts))]
    assert [fault for posted in posts for fault in faults(posted)] == []
    found = [n for posted in posts for n in re.findall(r"monitor show (\d+)", texts(posted))]
    assert found == [str(n) for n in range(1, 91)]
    if kind != "summary":
        assert [f"({n}/{len(parts)})" in posted["text"] for n, posted in enumerate(posts, 1)] == [True] * len(parts)
        assert len(parts) > 3
        assert sum(texts(posted).count("~19.1~") for posted in posts) == 90
        assert all(posted["blocks"][-1]["type"] == "section" for posted in posts)


def test_a_release_too_long_for_one_message_keeps_its_beginning_and_says_that_more_follows() -> None:
    long = replace(endless(7), body="\n".join(f"Line {n} " + "word " * 40 for n in range(90)))
    assert not fits_blocks(message(long))
    posted = payload(message(long))
    assert faults(posted) == []
    assert "Line 1 " in texts(posted)
    assert texts(posted, "section").endswith("\n…")
    assert "monitor show 7" in texts(posted)


def test_a_message_queued_for_a_larger_room_still_names_every_release() -> None:
    told = message(*(replace(endless(n), title=f"No. {n} {'of many ' * 30}") for n in range(1, 121)))
    posted = payload(told)
    assert faults(posted) == []
    assert [f"No. {n} " in texts(posted, "section") for n in range(1, 121)] == [True] * 120


# --- hostile text ------------------------------------------------------------------------------------------------


@given(scraped(), scraped())
@settings(max_examples=150, deadline=None)
def test_no_scraped_text_is_markup(first: str, second: str) -> None:
    for text in (mrkdwn(first), mrkdwn(f"{first} {second}"), f"{mrkdwn(first)}{mrkdwn(second)}"):
        assert not set(text) & set("<>*~`\n\r\x00\u202e")
        assert re.search(r"&(?!amp;|lt;|gt;)", text) is None
        assert re.search(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", text) is None
        assert re.search(r"@(?!\u200b)", text) is None
    assert re.search(r":[\w+'-]+:", mrkdwn(first)) is None
    assert not mrkdwn(first).startswith("&gt;")


@given(messages())
@settings(max_examples=50, deadline=None)
def test_a_payload_has_no_link_but_to_the_release_and_no_mention(told: Message) -> None:
    posted = payload(replace(told, page=PAGE))
    for kind, text in texts_of(posted["blocks"]):
        if kind == "header":
            assert re.search(r"<[^\s\u200b]", text) is None
            continue
        assert "<" not in LINK.sub("", text)
        assert "`" not in COMMAND.sub("", text)
        for line in text.split("\n"):
            assert line.count("*") % 2 == line.count("~") % 2 == 0, line
    assert json.dumps(posted)


def test_the_search_for_live_markup_would_find_it() -> None:
    assert "<" in LINK.sub("", "<!channel>")
    assert "<" in LINK.sub("", "<@U1> and <https://a.example/|b>")
    assert faults({"text": "", "blocks": []}) == ["a notification of 0 characters", "0 blocks"]
    assert (
        len(faults({"text": "x", "blocks": [{"type": "header", "text": {"type": "mrkdwn", "text": "x" * 151}}]})) == 2
    )
    assert len(faults({"text": "x", "blocks": [{"type": "divider"}] * 51})) == 1
