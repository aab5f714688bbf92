"""docs/channels.md: every configuration in it loads, and every URL names a service."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from monitor.config import load
from monitor.model import Kind
from monitor.notify.apprise_channel import build
from monitor.notify.channels import check_channel
from monitor.notify.message_limit import limit_of
from monitor.notify.plain_text import plain
from monitor.notify.render import headline
from tests.end_to_end.harness import ROOT
from tests.notify.addresses import address, plugins, scheme
from tests.notify.facts import item, keep, message, swap
from tests.schemas import line_faults

PAGE = (ROOT / "docs" / "channels.md").read_text("utf-8")
BLOCKS = re.findall(r"```yaml\n(channels:.*?)```", PAGE, re.DOTALL)
REST = "sources: {motie: {path: seeds/}}\nwatchlists: {fta: {keywords: [FTA]}}\n"
SECRETS = {"SLACK_URL": "slack://T0AAAAAAA/B0BBBBBBB/CCCCCCCCCCCCCCCCCCCCCCCC", "MAIL_URL": "json://127.0.0.1"}
SERVICES = {
    "DingTalk, Feishu, Lark": "dingtalk",
    "Discord": "discord", "Google Chat": "gchat", "KakaoTalk": "kakaotalk", "Mattermost": "mmost",
    "Microsoft Teams": "workflow", "ntfy": "ntfy", "Pushover": "pover", "Rocket.Chat": "rocket", "Slack": "slack",
    "Telegram": "tgram", "Twilio and most others that send SMS": "twilio",
}  # fmt: skip


@pytest.mark.parametrize("block", BLOCKS)
def test_every_configuration_in_the_guide_loads_and_its_urls_name_services(tmp_path: Path, block: str) -> None:
    (tmp_path / "config.yaml").write_text(block + REST, "utf-8")
    config = load(tmp_path / "config.yaml", environ=SECRETS)
    assert [check_channel(channel.url, html=channel.html) for channel in config.channels.values()] == [None] * len(
        config.channels
    )


def test_the_guide_shows_every_key_of_a_channel() -> None:
    from monitor.config.models import Channel

    assert [key for key in Channel.model_fields if not re.search(rf"\b{key}:", PAGE)] == []


def test_the_limits_in_the_guide_are_those_of_the_built_services() -> None:
    stated = dict(re.findall(r"^\| (\w[^|]*) \| (\d+ \w+)[^|]*\|$", PAGE, re.MULTILINE))
    found = {scheme(one): limit(one) for one in plugins() if scheme(one) in SERVICES.values()}
    assert stated == {name: found[scheme] for name, scheme in SERVICES.items()}


def limit(plugin: Mapping[str, Any]) -> str:
    url = address(plugin, port=9)
    assert url
    found = limit_of(build(url), [scheme(plugin)], is_mail=False)
    return f"{found.length} {'characters' if found.size('🚢') == 2 else 'bytes'}"


def test_the_webhook_in_the_guide_fits_the_schema_that_ships() -> None:
    [shown] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert line_faults("webhook", shown) == []


def test_the_korean_alert_in_the_guide_is_what_a_channel_gets() -> None:
    release = item(
        number=18,
        kind=Kind.CHANGED,
        title="6월 반도체 수출 5.3% 증가",
        category="무역/투자",
        dump="2024-07-01_press.txt",
        watchlists=("semiconductor",),
        words=("반도체",),
        lead="6월 반도체 수출은 전년 대비 5.3% 증가했다.",
        edits=(keep("6월 반도체 수출은 전년 대비 "), swap("5.1%", "5.3%"), keep(" 증가했다.")),
    )
    told = replace(message(release, replace(release, kind=Kind.NEW)), language="ko")
    assert f"```text\n{headline(told)}\n```" in PAGE
    assert plain(told).rpartition("\n\n")[0] in PAGE
