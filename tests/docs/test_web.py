"""docs/web.md: the addresses in it are served, and its filters are those that feeds take."""

from __future__ import annotations

import re
from pathlib import Path

from monitor.web.feeds import FILTERS
from tests.end_to_end.harness import ROOT
from tests.web.site import filled, served

PAGE = (ROOT / "docs" / "web.md").read_text("utf-8")
ADDRESS = re.compile(r"`(/(?:feeds|api)[^`\s]*)`|127\.0\.0\.1:9878(/[^\s]*)")
GIVEN = {"watchlists/NAME": "watchlists/fta", "sources/NAME": "sources/motie", "QUERY": "FTA"}


def addresses() -> list[str]:
    found = [first or second for first, second in ADDRESS.findall(PAGE)]
    for name, value in GIVEN.items():
        found = [address.replace(name, value) for address in found]
    return sorted({address for address in found if "stream" not in address and address != "/feeds"})


def test_every_address_in_the_guide_is_served(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        assert len(addresses()) >= 6
        assert {address: site.get(address).status for address in addresses()} == dict.fromkeys(addresses(), 200)


def test_the_guide_names_every_filter() -> None:
    [stated] = re.findall(r"^The filters are (.*?), as in", PAGE, re.MULTILINE | re.DOTALL)
    assert tuple(re.findall("`([^`]*)`", stated)) == FILTERS
