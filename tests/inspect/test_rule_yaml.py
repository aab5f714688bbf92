"""A tried rule as lines of a configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config import Config, load
from monitor.config.convert import watchlists_of
from monitor.inspect.rule_yaml import rule_settings, rule_yaml
from monitor.inspect.tested_rule import read_rule

CONFIG = """
sources:
  press: {path: seeds/}
channels:
  hook: {url: "console://"}
watchlists:
  plain: {keywords: [FTA], notify: []}
  all-settings:
    keywords: [FTA, "free trade"]
    exclude: ["photo news", "on", "$$5"]
    fields: [title]
    when: [new, changed]
    on_change: added
    min_hits: 2
    case: exact
    inflect: false
    urgent: true
    sources: [press]
    notify: [hook]
    tests: [{match: "FTA it's $$5"}, {no_match: "반도체"}]
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "seeds").mkdir()
    (tmp_path / "config.yaml").write_text(CONFIG, "utf-8")
    return load(tmp_path / "config.yaml")


@pytest.mark.parametrize(
    "rule", ["it's OR 5", '"free trade" AND FTA', "반도체", "a\tOR b", "title:x NOT y", r"/\d\$$/"]
)
@pytest.mark.parametrize("name", ["plain", "all-settings"])
def test_the_lines_change_the_rule_and_nothing_else(config: Config, name: str, rule: str) -> None:
    chosen = next(one for one in watchlists_of(config) if one.name == name)
    tried = read_rule(rule, compared=chosen, settings=chosen)
    lines = rule_yaml(config, tried)
    config.file.write_text(CONFIG.partition("watchlists:")[0] + lines, "utf-8")
    changed = load(config.file)
    before, after = config.watchlists[name].model_dump(), changed.watchlists[name].model_dump()
    rules = {"keywords": (), "query": tried.watchlist.query, "regex": tried.watchlist.regex}
    assert after == {**before, **rules}


def test_a_rule_read_without_the_settings_of_its_watchlist_has_none(config: Config) -> None:
    lines = rule_yaml(config, read_rule("FTA", compared=watchlists_of(config)[1]))
    assert "notify: [hook]" in lines
    assert "min_hits" not in lines


def test_a_new_rule_gets_a_name(config: Config) -> None:
    assert rule_yaml(config, read_rule("FTA")) == "watchlists:\n  my-rule:\n    query: 'FTA'\n"


def test_the_settings_that_decide_a_match_are_named(config: Config) -> None:
    assert rule_settings(config, "plain") == rule_settings(config, "") == ()
    assert rule_settings(config, "all-settings") == (
        "exclude: ['photo news', 'on', '$$5']",
        "fields: [title]",
        "min_hits: 2",
        "case: exact",
        "inflect: false",
        "sources: [press]",
    )
