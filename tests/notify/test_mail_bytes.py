"""What a mail server gets: two readings of one message, through the real plugin."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_string
from email.header import Header, decode_header, make_header
from email.message import EmailMessage
from email.mime.text import MIMEText

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Message, Outcome
from monitor.notify.apprise_channel import build, check_url, supports_pages
from monitor.notify.channels import check_channel
from monitor.notify.html import ROOM, page
from monitor.notify.mime import with_alternatives
from monitor.notify.plain_text import plain
from monitor.notify.render import subject
from monitor.notify.schemes import Html
from monitor.secret import Secret
from tests.notify.facts import item, message
from tests.notify.services import CANARY, mailbox, webhook
from tests.notify.situations import SITUATIONS
from tests.servers import Mail, http_server, smtp_server


def mailed(told: Message, *, html: Html = "auto", options: str = "") -> Mail:
    with smtp_server() as server:
        assert mailbox(server.port, html=html, options=options).send(told, delivery="17").outcome is Outcome.OK
        [mail] = server.wait_for(1)
    return mail


def readings(mail: Mail) -> dict[str, str]:
    parts = [part for part in mail.parsed.iter_parts() if isinstance(part, EmailMessage)]
    assert [part.get_content_charset() for part in parts] == ["utf-8", "utf-8"]
    return {part.get_content_type(): str(part.get_content()).replace("\r\n", "\n") for part in parts}


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_mail_holds_our_text_and_our_page_and_nothing_else(name: str) -> None:
    told = SITUATIONS[name]
    mail = mailed(told)
    assert mail.parsed.get_content_type() == "multipart/alternative"
    assert list(readings(mail).items()) == [("text/plain", plain(told)), ("text/html", page(told))]
    assert mail.parsed["Subject"] == subject(told)


def test_each_header_stands_once_and_tells_filters_what_they_need() -> None:
    mail = mailed(SITUATIONS["new"])
    names = [name.lower() for name in mail.parsed]
    assert len(names) == len(set(names))
    assert mail.parsed["X-Monitor-Delivery"] == "17"
    assert mail.parsed["List-Id"] == "<desk.press-monitor.localhost>"
    assert mail.parsed["Auto-Submitted"] == "auto-generated"
    assert mail.parsed["From"].addresses[0].addr_spec == "monitor@example.org"
    assert mail.parsed["To"] == "desk@example.org"
    assert {"message-id", "date", "mime-version"} <= set(names)


def test_no_line_of_a_mail_is_longer_than_mail_servers_take() -> None:
    hostile = SITUATIONS["hostile"]
    long = replace(hostile, items=(replace(hostile.items[0], title="한" * 300, reason="x" * 50_000),))
    for told in (hostile, long, SITUATIONS["korean"]):
        assert max(map(len, mailed(told).raw.splitlines())) <= 998


@pytest.mark.parametrize("html", ["auto", "off"])
def test_a_long_korean_subject_arrives_whole_in_encoded_words_that_every_server_takes(html: Html) -> None:
    told = message(item(watchlists=("반도체 수출과 자유무역협정",), title="한-칠레 협상 재개 " * 20))
    mail = mailed(told, html=html)
    assert mail.parsed["Subject"] == subject(told)
    assert len(mail.parsed["Subject"]) == 150
    folded = mail.raw.partition(b"Subject: ")[2].partition(b"\r\nFrom: ")[0].splitlines()
    assert len(folded) > 3
    assert max(map(len, folded)) <= 76


@pytest.mark.parametrize("html", ["auto", "on", "off"])
def test_no_scraped_line_end_becomes_a_header(html: Html) -> None:
    told = replace(
        message(item(title="x\r\nBcc: all@example.org")), source="m\r\n\r\n<script>\r\n.\r\nBcc: y@example.org"
    )
    mail = mailed(told, html=html)
    assert mail.parsed["Bcc"] is None
    assert mail.recipients == ("desk@example.org",)
    assert mail.parsed["Subject"] == subject(told)


def test_a_body_of_100_kb_arrives_bounded_in_both_readings() -> None:
    told = message(*(item(number=n, reason="word " * 1000, title="<b>" * 100) for n in range(1, 21)))
    both = readings(mailed(told))
    assert len(both["text/plain"]) <= 32_768
    assert len(both["text/html"].encode()) <= ROOM + 8_000
    for text in both.values():
        assert [f"monitor show {n}" in text for n in range(1, 21)] == [True] * 20


def test_html_off_sends_text_alone_and_on_sends_both() -> None:
    told = SITUATIONS["new"]
    assert mailed(told, html="off").parsed.get_content_type() == "text/plain"
    assert set(readings(mailed(told, html="on"))) == {"text/plain", "text/html"}


def test_what_the_url_says_of_formats_does_not_spoil_the_text() -> None:
    told = SITUATIONS["hostile"]
    both = readings(mailed(told, options="&format=html"))
    assert both == {"text/plain": plain(told), "text/html": page(told)}


def test_a_mail_that_is_signed_or_encrypted_is_left_alone() -> None:
    sealed = 'Subject: x\nContent-Type: multipart/encrypted; boundary="b"\n\n--b\n\nsecret\n--b--\n'
    assert with_alternatives(sealed, text="t", page="p") == sealed


@given(st.text(st.characters(codec=None), max_size=200))
def test_whatever_was_scraped_both_readings_and_the_subject_come_out_as_they_went_in(scraped: str) -> None:
    told = message(item(title=scraped, watchlists=(scraped, "반도체")))
    built = MIMEText("as the plugin made it", "plain", "utf-8")
    built["Subject"] = Header(subject(told), "utf-8").encode()
    built["X-Monitor-Delivery"] = "17"
    both = with_alternatives(built.as_string(), text=plain(told), page=page(told))
    mail = Mail(sender="", recipients=(), raw=both.encode("ascii"))
    assert list(readings(mail).items()) == [("text/plain", plain(told)), ("text/html", page(told))]
    assert str(make_header(decode_header(message_from_string(both)["Subject"]))) == subject(told)
    assert len(mail.parsed.keys()) == 4


@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        ("mailto://u:p@example.org", True),
        ("sendgrid://abcd:monitor@example.com/desk@example.com", True),
        ("json://127.0.0.1/", True),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", False),
        ("tgram://123456789:abcdefg_hijklmnop/12315544", False),
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", False),
    ],
)
def test_pages_go_only_where_they_arrive_as_pages(url: str, is_taken: bool) -> None:
    assert supports_pages(build(Secret(url))) is is_taken
    assert (check_url(Secret(url), html="on") is None) is is_taken
    assert check_url(Secret(url), html="auto") is None


def test_a_check_of_html_names_the_way_out_and_no_secret() -> None:
    told = check_channel(Secret(f"discord://4174216298/{CANARY}8qBe7bk2ZwO5U711o3dV_js"), html="on")
    assert told == "discord:// does not accept HTML pages; set html to auto"
    assert check_channel(Secret("console://"), html="on") == "console:// prints plain text; set html to auto"
    assert check_channel(Secret("console://"), html="off") is None


def test_a_webhook_gets_text_unless_pages_are_asked_for() -> None:
    told = SITUATIONS["hostile"]
    with http_server() as server:
        channel = webhook(server.port)
        paged = type(channel)("hook", channel._service, html="on")
        assert [one.send(told, delivery="1").outcome for one in (channel, paged)] == [Outcome.OK] * 2
        first, second = server.wait_for(2)
    assert first.json()["message"] == plain(told)
    assert second.json()["message"] == page(told).rstrip()
