"""Secrets in a configuration never appear in diagnostics, excerpts, rendered text or `repr`."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

import pytest

from monitor.config import load, render_diagnostics
from monitor.config.models import sections
from monitor.config.redact import (
    SECRET_SETTINGS,
    SETTINGS,
    is_secret_place,
    mask_secret,
    mask_spans,
    mask_unparsed,
    may_be_secret,
)
from monitor.errors import ConfigError
from tests.config.support import HEAD, loaded

CANARY = "c4n4ry"
CHANNELS = "sources: {motie: {path: in/}}\nchannels:\n"


def everything(error: ConfigError) -> str:
    """All that a person or a log could see of an error."""
    logged = "".join(traceback.format_exception(error))
    return f"{error} {error!r} {error.where} {error.faults} {render_diagnostics(error.faults)} {logged}"


@pytest.mark.parametrize(
    "text",
    [
        # values of references, each in a setting that refuses it
        HEAD + "timezone: ${S}\n",
        HEAD + "state: ~/${S}\n",
        HEAD + "watch: {settle: '${S}', mode: '${S}', follow_symlinks: '${S}', ignore: ['${S}/x']}\n",
        HEAD + "watchlists: {w: {keywords: '${S}', when: ['${S}'], case: '${S}', notify: ['${S}']}}\n",
        HEAD + "watchlists: {w: {keywords: ['a'], sources: ['${S}']}}\n",
        HEAD + "watchlists: {w: {keywords: ['a'], fields: ['${S}'], sources: {a: '${S}'}, notify: [['${S}']]}}\n",
        "sources: {m: {path: '', files: ['${S}/'], encoding: '${S}', as_of: '${S}'}}\n",
        "sources: {m: {max_file: '${S}', first_run: '${S}', recursive: '${S}'}}\n",
        CHANNELS + "  team: {url: '${S}'}\n",
        CHANNELS + "  team: {url: 'slack://${S} ${S}'}\n",
        CHANNELS + "  team: {url: '${UNSET:-c4n4ry}'}\n",
        CHANNELS + "  team: '${S}'\n",
        CHANNELS + "  team: {url: '${file:secret} x'}\n",
        CHANNELS + "  team: {url: 'x ${credential:secret}'}\n",
        HEAD + "heartbeat: {url: '${S}', every: '${S}'}\n",
        # secrets written out
        HEAD + "heartbeat: {url: c4n4ry}\n",
        HEAD + "heartbeat: {url: 'https://h/c4n4ry', x: 1}\n",
        HEAD + "heartbeat: {url: 'https://h/c4n4ry x'}\n",
        HEAD + "heartbeat: {token: c4n4ry}\n",
        "sources: {a: {path: x, fetch: {url: 'https://h/c4n4ry', every: 0s}}}\n",
        "sources: {a: {path: x, fetch: {url: 'https://h/c4n4ry', headers: {'X Key': c4n4ry}}}}\n",
        "sources: {a: {path: x, fetch: {url: 'https://h/', headers: {X-Key: 'c4n4ry\u00e9'}}}}\n",
        "sources: {a: {path: x, fetch: {url: 'https://h/', headers: [c4n4ry]}}}\n",
        "sources: {a: {path: x, fetch: c4n4ry}}\n",
        "sources: {a: {path: x, fetch: {token: c4n4ry}}}\n",
        "sources: {a: {path: x, fetch: {url: c4n4ry}}}\n",
        HEAD + "heartbeat: c4n4ry\n",
        HEAD + "heartbeat: [https://h/c4n4ry]\n",
        CHANNELS + "  team: {url: c4n4ry}\n",
        CHANNELS + "  team: {url: 'slack://c4n4ry/x y'}\n",
        CHANNELS + "  team: {url: 'slack://c4n4ry', ratee: 1}\n",
        CHANNELS + "  team: {ratee: 1, url: slack://c4n4ry}\n",
        CHANNELS + "  team: {urll: 'slack://c4n4ry'}\n",
        CHANNELS + "  team: {webhook: c4n4ry}\n",
        CHANNELS + "  team: {url: [c4n4ry, 'a://c4n4ry'], x: 1}\n",
        CHANNELS + "  team: {url: {token: c4n4ry}, x: 1}\n",
        CHANNELS + "  team: c4n4ry\n",
        CHANNELS + "  team: slack://c4n4ry\n",
        CHANNELS + "  - slack://c4n4ry\n",
        CHANNELS + "  slack://c4n4ry: {}\n",
        CHANNELS + "  team: {url: 'a://', url: slack://c4n4ry, x: 1}\n",
        CHANNELS + "  team: {url: \"slack://a\n      c4n4ry\", x: 1}\n",
        CHANNELS + "  team:\n    url: >-\n      slack://c4n4ry c4n4ry\n",
        "chanels: {team: {url: c4n4ry}}\n",
        "heartbeat: {url: c4n4ry, x: 1}\n",
        "sources: https://u:c4n4ry@example.org/\n",
        HEAD + "watchlists: {w: {keywords: https://u:c4n4ry@example.org/}}\n",
        HEAD + "watchlists: {w: {keywords: [[https://u:c4n4ry@example.org/]]}}\n",
        CHANNELS + "  team: {url: &u c4n4ry}\n  desk: {url: 'a://', rate: *u}\nwatch: {mode: *u, ignore: [*u, a/b]}\n",
        CHANNELS + "  team: &t {url: c4n4ry}\n  desk: {<<: *t, digest: x}\nwatch: {<<: *t}\n",
        CHANNELS + "  team: {<<: {url: c4n4ry}}\n  desk: {<<: [{urll: c4n4ry}]}\n",
        "<<: [{channels: {team: {urll: c4n4ry}}}]\n",
        CHANNELS + "  <<: {team: {urll: c4n4ry}}\n",
        CHANNELS + "  team: {url: *c4n4ry}\n",
        # files that no parser gets through
        CHANNELS + "  team: {url: c4n4ry, [\n",
        CHANNELS + "  team: {url: slack://a: c4n4ry\n",
        CHANNELS + "  team:\n    url: slack://a\n      c4n4ry: b\n",
        CHANNELS + "  team:\n    url: 'slack://a\n      c4n4ry\n",
        CHANNELS + "  team:\n    url: @c4n4ry\n",
        CHANNELS + "  team:\n    url: \"c4n4ry\\q\"\n",
        CHANNELS + "  team:\n    url:\n\tc4n4ry\n",
        CHANNELS + "  team: {urll: slack://c4n4ry, url\n",
        CHANNELS + "  team: {url: slack://c4n4ry\x07}\n",
        CHANNELS + "  team:\n    url: 'slack://a'\n      c4n4ry\n",
        CHANNELS + "  team:\n    url: >-\n      a\n\n        c4n4ry\x07\n",
        CHANNELS + "  team:\n    url: \"slack://a\n  c4n4ry\\q\"\n",
        CHANNELS + "  team: {url: \"slack://a\n     c4n4ry\", [\n",
        # comments, values of keys that are no settings, keys that are tokens, files of another kind
        HEAD + 'timezone: Mars  # was c4n4ry-1\n',
        HEAD + "timezone: 'Mars'#c4n4ry-1\n",
        HEAD + 'watch: {mode: x}#c4n4ry-1\n',
        HEAD + 'watch: {mode: x} # c4n4ry-1\n',
        HEAD + 'watch: { # c4n4ry-1\n  mode: x}\n',
        HEAD + 'watch: {mode: x, # c4n4ry-1\n  settle: 1s}\n',
        HEAD + 'watch:  # c4n4ry-1\n  mode: x\n',
        HEAD + "watchlists: {w: {keywords: ['a # b', ''], regex: x}} # c4n4ry-1\n",
        HEAD + 'watchlists: {w: {keywords: ["a # b"], when: [x]}} # c4n4ry-1\n',
        HEAD + 'watchlists:\n  w:\n    keywords: [a]\n    when: [x]\t# c4n4ry-1\n',
        HEAD + 'timezone: |  # c4n4ry-1\n  Mars\n',
        HEAD + 'timezone: >- # c4n4ry-1\n  Mars\n',
        HEAD + 'timezone: Mars # c4n4ry-1\n',
        CHANNELS + '  team: {url: x y}  # c4n4ry-1\n',
        CHANNELS + '  team: {url: console://, rate: 1}  # c4n4ry-1\n',
        CHANNELS + '  # c4n4ry-1\n  team: { rate: 1}\n',
        CHANNELS + '  team: {url: console://, max_per_hour: many} # before: c4n4ry-1\n',
        CHANNELS + '  team: {url: console://  # c4n4ry-1\n',
        CHANNELS + '  team: [  # c4n4ry-1\n',
        HEAD + 'watch: {mode: x # c4n4ry-1\nstate: y\n',
        HEAD + 'watch: mode: x # c4n4ry-1\n',
        HEAD + "watch: 'x # c4n4ry-1\n",
        HEAD + 'a: \x07 # c4n4ry-1\n',
        HEAD + '# c4n4ry-1 \x07\n',
        HEAD + '- x # c4n4ry-1\n',
        HEAD + 'watch:\n\tmode: x # c4n4ry-1\n',
        'c4n4ry-1\n',
        '- c4n4ry-1\n',
        '  c4n4ry-1\n',
        "'c4n4ry-1\n",
        '"c4n4ry-1\n',
        'c4n4ry-1: [\n',
        'token=c4n4ry-1\n',
        'token: c4n4ry-1: x\n',
        "SLACK=c4n4ry-1\n'",
        'c4n4ry-1 \x07\n',
        HEAD + 'slack: {token: c4n4ry-1}\n',
        HEAD + 'token: c4n4ry-1\n',
        HEAD + 'watch: {secret: c4n4ry-1, mode: x}\n',
        'sources: {m: {path: in/, password: c4n4ry-1}}\n',
        HEAD + 'watchlists: {w: {keywords: [a], auth: c4n4ry-1}}\n',
        HEAD + 'operator: {token: [c4n4ry-1]}\n',
        HEAD + 'health: {listen: off, token: {a: c4n4ry-1}}\n',
        HEAD + 'retention: {api_key: c4n4ry-1}\n',
        HEAD + 'x: &a c4n4ry-1\ntimezone: *a\n',
        HEAD + 'x: &a c4n4ry-1\nwatch: {mode: *a}\n',
        HEAD + 'x: &c4n4ry-1 y\n',
        HEAD + 'x: *c4n4ry-1\n',
        HEAD + 'x: !c4n4ry-1 y\n',
        HEAD + 'timezone: !c4n4ry-1\n',
        HEAD + '<<: {token: c4n4ry-1}\n',
        HEAD + 'token: |\n  c4n4ry-1\nwatch: x\n',
        HEAD + 'token: |\n  c4n4ry-1 \x07\n',
        HEAD + "token: 'c4n4ry-1\n",
        HEAD + 'token: "c4n4ry-1\\q"\n',
        HEAD + 'token: c4n4ry-1 \x07\n',
        HEAD + 'token: @c4n4ry-1\n',
        HEAD + 'token:\n  - c4n4ry-1\n  - [\n',
        HEAD + 'c4n4ry-1: x\n',
        CHANNELS + '  team: {c4n4ry-1: x}\n',
        CHANNELS + '  team: {url: console://, c4n4ry-1}\n',
        HEAD + 'watch: {c4n4ry-1}\n',
        HEAD + 'watch: {c4n4ry-1: 1, c4n4ry-1: 2}\n',
        HEAD + '? c4n4ry-1\n: x\n',
        HEAD + '? [c4n4ry-1]\n: x\n',
        HEAD + 'watch: {? c4n4ry-1 : x}\n',
        CHANNELS + '  team: {url:c4n4ry-1}\n',
        CHANNELS + '  team: {url c4n4ry-1}\n',
        CHANNELS + '  team:\n    url c4n4ry-1\n',
        CHANNELS + '  team:\n    url: console://\n    url c4n4ry-1\n',
        CHANNELS + '  team:\n    url=c4n4ry-1\n',
        CHANNELS + '  team:\n    c4n4ry-1\n',
        CHANNELS + '  team:\n    - c4n4ry-1\n',
        CHANNELS + '  team:\n    - c4n4ry-1: [\n',
        HEAD + 'timezone: ${c4n4ry-1}\n',
        CHANNELS + "  team: {url: '${A:-c4n4ry-1'}\n",
        CHANNELS + "  team: {url: '${c4n4ry-1'}\n",
        CHANNELS + '  team: {url: ${c4n4ry-1}}\n',
        CHANNELS + "  team: {url: '$${c4n4ry-1} x'}\n",
        HEAD + "timezone: '${token c4n4ry-1}'\n",
        HEAD + 'timezone: slack://c4n4ry-1\n',
        HEAD + "timezone: 'x slack://c4n4ry-1/y'\n",
        HEAD + "health: {listen: 'http://u:c4n4ry-1@h/'}\n",
        HEAD + 'heartbeat: {url: https://h/c4n4ry-1 , every: x}\n',
        HEAD + 'heartbeat: {url: h/c4n4ry-1}\n',
        HEAD + 'heartbeat: https://h/c4n4ry-1\n',
        CHANNELS + '  team: &t\n    url: slack://c4n4ry-1\n    rate: x\n',
        CHANNELS + '  team: {url: >-\n   c4n4ry-1}\n',
        CHANNELS + '  team:\n    url: |\n      c4n4ry-1\n     x: [\n',
        CHANNELS + '  team:\n    url:\n    - c4n4ry-1\n    - [\n',
        CHANNELS + '  team: {url: "a\nc4n4ry-1", [\n',
        CHANNELS + '  team: {url: a\n,c4n4ry-1: [\n',
        CHANNELS + "  team:\n    url: 'it''s\n    c4n4ry-1\n",
        CHANNELS + '  team:\n    url: console://\n    headers:\n      Authorization: c4n4ry-1\n',
        CHANNELS + '  team:\n    url: console://\n    headers:\n      Authorization: Bearer c4n4ry-1: x\n',
        CHANNELS + '  team:\n    url: console://\n    headers: [Authorization, c4n4ry-1\n',
        CHANNELS + '  team: {url: console://, headers: {Authorization: c4n4ry-1\n',
    ],
)  # fmt: skip
def test_no_fault_shows_a_secret(tmp_path: Path, text: str) -> None:
    (tmp_path / "secret").write_text(CANARY, encoding="utf-8")
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "config.yaml", environ={"S": CANARY, "CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert CANARY not in everything(caught.value)


def test_a_loaded_configuration_shows_no_secret(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    config = loaded(
        tmp_path,
        CHANNELS + "  a: {url: '${S}'}\n  b: {url: 'slack://c4n4ry/x'}\nwatchlists: {w: {keywords: ['${S}']}}\n",
        {"S": f"json://{CANARY}"},
    )
    logging.getLogger("test").warning("%s %r", config, config)
    assert CANARY not in f"{config} {config!r} {config.channels} {config.model_dump()['channels']} {caplog.text}"
    assert config.channels["a"].url.reveal() == f"json://{CANARY}"


def test_a_default_in_a_reference_is_a_value_and_is_masked(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        CHANNELS + "  team: {url: '${U:-slack://tok}', max_age: 1}\n", encoding="utf-8"
    )
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "config.yaml", environ={})
    assert caught.value.faults[0].excerpt == "  team: {url: '…'                , max_age: 1}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("slack://token", "slack://…"),
        ("console://", "console://"),
        ("token", "…"),
        ("", ""),
        ("${SLACK_URL}", "${SLACK_URL}"),
        ("${file:/run/secrets/x}", "${file:/run/secrets/x}"),
        ("${credential:x}", "${credential:x}"),
        ("${X:-token}", "…"),
        ("${X}/token", "…"),
    ],
)
def test_of_a_secret_its_scheme_or_its_reference_may_be_shown(text: str, shown: str) -> None:
    assert mask_secret(text) == shown


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("a: {u: 'x://tok', b: 1}", "a: {u: 'x://…'  , b: 1}"),
        ("a: {u: tok, b: 1}", "a: {u: …  , b: 1}"),
        ("a: {u: '', b: 1}", "a: {u: '', b: 1}"),
        ("a: {u: '비밀번호', b: 1}", "a: {u: '…'   , b: 1}"),
    ],
)
def test_a_masked_line_keeps_its_columns(line: str, masked: str) -> None:
    assert mask_spans(line, [(7, line.index(", b"))]) == masked


@pytest.mark.parametrize(
    ("line", "is_inside_secret", "masked"),
    [
        ("  team: {rate: 1", False, "  team: {rate: 1"),
        ("  team: {url: tok", False, "  team: {url:…"),
        ("  'url' : tok", False, "  'url' :…"),
        ("  x: slack://tok, url: a", False, "  x: slack://…"),
        ("  tok: a", True, "…"),
    ],
)
def test_an_unparsed_line_ends_where_a_secret_could_begin(line: str, is_inside_secret: bool, masked: str) -> None:
    assert mask_unparsed(line, is_inside_secret=is_inside_secret) == masked


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["url: a", "  b"], True),
        (["url: a", "", "    b", "  c"], True),
        (["team: {url: a,", "  b"], True),
        (["  url: a", "  max_age 72h"], False),
        (["  url: a", "x: b"], False),
        (["token: a", "  b"], True),
        (["keywords:", "  - b"], False),
        (["team:", "  b"], True),
        (["x"], True),
        (["'token"], True),
    ],
)
def test_a_line_further_in_than_a_url_may_belong_to_it(lines: list[str], expected: bool) -> None:
    assert may_be_secret(lines) is expected


def test_a_line_beside_a_url_is_shown_when_it_cannot_be_parsed(tmp_path: Path) -> None:
    text = CHANNELS + "  team:\n    url: slack://c4n4ry\n    max_age 72h\nstate: x\n"
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "config.yaml", environ={})
    assert [(fault.line, fault.excerpt) for fault in caught.value.faults] == [(5, "    max_age 72h")]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("channels", "team", "url"), True),
        (("channels", "team", "url", 0), True),
        (("channels", "team", "webhook"), True),
        (("channels", "team"), True),
        (("channels", 0), True),
        (("channels", "<<", "team", "webhook"), True),
        (("<<", "channels", "team", "<<", "webhook"), True),
        (("heartbeat", "url"), True),
        (("sources", "a", "fetch"), True),
        (("sources", "a", "fetch", "url"), True),
        (("sources", "a", "fetch", "headers", "X-Key"), True),
        (("sources", "a", "fetch", "every"), False),
        (("sources", "a", "path"), False),
        (("chanels", "team", "url"), True),
        (("channels", "url", "max_age"), False),
        (("channels", "team", "quiet"), False),
        (("watchlists", "url", "keywords", 0), False),
        (("timezone",), False),
        ((), False),
    ],
)
def test_secrets_stand_in_urls_and_in_unknown_keys_of_channels(path: tuple[str | int, ...], expected: bool) -> None:
    assert is_secret_place(path) is expected


def test_every_setting_is_open_but_those_that_hold_secrets() -> None:
    assert {key for _, section in sections() for key in section.model_fields} == SETTINGS | SECRET_SETTINGS


@pytest.mark.parametrize(
    ("line", "excerpt"),
    [
        ("timezone: Mars  # was Venus", "timezone: Mars"),
        ("timezone: 'Mars # 1'  # was Venus", "timezone: 'Mars # 1'"),
        ('timezone: "Mars"#Venus', 'timezone: "Mars"'),
        ("timezone: Mars#1 # Venus", "timezone: Mars#1"),
        ("timezone: |  # Venus\n  Mars", "timezone: |"),
    ],
)
def test_a_comment_is_left_out_of_an_excerpt(tmp_path: Path, line: str, excerpt: str) -> None:
    (tmp_path / "config.yaml").write_text(f"{HEAD}{line}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "config.yaml", environ={})
    assert caught.value.faults[0].excerpt == excerpt
