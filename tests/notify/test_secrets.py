"""A canary in every url and every answer: it must come out nowhere."""

from __future__ import annotations

import logging

import pytest

from tests.notify.services import CANARY, PING, failing, webhook
from tests.servers import http_server

KINDS = ["200", "302", "400", "401", "404", "429", "500", "refused", "timeout", "reset", "slack", "smtp"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_failure_lets_a_secret_out(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.NOTSET)
    for name in ("apprise", "urllib3", "urllib3.connectionpool", "requests"):
        caplog.set_level(logging.NOTSET, logger=name)
    with failing(kind) as channel:
        verdict = channel.send(PING, delivery="1")
    assert CANARY not in repr(verdict)
    assert CANARY not in repr(channel)
    ours = [record for record in caplog.records if record.name != "mail.log"]  # the test's own mail server
    assert [record for record in ours if CANARY in record.getMessage() + repr(record.__dict__)] == []


def test_the_canary_is_one_that_apprise_would_have_sung(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with http_server() as server:
        channel = webhook(server.port)
        channel._service.notify(title="t", body="b", body_format="text")  # not through our door
    assert CANARY in caplog.text
