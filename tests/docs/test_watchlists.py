"""Every example of docs/watchlists.md, run as the configuration it shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monitor.config import load
from monitor.config.checks import check_rules
from monitor.inspect.watchlist_tests import failures
from tests.end_to_end.harness import ROOT

HEAD = 'sources: {motie: {path: seeds/}}\nchannels: {desk: {url: "console://"}}\n'
EXAMPLES = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "watchlists.md").read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_does_what_stands_beside_it(tmp_path: Path, example: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(HEAD + example, "utf-8")
    config = load(path, environ={}, checks=(check_rules,))
    assert list(failures(config)) == []
    assert config.warnings == ()


def test_every_watchlist_of_the_guide_shows_what_matches() -> None:
    assert len(EXAMPLES) >= 12
    for example in EXAMPLES:
        watchlists = re.split(r"^  (?=\w)", example.partition("watchlists:")[2], flags=re.MULTILINE)[1:]
        assert watchlists
        assert [one for one in watchlists if "- match:" not in one] == []


def test_the_guide_shows_every_operator_and_korean() -> None:
    text = "".join(EXAMPLES)
    words = ("AND", "OR", "NOT", "NEAR/", "ONEAR/", "ATLEAST/", "title:", "exclude:", "min_hits:", "aliases:", "반도체")
    assert [word for word in words if word not in text] == []
