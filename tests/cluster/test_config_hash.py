"""What nodes must agree on and what may differ, by the hashes that each of them tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.cluster.config_hash import (
    LASTING,
    Difference,
    differences,
    lasting,
    policy_hashes,
    rules_hash,
    since_when,
    url_fingerprint,
)
from monitor.config import Config
from monitor.secret import Secret
from tests.cluster.nodes import node
from tests.config.support import loaded

TEXT = """
timezone: Asia/Seoul
sources: {motie: {path: in/}}
channels: {team: {url: "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"}, mail: {url: "console://"}}
watchlists:
  fta: {keywords: [FTA, "@us"], notify: [team], tests: [{match: an FTA}]}
  all: {regex: "[0-9]"}
aliases: {us: [America]}
"""
LISTEN = "health: {listen: '127.0.0.1:18080'}\n"


def config(folder: Path, text: str = TEXT) -> Config:
    return loaded(folder, text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("path: in/", "path: elsewhere/"),
        ("path: in/}", "path: in/}, customs: {path: customs/}"),
        ("tests: [{match: an FTA}]", "tests: [{match: FTA talks}]"),
        ("timezone: Asia/Seoul\n", f"timezone: Asia/Seoul\n{LISTEN}"),
        ('regex: "[0-9]"}', 'regex: "[0-9]", notify: [mail, team]}'),  # what it is without `notify`
        ('regex: "[0-9]"}', 'regex: "[0-9]", min_hits: 1}'),  # its default
        ('mail: {url: "console://"}', 'mail: {url: "console://", digest: "08:30"}'),
    ],
)
def test_rules_agree_whatever_else_differs(tmp_path: Path, old: str, new: str) -> None:
    assert old in TEXT
    assert rules_hash(config(tmp_path, TEXT.replace(old, new))) == rules_hash(config(tmp_path))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[FTA,", "[CPTPP,"),
        ("notify: [team]", "notify: [team, mail]"),
        ("notify: [team]", "notify: [team], urgent: true"),
        ("[America]", "[America, USA]"),
        ("  all:", "  every:"),
        ('mail: {url: "console://"}}', 'mail: {url: "console://"}, more: {url: "console://"}}'),  # `all` alerts it, too
    ],
)
def test_rules_differ_where_somebody_else_is_alerted(tmp_path: Path, old: str, new: str) -> None:
    assert old in TEXT
    assert rules_hash(config(tmp_path, TEXT.replace(old, new))) != rules_hash(config(tmp_path))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('mail: {url: "console://"}', 'mail: {url: "console://", digest: "08:30"}'),
        ('mail: {url: "console://"}', 'mail: {url: "console://", body: full}'),
        ('mail: {url: "console://"}', 'mail: {url: "console://", rate: 1/s}'),
        ("Asia/Seoul", "Europe/Berlin"),  # of its quiet hours
    ],
)
def test_settings_of_a_channel_are_compared_without_its_address(tmp_path: Path, old: str, new: str) -> None:
    before, after = policy_hashes(config(tmp_path)), policy_hashes(config(tmp_path, TEXT.replace(old, new)))
    assert before["mail"].split()[0] != after["mail"].split()[0]
    assert before["mail"].split()[1] == after["mail"].split()[1]


def test_an_address_is_compared_by_sixteen_bits_of_a_hash(tmp_path: Path) -> None:
    other = config(tmp_path, TEXT.replace("TIiajkdnlazkcOXrIdevi7FQ", "SIiajkdnlazkcOXrIdevi7FQ"))
    before, after = policy_hashes(config(tmp_path))["team"], policy_hashes(other)["team"]
    assert before.split()[0] == after.split()[0]
    assert before.split()[1] != after.split()[1]
    assert [len(part) for part in before.split()] == [16, 4]
    assert url_fingerprint(Secret("console://")) == policy_hashes(other)["mail"].split()[1]


def test_nodes_that_agree_differ_in_nothing() -> None:
    assert differences([node("a", rules="1"), node("b", rules="1"), node("c")]) == ()


def test_a_difference_names_its_key_and_the_nodes_that_agree() -> None:
    nodes = [
        node("a", rules="1", policies={"team": "x 1", "mail": "y 1"}),
        node("b", rules="2", policies={"team": "x 1"}),
        node("c", rules="1", policies={"team": "x 2", "mail": "z 1"}),
    ]
    assert differences(nodes) == (
        Difference(key="channels.mail", groups=(("a",), ("c",))),
        Difference(key="channels.team.url", groups=(("a", "b"), ("c",))),
        Difference(key="watchlists", groups=(("a", "c"), ("b",))),
    )


def test_a_difference_is_reported_once_it_lasts_longer_than_a_roll_out() -> None:
    rules, team = (Difference(key=key, groups=(("a",), ("b",))) for key in ("watchlists", "channels.team"))
    since = since_when({}, [rules], uptime=100.0)
    since = since_when(since, [rules, team], uptime=100.0 + LASTING - 1)
    assert lasting(since, uptime=100.0 + LASTING - 1) == ()
    assert lasting(since, uptime=100.0 + LASTING) == (rules,)
    since = since_when(since, [team], uptime=100.0 + LASTING)  # the nodes agree on the rules again
    since = since_when(since, [team, rules], uptime=101.0 + LASTING)
    assert lasting(since, uptime=99.0 + 2 * LASTING) == (team,)
