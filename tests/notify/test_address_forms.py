"""An address of a common service that was cut short or copied from a wrong place is told how it is written."""

from __future__ import annotations

import pytest

from monitor.notify.channels import check_channel, check_service
from monitor.secret import Secret

CANARY = "cAnArY"
SLACK = f"https://hooks.slack.com/services/T0AAAAAAA/B0BBBBBBB/{CANARY}CCCCCCCCCCCCCCCCCC"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://hooks.slack.com/services/T0AAAAAAA/cAnArY", "three parts after /services/, and this one has two"),
        ("https://hooks.slack.com/services/", "three parts after /services/, and this one has none"),
        (SLACK + "/more", "three parts after /services/, and this one has 4"),
        ("slack://T0AAAAAAA/cAnArY", "https://hooks.slack.com/services/T…/B…/…, or slack://T…/B…/…"),
        ("https://hooks.slack.com/workflows/cAnArY", "https://hooks.slack.com/services/T…/B…/…"),
        ("https://app.slack.com/client/cAnArY/C1", "this is a page of Slack: make an incoming webhook"),
        ("https://discord.com/api/webhooks/4174216298", "two parts after /api/webhooks/, and this one has one"),
        ("https://discordapp.com/api/webhooks/", "two parts after /api/webhooks/, and this one has none"),
        ("https://discord.com/channels/1/cAnArY", "write https://discord.com/api/webhooks/ID/TOKEN"),
        ("discord://4174216298", "a Discord webhook has an id and a token"),
        ("tgram://123456789", "write tgram://BOT-TOKEN/CHAT"),
        ("tgram://123456789:abcdefg_cAnArY", "write tgram://BOT-TOKEN/CHAT"),
        ("tgram://123456789:abcdefg_cAnArY/", "write tgram://BOT-TOKEN/CHAT"),
        ("telegram://123456789:cAnArY/-100123", "write tgram://BOT-TOKEN/CHAT"),
        ("https://api.telegram.org/bot123456789:cAnArY/sendMessage", "a Telegram bot is written tgram://BOT-TOKEN/CHAT"),
        ("ntfys://ntfy.sh", "an ntfy address has a topic: write ntfys://ntfy.sh/TOPIC"),
        ("https://ntfy.example.org/cAnArY", "ntfys://SERVER/TOPIC"),
        ("mailto://example.org", "write mailtos://USER:PASSWORD@SERVER/?from=USER@HOST&to=NAME@HOST"),
        ("smtp://user:cAnArY@smtp.example.org:587", "mail has another scheme: write mailtos://"),
        ("mailtos://user:cAnArY@smtp.example.org/?to=kim", "names no valid recipient; add one, as in ?to="),
        ("https://team.webhook.office.com/webhookb2/cAnArY", "make a workflow 'Post to a channel"),
        ("https://teams.microsoft.com/l/channel/cAnArY", "make a workflow 'Post to a channel"),
        ("https://chat.googleapis.com/v1/spaces/cAnArY/messages", "ends in key=…&token=…"),
        ("https://example.org/cAnArY", "for a webhook of your own write jsons:// in place of https://"),
        ("http://127.0.0.1:8080/cAnArY", "for a webhook of your own write json:// in place of http://"),
    ],
)  # fmt: skip
def test_an_unusable_address_is_told_how_it_is_written(url: str, told: str) -> None:
    message = check_channel(Secret(url)) or ""
    assert told in message
    assert "httpsms" not in message
    assert CANARY not in message


@pytest.mark.parametrize(
    "url",
    [
        SLACK,
        "slack://T0AAAAAAA/B0BBBBBBB/CCCCCCCCCCCCCCCCCCCCCCCC",
        "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
        "tgram://123456789:abcdefg_hijklmnop/-1001234567890/",
        "ntfy://press-a8f3",
        "https://ntfy.sh/press-a8f3",
        "mailtos://user:password@example.org?to=desk@example.org",
        "mailto://127.0.0.1:25/?from=monitor@example.org&to=desk@example.org&mode=insecure",
        "https://mattermost.example.org/hooks/abcdefghijklmnopqrstuvwxyz",
    ],
)
def test_an_address_as_the_service_gives_it_out_is_accepted(url: str) -> None:
    assert check_channel(Secret(url)) is None


def test_a_start_checks_an_address_that_was_cut_short() -> None:
    assert "three parts" in (check_service(Secret("https://hooks.slack.com/services/T0AAAAAAA/B0BBBBBBB")) or "")
    assert check_service(Secret(SLACK)) is None
