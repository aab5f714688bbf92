"""What a program gets beside title and message: fields that fit their schema, whatever was scraped."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from monitor.model import Edit, Item, Message, Outcome
from monitor.notify.compose import DEFAULT_PART_LIMIT, in_parts
from monitor.notify.plain_text import plain
from monitor.notify.render import subject
from monitor.notify.webhook_fields import ROOM, fields, fits_fields, flat_fields, size_bound
from tests.notify.facts import item, message
from tests.notify.messages import messages
from tests.notify.services import webhook
from tests.notify.situations import DETAILED, SITUATIONS
from tests.schemas import line_faults
from tests.servers import Request, http_server

APPRISE = {"version", "title", "message", "type", "attachments"}


def posted(told: Message, *, scheme: str = "json", options: str = "rto=20") -> Request:
    with http_server() as server:
        assert webhook(server.port, options, scheme).send(told, delivery="17-9f86").outcome is Outcome.OK
        [request] = server.wait_for(1)
    return request


@pytest.mark.parametrize("name", SITUATIONS)
def test_what_a_server_receives_fits_the_schema_that_ships(name: str) -> None:
    told = SITUATIONS[name]
    got = posted(told)
    assert line_faults("webhook", got.body.decode()) == []
    assert {key: got.json()[key] for key in APPRISE} == {
        "version": "1.0", "title": subject(told), "message": plain(told), "type": "info", "attachments": []
    }  # fmt: skip
    assert [one["release"] for one in got.json()["releases"]] == [one.release for one in told.items]


def test_every_fact_of_a_release_has_a_field() -> None:
    got = posted(replace(message(DETAILED), page="https://press.example.org/")).json()
    assert {key: got[key] for key in got if key not in APPRISE | {"releases"}} == {
        "schema_version": 1, "delivery": "17-9f86", "channel": "team", "kind": "instant", "label": None, "part": 1,
        "parts": 1, "language": "en", "watchlists": ["semiconductor"], "page": "https://press.example.org/",
    }  # fmt: skip
    [release] = got["releases"]
    shown = {key: release[key] for key in release if key not in ("snippets", "edits", "reason")}
    assert shown == {
        "release": 18, "version": 1, "kind": "changed", "title": "Exports Rise 5.3 Percent in June",
        "date": "2024-07-01", "category": "Trade/Investment", "source": "motie", "dump": "press_2024-07-02.txt",
        "watchlists": ["semiconductor"], "hits": {"semiconductor": 3}, "words": ["semiconductors"],
        "figures": [{"old": "5.1", "new": "5.3"}, {"old": "13.2", "new": "13.4"}],
        "lead": "Exports rose in June, the ministry said …", "body": "Exports rose.\n\nThey rose in June.",
        "url": "https://example.org/a?no=18", "ref": "18", "page": "https://press.example.org/releases/18",
        "related": [{"release": 12, "title": "Exports in May"}, {"release": 4, "title": None}], "cut": False,
    }  # fmt: skip
    assert [edit["op"] for edit in release["edits"]] == [edit.op for edit in DETAILED.edits]
    assert release["snippets"][0]["hit"] == "semiconductors"


def test_what_the_url_says_of_fields_stays() -> None:
    got = posted(message(item()), options="rto=20&:team=press&:kind=alert&:message=words&:type=").json()
    assert (got["team"], got["kind"], got["words"]) == ("press", "alert", plain(message(item())))
    assert "message" not in got
    assert "type" not in got
    assert got["releases"][0]["kind"] == "new"


def test_no_field_is_left_over_from_the_message_before() -> None:
    with http_server() as server:
        channel = webhook(server.port)
        for told in (SITUATIONS["digest"], SITUATIONS["system"]):
            assert channel.send(told, delivery="1").outcome is Outcome.OK
        _, second = server.wait_for(2)
    assert (second.json()["releases"], second.json()["label"]) == ([], None)


@pytest.mark.parametrize("name", ["hostile", "changed_figures", "system"])
def test_a_form_and_xml_hold_the_same_fields_as_text(name: str) -> None:
    told = SITUATIONS[name]
    form = {key: value for key, [value] in parse_qs(posted(told, scheme="form").body.decode()).items()}
    [notification] = ElementTree.fromstring(posted(told, scheme="xml").body).iter("Notification")  # noqa: S314  ours
    xml = {element.tag: element.text or "" for element in notification}
    expected = flat_fields(told, "17-9f86")
    assert {key: form[key] for key in expected} == expected
    assert {key: xml[key] for key in expected} == expected
    assert json.loads(form["releases"]) == fields(told, "17-9f86")["releases"]
    assert (form["title"], xml["Subject"]) == (subject(told), subject(told))


def test_a_form_that_is_asked_for_by_get_keeps_its_short_address() -> None:
    got = posted(SITUATIONS["changed_figures"], scheme="form", options="rto=20&method=GET")
    assert "releases=" not in got.path
    assert "title=" in got.path


def test_json_has_its_fields_whatever_the_method() -> None:
    got = posted(SITUATIONS["changed_figures"], options="rto=20&method=GET")
    assert (got.method, line_faults("webhook", got.body.decode())) == ("GET", [])


@given(messages())
@settings(max_examples=60, deadline=None)
def test_whatever_was_scraped_the_fields_fit_their_schema_and_are_harmless(told: Message) -> None:
    made = fields(told, "1-x")
    envelope = {"version": "1.0", "title": "", "message": "", "type": "info", "attachments": []}
    text = json.dumps(made | envelope, ensure_ascii=False)
    assert line_faults("webhook", text) == []
    assert not set("".join(texts_of(made))) & set("\x00\x1b\x7f\u202e\ud800")
    assert "@here" not in text


def texts_of(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for one in (*value, *value.values()) for text in texts_of(one)]
    if isinstance(value, list):
        return [text for one in value for text in texts_of(one)]
    return [value] if isinstance(value, str) else []


def endless(**facts: Any) -> Item:
    return replace(item(number=7), **facts)


@pytest.mark.parametrize(
    "told",
    [
        message(*(endless(body="가" * 20_000) for _ in range(9))),
        message(endless(edits=tuple(Edit(field="body", op="replace", old="🚢" * 2_000, new="x") for _ in range(60)))),
        message(endless(reason="가" * 900_000, category="가" * 900_000, ref="가" * 900_000)),
        message(endless(words=("가" * 80,) * 5_000, numbers=tuple((str(n), "x" * 99) for n in range(9_999)))),
        message(endless(related=tuple(range(1, 90_000)))),
        message(*(replace(endless(url="http://x/" + "y" * 1_900), lead="🚢" * 200) for _ in range(120))),
    ],
    ids=["bodies", "edits", "texts", "words", "related", "many"],
)  # fmt: skip
def test_the_fields_of_a_message_are_bounded_and_each_release_is_there(told: Message) -> None:
    made = fields(told, "1-x")
    assert len(json.dumps(made)) <= ROOM
    assert [one["release"] for one in made["releases"]] == [7] * len(told.items)
    assert any(one["cut"] for one in made["releases"]) is not fits_fields(told)


def test_releases_with_whole_texts_are_split_into_parts_and_none_is_cut() -> None:
    items = tuple(replace(item(number=n), body="가" * 1_900) for n in range(1, 61))
    with http_server() as server:
        channel = webhook(server.port)
        limit = replace(DEFAULT_PART_LIMIT, items=60, characters=10**9, fits=channel.fits)
        parts = in_parts(message(), items, limit)
        for part in parts:
            assert channel.send(part, delivery="1").outcome is Outcome.OK
        got = [request.json() for request in server.wait_for(len(parts))]
    assert len(parts) > 1
    releases = [one for body in got for one in body["releases"]]
    assert [one["release"] for one in releases] == list(range(1, 61))
    assert not any(one["cut"] for one in releases)


@given(messages())
def test_the_bound_of_the_size_holds_whatever_was_scraped(told: Message) -> None:
    for one in (told, replace(told, page="https://보도.example.org/@👩‍🏭/")):
        assert size_bound(one) >= len(json.dumps(fields(one, "0" * 40)))


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_bound_of_the_size_is_near_enough_to_be_of_use(name: str) -> None:
    told = SITUATIONS[name]
    assert len(json.dumps(fields(told, "1"))) <= size_bound(told) <= 20 * len(json.dumps(fields(told, "1"))) + 2_000
