"""docs/web.md: the addresses in it are served, and its filters are those that feeds take."""

from __future__ import annotations

import re
from base64 import b64encode
from pathlib import Path

import pytest

from monitor.config import load
from monitor.web.api import ACTIONS
from monitor.web.api_verbs import VERBS
from monitor.web.feeds import FILTERS
from monitor.web.passwords import password_line
from tests.end_to_end.harness import ROOT
from tests.web.site import filled, served

PAGE = (ROOT / "docs" / "web.md").read_text("utf-8")
ADDRESS = re.compile(r"`(/(?:feeds|api)[^`\s]*)`|127\.0\.0\.1:9878(/[^\s>`]*)")
GIVEN = {
    "watchlists/NAME": "watchlists/fta", "sources/NAME": "sources/motie", "QUERY": "FTA",
    "releases/N": "releases/1", "alerts/ID": "alerts/1",
}  # fmt: skip
ACTION = re.compile(r"`POST (/[^`]*)`")
CONFIGS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
REST = """\
sources: {motie: {path: seeds/}}
channels: {console: {url: "console://"}}
watchlists: {fta: {keywords: [FTA]}}
"""


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


def test_the_guide_names_every_address_and_parameter_of_rest() -> None:
    stated = dict(re.findall(r"^\| `/api/v1(/[^`?]*)[^`]*` \| .* \| (.*)\|$", PAGE, re.MULTILINE))
    names = {"{release}": "N", "{message}": "ID", "{name}": "NAME"}

    def named(path: str) -> str:
        return re.sub(r"\{\w+\}", lambda found: names[found[0]], path)

    assert {path: re.findall("`([a-z]+)", cell) for path, cell in stated.items()} == {
        named(verb.path): [parameter.name for parameter in verb.parameters] for verb in VERBS
    }
    assert sorted(ACTION.findall(PAGE)) == sorted(f"/api/v1{named(action.path)}" for action in ACTIONS)


@pytest.mark.parametrize("block", CONFIGS)
def test_every_configuration_of_the_guide_is_one_that_the_page_starts_with(tmp_path: Path, block: str) -> None:
    (tmp_path / "kim").write_text(password_line("a long one") + "\n", "utf-8")
    file = filled(tmp_path) / "config.yaml"
    file.write_text(f"{block}{REST}".replace("/etc/monitor", str(tmp_path)), "utf-8")
    config = load(file, environ={})
    assert config.warnings == ()
    with served(file) as site:
        path = "/monitor/releases" if config.web.url else "/releases"
        host = "press.example.org" if config.web.url else "localhost"
        kim = b64encode(b"kim:a long one").decode()
        assert site.get(path, host=host).status == (401 if config.web.users else 200)
        assert site.get(path, host=host, authorization=f"Basic {kim}").status == 200
