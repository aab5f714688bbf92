"""docs/channels.md: every configuration in it loads, and every URL names a service."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monitor.config import load
from monitor.notify.channels import check_channel
from tests.end_to_end.harness import ROOT

PAGE = (ROOT / "docs" / "channels.md").read_text("utf-8")
BLOCKS = re.findall(r"```yaml\n(channels:.*?)```", PAGE, re.DOTALL)
REST = "sources: {motie: {path: seeds/}}\nwatchlists: {fta: {keywords: [FTA]}}\n"
SECRETS = {"SLACK_URL": "slack://T0AAAAAAA/B0BBBBBBB/CCCCCCCCCCCCCCCCCCCCCCCC", "MAIL_URL": "json://127.0.0.1"}


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
