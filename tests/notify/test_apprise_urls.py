"""What a channel url may say, and what is said about one that cannot be used."""

from __future__ import annotations

import logging

import pytest

from monitor.model import Outcome
from monitor.notify.apprise_channel import build, check_url
from monitor.notify.schemes import ChannelUnusable, scheme_of
from monitor.secret import Secret
from tests.notify.services import CANARY, PING, SLACK, webhook
from tests.servers import Answer, http_server


@pytest.mark.parametrize(
    "url",
    [
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#one/#two",
        "mailto://mail.example.org/?from=a@example.org&to=b@example.org,c@example.org",
        "mailto://mail.example.org/?from=a@example.org&to=b@example.org&cc=c@example.org",
        "mailto://mail.example.org/?from=a@example.org&to=b@example.org&bcc=c@example.org",
    ],
)
def test_a_url_of_several_recipients_is_refused_with_the_way_out(url: str) -> None:
    with pytest.raises(ChannelUnusable, match="names 2 recipients; give each its own channel"):
        build(Secret(url))


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        (f"json://a.example/{CANARY},json://b.example/{CANARY}", "holds several urls"),
        (f"slakc://{CANARY}/x", "no service is called slakc://; did you mean slack://?"),
        (f"zzqqxx://{CANARY}", "no service is called zzqqxx://"),
        (CANARY, "no scheme"),
        ("", "no scheme"),
        (f"slack://{CANARY}/x", "this slack:// url is incomplete or malformed"),
        (f"mqtt://u:{CANARY}@localhost/topic", "mqtt:// needs a Python package"),
        (f"mailto://u:{CANARY}@mail.example.org/?from=a@example.org&to=zzz", "names no valid recipient"),
        (f"json://[{CANARY}", "this json:// url is incomplete or malformed"),
    ],
)
def test_a_url_that_cannot_be_used_is_explained_without_being_shown(
    url: str, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.NOTSET)
    with pytest.raises(ChannelUnusable) as caught:
        build(Secret(url))
    assert problem in str(caught.value)
    assert check_url(Secret(url)) == str(caught.value)
    chain: BaseException | None = caught.value
    while chain is not None:
        assert CANARY not in repr(chain)
        chain = chain.__cause__ or chain.__context__
    assert CANARY not in caplog.text


@pytest.mark.parametrize(
    "url",
    ["json://127.0.0.1/x", SLACK, "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"],
)
def test_a_good_url_has_no_problem(url: str) -> None:
    assert check_url(Secret(url)) is None


def test_what_a_url_asks_for_cannot_bring_back_retries_redirects_or_splits() -> None:
    service = build(Secret("json://127.0.0.1/x?retry=3&redirect=yes&overflow=split&rto=900&cto=900"))
    assert (service.retry, service.redirects, service.overflow_mode.value) == (0, False, "upstream")
    assert (service.socket_connect_timeout, service.socket_read_timeout) == (10.0, 10.0)
    assert build(Secret("json://127.0.0.1/x?rto=2")).socket_read_timeout == 2.0


def test_a_redirect_is_not_followed_even_if_the_url_asks_for_it() -> None:
    with http_server(Answer(status=302, headers={"Location": "/login"}), Answer()) as server:
        assert webhook(server.port, "redirect=yes").send(PING, delivery="1").outcome is Outcome.CHANNEL_REFUSED
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("url", "scheme"),
    [("slack://x", "slack"), ("MailTo://x", "mailto"), (" json://x", "json"), ("token", ""), ("to.ken://x", "")],
)
def test_only_the_scheme_of_a_url_is_ever_shown(url: str, scheme: str) -> None:
    assert scheme_of(Secret(url)) == scheme
