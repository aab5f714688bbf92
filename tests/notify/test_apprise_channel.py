"""Through the real Apprise plugins to real servers: classes, bytes, and no secret anywhere."""

from __future__ import annotations

import logging
import threading
from contextlib import ExitStack
from datetime import timedelta
from email.utils import format_datetime

import pytest
import requests

from monitor.model import Message, Outcome, Verdict
from monitor.notify.apprise_channel import AppriseChannel, build
from monitor.notify.plain_text import plain
from monitor.notify.render import subject
from monitor.secret import Secret
from tests.notify.facts import NOON, item, keep, message, note, snippet, swap
from tests.notify.services import CANARY, PING, mailbox, slack, telegram, webhook
from tests.servers import Answer, closed_port, http_server, smtp_server

OK, TRANSIENT, REFUSED = Outcome.OK, Outcome.TRANSIENT, Outcome.REFUSED
CHANNEL, UNCERTAIN = Outcome.CHANNEL_REFUSED, Outcome.UNCERTAIN


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(), OK),
        (Answer(status=204, body=b""), OK),
        (Answer(status=302, headers={"Location": "/login"}), CHANNEL),
        (Answer(status=400), REFUSED),
        (Answer(status=401), CHANNEL),
        (Answer(status=403), CHANNEL),
        (Answer(status=404), CHANNEL),
        (Answer(status=410), CHANNEL),
        (Answer(status=413), REFUSED),
        (Answer(status=422), REFUSED),
        (Answer(status=429), TRANSIENT),
        (Answer(status=500), TRANSIENT),
        (Answer(status=503), TRANSIENT),
    ],
    ids=lambda row: str(row.status) if isinstance(row, Answer) else "",
)
def test_each_http_answer_gives_its_class_and_code_after_one_request(answer: Answer, outcome: Outcome) -> None:
    with http_server(answer) as server:
        verdict = webhook(server.port).send(PING, delivery="1")
        assert (verdict.outcome, verdict.code) == (outcome, answer.status)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120.0),
        ({"Retry-After": format_datetime(NOON + timedelta(seconds=90), usegmt=True)}, 90.0),
        ({"Retry-After": format_datetime(NOON - timedelta(seconds=90), usegmt=True)}, 0.0),
        ({"Retry-After": "3600000"}, 86_400.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "-5"}, None),
        ({}, None),
    ],
    ids=["seconds", "a date by its own clock", "a date gone by", "milliseconds", "no time", "empty", "below 0", "none"],
)
def test_the_wish_to_wait_is_read(headers: dict[str, str], seconds: float | None) -> None:
    dated = {"Date": format_datetime(NOON, usegmt=True), **headers}
    with http_server(Answer(status=429, headers=dated)) as server:
        assert webhook(server.port).send(PING, delivery="1").retry_after == seconds


def test_a_service_nobody_listens_at_is_tried_later() -> None:
    port = closed_port()
    verdict = webhook(port).send(PING, delivery="1")
    assert (verdict.outcome, verdict.code) == (TRANSIENT, None)
    assert verdict.reason.startswith(f"connection refused by 127.0.0.1:{port};")


def test_a_host_that_does_not_resolve_is_tried_later() -> None:
    nowhere = AppriseChannel("hook", build(Secret("json://nowhere.invalid/x?cto=5")))
    verdict = nowhere.send(PING, delivery="1")
    assert verdict.outcome is TRANSIENT
    assert "(DNS)" in verdict.reason
    assert "nowhere.invalid" in verdict.reason


def test_a_failed_tls_handshake_is_tried_later() -> None:
    with http_server() as server:
        verdict = webhook(server.port, scheme="jsons").send(PING, delivery="1")
    assert verdict.outcome is TRANSIENT
    assert "TLS" in verdict.reason


@pytest.mark.parametrize(
    ("answer", "reason"), [(Answer(is_hanging=True), "no answer in time"), (Answer(is_reset=True), "broke")]
)
def test_a_request_that_left_and_got_no_answer_is_uncertain(answer: Answer, reason: str) -> None:
    with http_server(answer) as server:
        verdict = webhook(server.port, "rto=0.2").send(PING, delivery="1")
        assert (verdict.outcome, verdict.code, len(server.requests)) == (UNCERTAIN, None, 1)
        assert reason in verdict.reason


@pytest.mark.parametrize(
    ("answers", "outcome", "code"),
    [
        ({}, OK, 250),
        ({"on_rcpt": "451 later"}, TRANSIENT, 451),
        ({"on_rcpt": "550 no such user"}, CHANNEL, 550),
        ({"on_data": "421 closing"}, TRANSIENT, 421),
        ({"on_data": "451 later"}, TRANSIENT, 451),
        ({"on_data": "552 too much"}, REFUSED, 552),
        ({"on_data": "554 spam"}, REFUSED, 554),
        ({"on_rcpt": ""}, TRANSIENT, None),
        ({"on_data": ""}, UNCERTAIN, None),
    ],
    ids=str,
)
def test_each_smtp_answer_gives_its_class_and_code(answers: dict[str, str], outcome: Outcome, code: int | None) -> None:
    with smtp_server(**answers) as server:
        verdict = mailbox(server.port).send(PING, delivery="1")
    assert (verdict.outcome, verdict.code) == (outcome, code)


def test_a_mail_server_nobody_listens_at_is_tried_later() -> None:
    assert mailbox(closed_port()).send(PING, delivery="1").outcome is TRANSIENT


def test_a_slack_webhook_that_answers_200_with_a_page_has_not_accepted() -> None:
    with http_server(Answer(body=b"<html>please log in</html>")) as server:
        verdict = slack(server).send(PING, delivery="1")
    assert (verdict.outcome, verdict.code) == (TRANSIENT, 200)


@pytest.mark.parametrize("crash", [RuntimeError(CANARY), KeyError(CANARY), UnicodeError(CANARY)])
def test_a_plugin_that_breaks_gives_a_verdict_and_not_an_error(crash: Exception) -> None:
    class Breaking:
        protocol = "json"
        body_maxlen = 1000

        def __init__(self) -> None:
            self.headers: dict[str, str] = {}

        def notify(self, **_told: object) -> bool:
            raise crash

    verdict = AppriseChannel("hook", Breaking()).send(PING, delivery="1")
    assert verdict.outcome is TRANSIENT
    assert CANARY not in verdict.reason


TALKS = message(
    item(
        title="Talks <!channel> &amp; *bold*",
        snippets=(snippet("ask ", "<@U1>", " now"),),
        edits=(keep("rose "), swap("5.1", "5.3")),
    )
)


def test_a_webhook_gets_subject_and_plain_body_as_they_are() -> None:
    with http_server() as server:
        assert webhook(server.port).send(TALKS, delivery="17").outcome is OK
        [request] = server.wait_for(1)
    assert request.json()["title"] == subject(TALKS)
    assert request.json()["message"] == plain(TALKS)
    assert request.headers["X-Monitor-Delivery"] == "17"
    assert request.headers["User-Agent"] == "press-monitor"


@pytest.mark.parametrize(
    ("scraped", "dead"),
    [
        ("<!channel>", b"&lt;!channel&gt;"),
        ("<!here|x>", b"&lt;!here|x&gt;"),
        ("<@U1>", b"&lt;@\\u200bU1&gt;"),
        ("<https://evil.example|motie>", b"&lt;https://evil.example|motie&gt;"),
        ("</b><script>", b"&lt;/b&gt;&lt;script&gt;"),
        ("@here", b"@\\u200bhere"),
        ("a\u202eb", b"ab"),
    ],
)
def test_scraped_markup_is_dead_in_the_bytes_slack_gets(scraped: str, dead: bytes) -> None:
    with http_server() as server:
        slack(server).send(message(item(title=f"x {scraped} y", watchlists=(scraped,))), delivery="1")
        [request] = server.wait_for(1)
    assert b"x " + dead + b" y" in request.body
    assert b"[" + dead + b"]" in request.body
    assert scraped.encode() not in request.body.replace(dead, b"")


@pytest.mark.parametrize("scraped", ["@here", "@everyone", "a\u202eb", "x\x00\x1b[2J", "\u200b@\u200dhere"])
def test_no_webhook_ever_gets_a_ping_a_control_or_a_direction_character(scraped: str) -> None:
    with http_server() as server:
        webhook(server.port).send(message(item(title=f"x {scraped} y")), delivery="1")
        [request] = server.wait_for(1)
    text = request.json()["message"] + request.json()["title"]
    assert "@here" not in text
    assert "@everyone" not in text
    assert not set(text) & set("\u202e\x00\x1b\u200d")


def test_a_mail_without_html_is_one_text_part_with_its_delivery_number() -> None:
    with smtp_server() as server:
        assert mailbox(server.port, html="off").send(TALKS, delivery="17").outcome is OK
        [mail] = server.wait_for(1)
    assert mail.parsed["Subject"] == subject(TALKS)
    assert mail.parsed["X-Monitor-Delivery"] == "17"
    assert mail.parsed.get_content_type() == "text/plain"
    assert mail.parsed.get_content().replace("\r\n", "\n").rstrip("\n") == plain(TALKS)
    assert (mail.sender, mail.recipients) == ("monitor@example.org", ("desk@example.org",))


@pytest.mark.parametrize(
    "scraped", ["x\r\nBcc: all@example.org", "x\nBcc: y", "x\u2028Bcc: y", "x\r\n\r\nbody", "x\r\n.\r\n"]
)
def test_no_scraped_line_end_opens_a_mail_header_or_ends_a_mail(scraped: str) -> None:
    with smtp_server() as server:
        hostile = Message(channel="desk", kind="instant", source=scraped, items=(item(title=scraped),))
        assert mailbox(server.port).send(hostile, delivery="1").outcome is OK
        [mail] = server.wait_for(1)
    assert mail.parsed["Bcc"] is None
    assert mail.parsed["Subject"] == subject(hostile)
    assert [part.get_content().count("monitor show 17") for part in mail.parsed.iter_parts()] == [1, 1]


def test_a_body_of_100_kb_is_cut_down_between_items_to_what_the_service_takes() -> None:
    long = message(*(item(number=n, reason="word " * 1000) for n in range(1, 21)))
    with http_server() as server:
        assert webhook(server.port).send(long, delivery="1").outcome is OK
        [request] = server.wait_for(1)
    assert len(request.json()["message"]) <= 32_768
    assert [f"monitor show {n}" in request.json()["message"] for n in range(1, 21)] == [True] * 20


def test_the_tap_leaves_other_users_of_requests_alone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with http_server(Answer(), Answer(status=302, headers={"Location": "/"}), Answer()) as server:
        webhook(server.port).send(PING, delivery="1")
        assert requests.get(server.url, timeout=20).status_code == 200
    assert "GET / HTTP/1.1" in caplog.text


def test_channels_in_many_threads_each_get_their_own_verdict() -> None:
    codes = [200, 400, 404, 503] * 3
    verdicts: dict[int, Verdict] = {}

    def send(place: int, channel: AppriseChannel) -> None:
        verdicts[place] = channel.send(PING, delivery=str(place))

    with ExitStack() as stack:
        ports = {code: stack.enter_context(http_server(Answer(status=code))).port for code in codes[:4]}
        channels = [webhook(ports[code]) for code in codes]
        threads = [threading.Thread(target=send, args=(n, channel)) for n, channel in enumerate(channels)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert [verdicts[n].code for n in range(len(codes))] == codes


def test_one_channel_sends_again_and_again() -> None:
    with http_server(Answer(status=503), Answer()) as server:
        channel = webhook(server.port)
        outcomes = [channel.send(PING, delivery=str(n)).outcome for n in (1, 1, 2)]
        assert outcomes == [TRANSIENT, OK, OK]
        assert [r.headers["X-Monitor-Delivery"] for r in server.wait_for(3)] == ["1", "1", "2"]


def test_telegram_shows_angle_brackets_as_they_are() -> None:
    with http_server(Answer(body=b'{"ok": true, "result": {}}')) as server:
        verdict = telegram(server).send(note("<FTA> pact & <i>more", "chat"), delivery="1")
        assert verdict.outcome is Outcome.OK
        sent = server.requests[-1].json()
    assert sent["parse_mode"] == "HTML"
    assert "&lt;FTA&gt; pact &amp; &lt;i&gt;more" in sent["text"]
    assert "<i>" not in sent["text"]
