"""What every Channel promises, whoever is on the far side."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from monitor.model import Message, Outcome, Verdict
from monitor.notify.apprise_channel import AppriseChannel, build
from monitor.notify.channels import LazyChannel
from monitor.notify.console import ConsoleChannel
from monitor.ports import Channel
from monitor.secret import Secret
from monitor.testing import RecordingChannel, note
from tests.servers import Answer, closed_port, http_server

CANARY = "cAnArYt0KeN"
HELLO = note("The disk is full.", channel="team")
HOSTILE = note("\ud800 \x1b[31m \x00 한국 <b>@here</b>\r\n.\r\n", channel="team")

Far = tuple[Channel, Callable[[], list[str]]]  # a channel, and the texts that arrived on its far side


@contextmanager
def recording() -> Iterator[Far]:
    channel = RecordingChannel("team")
    yield channel, lambda: [message.text for message in channel.messages]


@contextmanager
def console() -> Iterator[Far]:
    stream = io.StringIO()
    yield ConsoleChannel("team", stream), lambda: stream.getvalue().split("\n\n")[:-1]


def _hook(port: int) -> Secret:
    return Secret(f"json://127.0.0.1:{port}/{CANARY}?cto=5&rto=20")


@contextmanager
def webhook(make: Callable[[Secret], Channel] = lambda url: AppriseChannel("team", build(url))) -> Iterator[Far]:
    with http_server() as server:
        yield make(_hook(server.port)), lambda: [str(request.json()) for request in server.requests]


def late_webhook() -> AbstractContextManager[Far]:
    return webhook(lambda url: LazyChannel("team", url))


@contextmanager
def scripted() -> Iterator[Channel]:
    yield RecordingChannel("team", Verdict(outcome=Outcome.TRANSIENT, reason="503 from the service"))


@contextmanager
def closed_stream() -> Iterator[Channel]:
    stream = io.StringIO()
    stream.close()
    yield ConsoleChannel("team", stream)


@contextmanager
def busy_webhook() -> Iterator[Channel]:
    with http_server(Answer(status=503, body=CANARY.encode())) as server:
        yield AppriseChannel("team", build(_hook(server.port)))


@contextmanager
def resetting_webhook() -> Iterator[Channel]:
    with http_server(Answer(is_reset=True)) as server:
        yield AppriseChannel("team", build(_hook(server.port)))


@contextmanager
def absent_webhook() -> Iterator[Channel]:
    yield AppriseChannel("team", build(_hook(closed_port())))


@contextmanager
def silent_webhook() -> Iterator[Channel]:
    with http_server(Answer(is_hanging=True)) as server:
        yield AppriseChannel("team", build(Secret(f"json://127.0.0.1:{server.port}/{CANARY}?cto=5&rto=0.2")))


@contextmanager
def unusable_url() -> Iterator[Channel]:
    yield LazyChannel("team", Secret(f"jsn://{CANARY}@127.0.0.1"))


GOOD = [recording, console, webhook, late_webhook]
BAD = [scripted, closed_stream, busy_webhook, resetting_webhook, absent_webhook, silent_webhook, unusable_url]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the machine would stand between us and 127.0.0.1."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("open_far", GOOD)
def test_an_accepted_message_arrives_once(open_far: Callable[[], AbstractContextManager[Far]]) -> None:
    with open_far() as (channel, arrived):
        verdict = channel.send(HELLO, delivery="7")
        assert (channel.name, verdict.outcome) == ("team", Outcome.OK)
        assert verdict.reason
        [text] = arrived()
        assert "The disk is full." in text


@pytest.mark.parametrize("open_far", GOOD)
def test_every_send_is_a_send_of_its_own(open_far: Callable[[], AbstractContextManager[Far]]) -> None:
    with open_far() as (channel, arrived):
        for number in (1, 2, 2):  # the last one is a retry
            channel.send(note(f"message {number}", channel="team"), delivery=str(number))
        assert ["message 1" in text for text in arrived()] == [True, False, False]
        assert ["message 2" in text for text in arrived()] == [False, True, True]


@pytest.mark.parametrize("open_far", GOOD)
def test_no_text_makes_a_channel_raise(open_far: Callable[[], AbstractContextManager[Far]]) -> None:
    with open_far() as (channel, _):
        assert isinstance(channel.send(HOSTILE, delivery="1"), Verdict)


@pytest.mark.parametrize("message", [HELLO, HOSTILE], ids=["plain", "hostile"])
@pytest.mark.parametrize("open_far", BAD)
def test_whatever_the_far_side_does_becomes_a_verdict_without_secrets(
    open_far: Callable[[], AbstractContextManager[Channel]], message: Message
) -> None:
    with open_far() as channel:
        verdict = channel.send(message, delivery="7")
    assert verdict.outcome is not Outcome.OK
    assert verdict.reason
    assert CANARY not in repr(verdict)
