"""Mails about one release are one conversation to a mail program, and other mails are not part of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

import pytest

from monitor.model import Kind, Message, Outcome
from monitor.notify.channels import open_channel
from monitor.secret import Secret
from tests.notify.facts import item, message
from tests.notify.services import CANARY, PING, mailbox
from tests.servers import Mail, SmtpServer, smtp_server

STORE, OTHER_STORE = "0f" * 16, "f0" * 16


def about(*releases: int, kind: Kind = Kind.CHANGED) -> Message:
    return message(*(item(number=number, kind=kind, title=f"Release {number}") for number in releases))


def post(server: SmtpServer, *told: Message, name: str = "desk", store: str = STORE) -> None:
    """Send as the daemon does; each call is a monitor that was just started."""
    address = f"from=monitor@example.org&to=desk@example.org&mode=insecure&cto=5&+X-Team={CANARY}"
    url = Secret(f"mailto://127.0.0.1:{server.port}/?{address}")
    channel = open_channel(name, url, stream=None, color=False, store=store)  # type: ignore[arg-type]  # it prints nothing
    for number, one in enumerate(told):
        assert channel.send(one, delivery=f"{number}-x").outcome is Outcome.OK


def conversations(mails: Iterable[Mail]) -> list[set[str]]:
    """The subjects that share a tree, as https://www.jwz.org/doc/threading.html links messages by their references."""
    parents = dict[str, str | None]()
    subjects = dict[str, str]()

    def ancestors(one: str | None) -> list[str]:
        return [one, *ancestors(parents.get(one))] if one else []

    for mail in mails:
        [number] = mail.parsed.get_all("Message-ID", [])
        subjects[str(number).strip()] = str(mail.parsed["Subject"])
        chain = [*str(mail.parsed["References"] or mail.parsed["In-Reply-To"] or "").split(), str(number).strip()]
        for parent, child in zip([None, *chain], chain, strict=False):
            if not parents.get(child) and not (parent and child in ancestors(parent)):
                parents[child] = parent
    trees = defaultdict[str, set[str]](set)
    for number, subject in subjects.items():
        trees[ancestors(number)[-1]].add(subject)
    return list(trees.values())


def test_two_mails_about_a_release_are_one_conversation_and_another_release_is_not() -> None:
    with smtp_server() as server:
        post(server, about(17, kind=Kind.NEW), about(4, kind=Kind.NEW))
        post(server, about(17, kind=Kind.WITHDRAWN), PING)
        mails = server.wait_for(4)
    subjects = [str(mail.parsed["Subject"]) for mail in mails]
    found = conversations(mails)
    assert sorted(map(sorted, found)) == sorted(map(sorted, [{subjects[0], subjects[2]}, {subjects[1]}, {subjects[3]}]))


def test_a_later_mail_finds_its_release_among_the_several_of_an_earlier_one() -> None:
    with smtp_server() as server:
        post(server, about(21, 22, 23), about(23), about(24))
        mails = server.wait_for(3)
    assert sorted(map(len, conversations(mails))) == [1, 2]


@pytest.mark.parametrize("html", ["auto", "off"])
def test_the_headers_of_a_conversation_are_plain_and_stand_once(html: str) -> None:
    with smtp_server() as server:
        channel = mailbox(server.port, html=html)  # type: ignore[arg-type]
        assert channel.send(about(17, 18, 17), delivery="1").outcome is Outcome.OK
        assert channel.send(PING, delivery="2").outcome is Outcome.OK
        first, second = server.wait_for(2)
    names = [name.lower() for name in first.parsed]
    assert len(names) == len(set(names))
    references = str(first.parsed["References"]).split()
    assert [one.split(".")[0] for one in references] == ["<release-17", "<release-18"]
    assert first.parsed["In-Reply-To"] == references[0]
    assert first.parsed["Message-ID"] not in references
    assert second.parsed["References"] is None, "of the message before"
    assert second.parsed["In-Reply-To"] is None


def test_many_releases_name_the_first_twenty_in_lines_that_mail_servers_take() -> None:
    with smtp_server() as server:
        post(server, about(*range(10**9, 10**9 + 60)), name="채널\r\nBcc: x@example.org")
        [mail] = server.wait_for(1)
    assert len(str(mail.parsed["References"]).split()) == 20
    assert max(map(len, mail.raw.splitlines())) <= 998
    assert mail.parsed["Bcc"] is None


def test_the_store_is_the_same_for_years_and_numbers_of_another_store_are_other_releases() -> None:
    with smtp_server() as server:
        post(server, about(17), name="desk")
        post(server, about(17), name="another")
        post(server, about(17), store=OTHER_STORE)
        mails = server.wait_for(3)
    first, second, third = (str(mail.parsed["References"]) for mail in mails)
    assert first == second == "<release-17.f146f51a5917@press-monitor.localhost>"
    assert third != first
    assert STORE not in first


def test_a_header_of_the_url_stays() -> None:
    with smtp_server() as server:
        post(server, replace(about(17), label="x"))
        [mail] = server.wait_for(1)
    assert mail.parsed["X-Team"] == CANARY
