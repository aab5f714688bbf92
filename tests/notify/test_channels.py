"""From a configured url to a channel."""

from __future__ import annotations

import io

import pytest

from monitor.model import Outcome
from monitor.notify.channels import check_channel, check_service, open_channel
from monitor.notify.schemes import COMMON_SCHEMES
from monitor.secret import Secret
from tests.notify.facts import note
from tests.servers import http_server

PING = note("a test", "test")


def test_console_prints_to_the_given_stream() -> None:
    stream = io.StringIO()
    channel = open_channel("console", Secret("console://"), stream=stream, color=False)
    assert channel.send(PING, delivery="1").outcome is Outcome.OK
    assert channel.name == "console"
    assert stream.getvalue() == "[monitor] a test\n\n"


def test_any_other_url_is_a_service_of_apprise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("http_proxy", raising=False)
    with http_server() as server:
        url = Secret(f"json://127.0.0.1:{server.port}/")
        channel = open_channel("hook", url, stream=io.StringIO(), color=False)
        assert [channel.send(PING, delivery=str(n)).outcome for n in (1, 2)] == [Outcome.OK] * 2
        assert channel.name == "hook"
        assert len(server.wait_for(2)) == 2


def test_a_url_no_service_can_be_built_from_refuses_every_message_and_stays_secret() -> None:
    channel = open_channel("team", Secret("slack://cAnArY"), stream=io.StringIO(), color=False)
    for _ in range(2):
        verdict = channel.send(PING, delivery="1")
        assert verdict.outcome is Outcome.CHANNEL_REFUSED
        assert "slack://" in verdict.reason
        assert "cAnArY" not in verdict.reason


def test_a_check_says_what_is_wrong_and_nothing_of_what_is_right() -> None:
    assert check_channel(Secret("console://")) is None
    assert check_channel(Secret("json://127.0.0.1/")) is None
    assert "did you mean" in (check_channel(Secret("jsn://127.0.0.1/")) or "")


def test_a_service_that_is_not_common_is_looked_up() -> None:
    assert check_service(Secret("json://127.0.0.1/")) is None
    assert check_service(Secret("slack://what/stands/here")) is None  # only the service's name is looked at
    assert "did you mean json://" in (check_service(Secret("jsn://127.0.0.1/")) or "")


def test_what_is_called_common_are_services() -> None:
    assert not [
        name for name in COMMON_SCHEMES - {"console"} if "no service" in (check_channel(Secret(f"{name}://")) or "")
    ]
