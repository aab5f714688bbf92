"""The limits of every plugin of Apprise: each part fits, and each release is named in one of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from monitor.model import Item, Kind, Message, Outcome
from monitor.notify.apprise_channel import AppriseChannel, build
from monitor.notify.compose import DEFAULT_PART_LIMIT, in_parts
from monitor.notify.message_limit import json_bytes, utf8_bytes, utf16_units, x_units
from monitor.secret import Secret
from tests.notify.facts import item, message, snippet
from tests.notify.services import discord, telegram
from tests.servers import Answer, http_server

COUNT = 7
MANY = "반도체 수출 동향과 공급망 안정 대책을 발표하고 관계 부처와 함께 후속 조치를 마련하기로 했다"


def releases(count: int = COUNT, *, title: str = MANY, kind: Kind = Kind.NEW) -> tuple[Item, ...]:
    """Releases whose titles begin with a number of their own."""
    found = snippet(f"{MANY} ", "반도체", f" {MANY}")
    return tuple(
        item(title=f"제{n}호 {title}", number=n, kind=kind, words=("반도체",), snippets=(found,), source="motie")
        for n in range(1, count + 1)
    )


def parts_for(channel: AppriseChannel, items: Sequence[Item], kind: str = "instant") -> tuple[Message, ...]:
    return in_parts(
        Message(channel="team", kind=kind, source="motie"), items, replace(DEFAULT_PART_LIMIT, fits=channel.fits)
    )


def named_in(text: str, count: int = COUNT) -> list[int]:
    return [n for n in range(1, count + 1) if f"제{n}호" in text]


class Recorded:
    """A built service that writes down what its plugin would put on the wire."""

    def __init__(self, url: Secret) -> None:
        self.service = build(url)
        self.sent: list[tuple[str, str]] = []
        self.service.send = self._send

    def _send(self, body: str, title: str = "", **_more: Any) -> bool:
        self.sent.append((title or "", body))
        return True

    def send(self, channel: AppriseChannel, part: Message) -> tuple[str, str]:
        channel.send(part, delivery="1")
        return self.sent[-1]


@pytest.mark.parametrize("kind", ["instant", "summary"])
def test_every_release_is_named_in_every_service_and_each_part_keeps_its_limits(
    addresses: Mapping[str, Secret], kind: str
) -> None:
    items = (*releases(COUNT - 1), *(replace(one, title=f"{one.title} {'가' * 300}") for one in releases()[-1:]))
    broken = {name: faults for name, url in addresses.items() if (faults := list(faults_of(url, items, kind)))}
    assert broken == {}
    assert len(addresses) >= 160


def faults_of(url: Secret, items: Sequence[Item], kind: str) -> list[str]:
    recorded = Recorded(url)
    channel, service = AppriseChannel("team", recorded.service), recorded.service
    faults, named = list[str](), list[int]()
    for part in parts_for(channel, items, kind):
        title, body = recorded.send(channel, part)
        is_mail = "<html" in body or service.protocol == "mailto"
        if len(body) > service.body_maxlen and not is_mail:
            faults.append(f"{len(body)} characters, {service.body_maxlen} fit")
        if len(title) > max(service.title_maxlen, 0):
            faults.append(f"a title of {len(title)}, {service.title_maxlen} fit")
        if 0 < service.body_max_line_count <= body.count("\n"):
            faults.append(f"{body.count(chr(10)) + 1} lines")
        if part.parts > 1 and f"({part.part}/{part.parts})" not in (title + body).replace("\\", ""):
            faults.append("a part without its number")
        named += named_in(body)
    return faults + ([] if named == list(range(1, COUNT + 1)) else [f"named: {named}"])


def test_titles_of_dozens_of_services_are_short_and_the_number_of_the_part_stays(
    addresses: Mapping[str, Secret],
) -> None:
    told = replace(message(*releases(2)), label="x" * 300, part=12, parts=34)
    for name in ("zulip", "splunk", "kumulos", "twilio", "kakaotalk", "workflow", "ntfy"):
        recorded = Recorded(addresses[name])
        title, body = recorded.send(AppriseChannel("team", recorded.service), told)
        assert "(12/34)" in (title or body.split("\n")[0]).replace("\\", ""), name


# What the service counts of title and body together, and how many it takes
IN_THEIR_UNIT = [
    *(
        (name, utf8_bytes, most)
        for name, most in (("gorush", 4_000), ("irc", 380), ("matrix", 65_000), ("pushy", 4_096))
    ),
    *((name, utf8_bytes, most) for name, most in (("threema", 3_500), ("viber", 30_000), ("wechat", 2_048))),
    *((name, utf8_bytes, most) for name, most in (("wecombot", 2_048), ("spush", 7_000), ("wxteams", 7_439))),
    *((name, json_bytes, most) for name, most in (("dingtalk", 18_000), ("feishu", 18_000), ("lark", 18_000))),
    *((name, json_bytes, most) for name, most in (("pinglet", 3_000), ("squadcast", 30_000))),
    ("x", x_units, 280),
]


@pytest.mark.parametrize(("name", "size", "most"), IN_THEIR_UNIT, ids=[row[0] for row in IN_THEIR_UNIT])
def test_the_limit_of_a_service_is_kept_in_its_own_unit(
    addresses: Mapping[str, Secret], name: str, size: Callable[[str], int], most: int
) -> None:
    url = Secret("x://abcdef/abcdef/abcdef/abcdef?mode=tweet") if name == "x" else addresses[name]
    recorded = Recorded(url)
    channel, named = AppriseChannel("team", recorded.service), list[int]()
    for part in parts_for(channel, releases(60, title=MANY * 3)):
        title, body = recorded.send(channel, part)
        assert size(title) + size(body) <= most
        named += named_in(body, 60)
    assert named == list(range(1, 61))


NTFY = Secret("ntfy://127.0.0.1:9/press")


@pytest.mark.parametrize("title", [MANY, "Exports rise & more <b> " * 4, "🚢 수출 " * 20, "é" * 200])
def test_ntfy_counts_bytes_and_its_plugin_uploads_no_file(title: str) -> None:
    with http_server(Answer(body=b"{}")) as server:
        channel = AppriseChannel("phone", build(Secret(f"ntfy://127.0.0.1:{server.port}/press?rto=20")))
        parts = parts_for(channel, releases(14, title=title))
        for part in parts:
            assert channel.send(part, delivery="1").outcome is Outcome.OK
        requests = server.wait_for(len(parts))
    assert {request.path for request in requests} == {"/"}, "an upload has the topic in its path"
    sent = [request.json() for request in requests]
    assert all(utf8_bytes(one["message"]) < 4096 for one in sent)
    assert all(len(json.dumps(one)) <= 8000 for one in sent)
    assert [n for one in sent for n in named_in(one["message"], 14)] == list(range(1, 15))
    assert len(parts) <= 6, "parts are filled"


def test_telegram_counts_in_utf16_and_after_escaping() -> None:
    with http_server(Answer(body=b'{"ok": true, "result": {}}')) as server:
        channel = telegram(server)
        parts = parts_for(channel, releases(60, title="🚢" * 40 + " &<>&<>&<>"))
        for part in parts:
            assert channel.send(part, delivery="1").outcome is Outcome.OK
        sent = [request.json()["text"] for request in server.wait_for(len(parts))]
    assert all(3000 < utf16_units(text) <= 4096 for text in sent[:-1])
    assert [n for text in sent for n in named_in(text, 60)] == list(range(1, 61))


def test_a_message_that_was_queued_for_a_larger_room_still_names_every_release() -> None:
    told = message(*releases(20))
    for url in ("workflows://127.0.0.1:9/643e69f83c8944438d68119179a10a64/SIGNATURE", "ntfy://127.0.0.1:9/press"):
        recorded = Recorded(Secret(url))
        _title, body = recorded.send(AppriseChannel("team", recorded.service), told)
        assert len(body) <= recorded.service.body_maxlen
        assert named_in(body, 20) == list(range(1, 21))


def test_hostile_titles_that_grow_when_they_are_escaped_take_more_parts() -> None:
    with http_server(Answer(body=b"{}")) as server:
        channel = discord(server)
        parts = parts_for(channel, releases(title="||" * 60))
        for part in parts:
            assert channel.send(part, delivery="1").outcome is Outcome.OK
        sent = [request.json()["content"] for request in server.wait_for(len(parts))]
    assert all(len(text) <= 2000 for text in sent)
    assert [n for text in sent for n in named_in(text)] == list(range(1, COUNT + 1))


def test_one_release_with_endless_details_is_cut_and_keeps_what_matched() -> None:
    long = replace(releases(1)[0], snippets=(snippet(MANY * 3, "반도체", MANY * 3),) * 3, reason="가" * 900)
    recorded = Recorded(Secret("workflows://127.0.0.1:9/643e69f83c8944438d68119179a10a64/SIGNATURE"))
    _title, body = recorded.send(AppriseChannel("team", recorded.service), message(long))
    assert "matched" in body
    assert named_in(body, 1) == [1]
    assert len(body) <= 1000
