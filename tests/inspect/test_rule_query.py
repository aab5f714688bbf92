"""A watchlist's rule as one query: it finds the same releases."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config import Config, load
from monitor.config.convert import watchlists_of
from monitor.inspect.rule_query import rule_query
from monitor.inspect.tested_rule import read_rule
from monitor.match.matcher import Matcher
from monitor.match.watchlist import Watchlist
from monitor.model import Release

TEXTS = (
    "FTA talks held in Seoul",
    "The fta was signed; a free trade agreement",
    "Trade is free, said the minister",
    "IT exports of Korea rise",
    "it rose again",
    "자유무역협정을 맺었다",
    "Photo news of the FTA",
    "semiconductors and chips",
    "The semiconductor-industry act AND more",
    "supply chains of critical minerals",
    "NOT a word, or near it",
    "AT&T invests; R&D grows",
    "COVID-19 ends",
    "the United States of America",
    "v2.0 of the plan",
)


def config_of(folder: Path, watchlist: str) -> Config:
    (folder / "seeds").mkdir(exist_ok=True)
    file = folder / "config.yaml"
    file.write_text(
        f"sources: {{motie: {{path: seeds/}}}}\nchannels: {{console: {{url: 'console://'}}}}\n"
        f"aliases: {{america: [United States, USA]}}\nwatchlists:\n  it: {{{watchlist}}}\n",
        "utf-8",
    )
    return load(file)


def matched(config: Config, watchlist: Watchlist) -> list[str]:
    matcher = Matcher([watchlist], config.aliases)
    releases = ((text, Release(title=text, body=f"{text}.", date=None, category=text)) for text in TEXTS)
    return [text for text, release in releases if list(matcher.scan(release, source="motie"))]


@pytest.mark.parametrize(
    ("watchlist", "query"),
    [
        ("keywords: [FTA, 자유무역협정]", "FTA OR 자유무역협정"),
        ("keywords: [free trade]", '"free trade"'),
        ("keywords: [IT]", "IT"),
        ("keywords: ['=it']", "=it"),
        ("keywords: ['title:FTA', 'semiconductor*']", "title:FTA OR semiconductor*"),
        ("keywords: ['\"supply chain\"']", '"supply chain"'),
        ("keywords: [AT&T, R&D, COVID-19, v2.0]", '"AT&T" OR "R&D" OR "COVID-19" OR v2.0'),
        ("keywords: [or]", '"or"'),
        ("keywords: [america]", "america"),
        ("keywords: [FTA], exclude: [photo news]", "FTA"),
        ("query: 'supply AND chain*'", "supply AND chain*"),
        ("query: 'FTA OR trade', exclude: [photo, 협정]", "FTA OR trade"),
        ("regex: 'chips?'", "/chips?/"),
    ],
)
def test_the_query_finds_what_the_watchlist_finds(tmp_path: Path, watchlist: str, query: str) -> None:
    config = config_of(tmp_path, watchlist)
    assert rule_query(config, "it") == query
    [original] = watchlists_of(config)
    written = read_rule(query, settings=original, aliases=config.aliases).watchlist
    assert matched(config, written) == matched(config, original) != []
