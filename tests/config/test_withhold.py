"""A configuration as the page's process loads it: no secret in a value, and none in its environment."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from monitor.config import Config, load, load_without_secrets, page_environment, web_options_of
from monitor.config.checks import check_rules
from monitor.config.convert import policy_of, sources_of, watchlists_of
from monitor.config.settings import settings
from monitor.errors import ConfigError
from tests.config.support import HEAD
from tests.config.test_web import LINE

SECRETS = """\
timezone: ${ZONE}
state: ${STATE}
sources:
  motie:
    path: ${DUMPS}/in
    max_file: ${SIZE}
    listings: {press: ["${file:listings}"]}
    fetch: {url: "${FETCH_URL}", every: "${EVERY}", headers: {X-Key: "${file:key}", X-Literal: c4n4ry-0}}
  other: {path: "${MISSING}", timezone: "${MISSING}", when: }
channels:
  team: {url: "${SLACK_URL}", rate: "${RATE}"}
  desk: {url: "${credential:mail}", html: "${HTML}"}
  plain: {url: "mailtos://kim:c4n4ry-0@example.org"}
  console: {url: "console://"}
watchlists:
  open: {keywords: [tariff], notify: [team]}
  hidden: {keywords: ["${WORD}"], notify: ["${CHANNEL}", console]}
  query: {query: "( ${QUERY} OR"}
  regex: {regex: "(${REGEX}"}
  kinds: {keywords: [port], when: ["${KIND}"]}
heartbeat: {url: "${HEARTBEAT_URL}", every: "${EVERY}"}
retention: {events: "${DAYS}"}
operator: {notify: ["${CHANNEL}"]}
web: {listen: "${LISTEN}", users: {kim: "${KIM}", lee: "${file:lee}"}}
""".replace(", when: }", "}")
REDUCED = {"MONITOR_WEB_PROCESS": "1"}
OPEN = {"ZONE": "Asia/Seoul", "STATE": "store", "DUMPS": "/srv", "LISTEN": "127.0.0.1:9878", "KIM": LINE}
CANARIES = {
    name: f"c4n4ry-{at}"
    for at, name in enumerate(
        ("SIZE", "FETCH_URL", "EVERY", "SLACK_URL", "RATE", "HTML", "WORD", "CHANNEL", "QUERY", "REGEX", "KIND",
         "HEARTBEAT_URL", "DAYS", "NAMED_NOWHERE", "CREDENTIALS_DIRECTORY")
    )
}  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "config.yaml").write_text(SECRETS)
    (tmp_path / "lee").write_text(LINE)
    (tmp_path / "key").write_text("c4n4ry-key")
    (tmp_path / "listings").write_text("c4n4ry-*.txt")
    return tmp_path / "config.yaml"


@pytest.fixture
def config(file: Path) -> Config:
    return load_without_secrets(file, environ={**OPEN, **CANARIES}, checks=[check_rules])


def test_no_value_of_it_is_a_secret(config: Config) -> None:
    assert b"c4n4ry" not in pickle.dumps([config.model_dump(), dict(config._origin.interpolated), config._origin])
    assert "c4n4ry" not in str(list(settings(config)))
    assert all("c4n4ry" not in each.url.reveal() for each in config.channels.values())


def test_it_loads_where_no_variable_is_set_but_those_of_the_page(file: Path) -> None:
    config = load_without_secrets(file, environ=OPEN, checks=[check_rules])
    assert (config.state, config.timezone.key) == (file.parent / "store", "Asia/Seoul")
    assert web_options_of(config).users["kim"].reveal() == web_options_of(config).users["lee"].reveal() == LINE
    assert config.sources["motie"].path == Path("/srv/in")


@pytest.mark.parametrize("name", ["STATE", "ZONE", "LISTEN", "KIM"])
def test_what_the_page_needs_must_be_set(file: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=f"the variable {name} is not set"):
        load_without_secrets(file, environ={key: value for key, value in OPEN.items() if key != name})


def test_a_withheld_value_is_as_it_is_written_or_its_default(config: Config) -> None:
    assert config.channels["team"].url.reveal() == "${SLACK_URL}"
    assert config.channels["desk"].url.reveal() == "${credential:mail}"
    assert config.channels["plain"].url.reveal() == "mailtos://…"
    assert config.channels["console"].url.reveal() == "console://"
    assert config.heartbeat.url is not None
    assert config.channels["team"].rate is None
    assert config.channels["desk"].html == "auto"
    assert config.sources["motie"].max_file == 2 * 10**9
    assert config.sources["other"].path.name == "${MISSING}"
    assert config.watchlists["hidden"].keywords == ("${WORD}",)
    assert config.watchlists["hidden"].notify == ("${CHANNEL}", "console")


def test_the_settings_show_it_as_it_is_written(config: Config) -> None:
    shown = {one.path: one.value for one in settings(config)}
    assert shown["channels.team.url"] == "${SLACK_URL}"
    assert shown["channels.team.rate"] == "${RATE}"
    assert shown["sources.motie.fetch.headers.X-Literal"] == "…"


def test_a_rule_that_is_not_known_matches_nothing(config: Config) -> None:
    assert [one.name for one in watchlists_of(config)] == ["open", "kinds"]


def test_the_other_parts_can_be_built_from_it(config: Config) -> None:
    assert [source.name for source in sources_of(config)] == ["motie", "other"]
    assert [policy_of(config, name).max_per_hour for name in config.channels] == [60] * 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('watchlists: {w: {query: "(a"}}', "never closed"),
        ("watchlists: {w: {keywords: [a], notify: [teem]}}", "did you mean 'team'"),
        ("watch: {settle: soon}", "is not a valid duration"),
        ("zzz: ${X}", "unknown key"),
    ],
)
def test_what_is_known_is_checked_as_ever(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f"{HEAD}{text}\n")
    with pytest.raises(ConfigError, match=message):
        load_without_secrets(file, environ={}, checks=[check_rules])


def test_without_references_it_is_the_same_but_for_secrets(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f"{HEAD}watchlists: {{w: {{keywords: [a], when: [new], tests: [{{match: a}}]}}}}\n")
    assert load_without_secrets(file, environ={}) == load(file, environ={})
    assert not load_without_secrets(file, environ={}).withheld


def test_its_stamps_are_of_the_files_that_it_reads(file: Path, config: Config) -> None:
    assert set(config.stamps) == {file, file.parent / "lee"}


def test_the_environment_has_what_the_page_needs_and_no_secret(file: Path) -> None:
    usual = {"PATH": "/bin", "LANG": "C.UTF-8", "LC_ALL": "C", "PYTHONPATH": "/x", "HOME": "/root"}
    assert page_environment(file, {**OPEN, **CANARIES, **usual}) == {**OPEN, **usual, **REDUCED}
    assert load_without_secrets(file, environ=page_environment(file, OPEN)).state == file.parent / "store"


def test_a_usual_variable_that_a_secret_names_is_withheld(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text('sources: {motie: {path: "${HOME}/in"}}\nchannels: {c: {url: "json://${USER}:${HOME}@h/"}}\n')
    assert page_environment(file, {"USER": "kim", "HOME": "/root", "TZ": "UTC"}) == {
        "HOME": "/root",
        "TZ": "UTC",
        **REDUCED,
    }


def test_the_folder_of_credentials_is_known_where_a_password_is_one(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f'{HEAD}web: {{users: {{kim: "${{credential:kim}}"}}}}\n')
    assert page_environment(file, {"CREDENTIALS_DIRECTORY": "/run/c"}) == {"CREDENTIALS_DIRECTORY": "/run/c", **REDUCED}


@pytest.mark.parametrize("text", ["", "'", "sources: ["])
def test_a_file_that_cannot_be_read_lets_no_variable_pass_but_the_usual(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yaml").write_text(text)
    for file in (tmp_path / "config.yaml", tmp_path / "missing.yaml"):
        assert page_environment(file, {**CANARIES, "PATH": "/bin"}) == {"PATH": "/bin", **REDUCED}
