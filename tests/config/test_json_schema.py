"""config.schema.json, the sample, the descriptions of keys and the loader agree."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor.config.json_schema import json_schema, sample_config, schema_text
from monitor.config.models import sections
from tests.config.support import HEAD, loaded
from tests.end_to_end.harness import CONFIG, ROOT
from tests.schemas import disagreements

REBUILD = "python -m docs.make writes it anew"


def read(text: str, loader: Any) -> Any:
    return yaml.load(text, Loader=loader)  # noqa: S506 - both are safe


def test_the_committed_schema_is_that_of_the_models() -> None:
    assert (ROOT / "config.schema.json").read_text("utf-8") == schema_text(), REBUILD


def test_the_sample_that_ships_is_the_one_in_the_repository() -> None:
    assert sample_config() == (ROOT / "config.yaml").read_text("utf-8")


def test_every_section_and_every_key_is_explained() -> None:
    made = json_schema()
    tables = {
        table["description"]: table["properties"] for table in (made, *made["$defs"].values()) if "properties" in table
    }
    assert tables.keys() == {section.__doc__ for _, section in sections()}
    assert [key for properties in tables.values() for key, form in properties.items() if not form["description"]] == []


TIMES = """\
sources:
  a: {path: a/, expect_every: 1d mon-fri}
  b: {path: b/, expect_every: "2h mon-fri 09:00-18:00; sat"}
channels:
  a: {url: "console://", digest: "mon-fri 08:30, 17:00; sat 10:00", quiet: "22:00-07:00, sat-sun"}
  b: {url: "console://", digest: 1h, quiet: fri 18:00 - Mon 8:00}
  c: {url: "console://", digest: "Mon,wed-fri 8:30; 30m", quiet: "mon,wed 12:00-13:00; sun"}
watchlists: {w: {query: FTA}}
"""


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(TIMES, id="times of the week"),
        pytest.param(sample_config(), id="sample"),
        pytest.param(CONFIG % "console://", id="harness"),
        pytest.param(HEAD + "watchlists: {a: {keywords: [NO, 232, 1.5, 반도체]}}", id="words"),
        pytest.param(HEAD + 'watch: {settle: "${SETTLE}", mode: "${MODE:-poll}", rescan: }', id="references"),
        pytest.param(HEAD + "watchlists: {a: {query: FTA, min_hits: 3, inflect: no, notify: []}}", id="query"),
        pytest.param(HEAD + "operator:\nwatch: {follow_symlinks: true, settle: 1.5h}", id="unset"),
    ],
)
def test_what_loads_fits_the_schema(tmp_path: Path, text: str) -> None:
    loaded(tmp_path, text, {"SETTLE": "1s"})
    assert list(disagreements(json_schema(), read(text, yaml.SafeLoader))) == []


def test_every_value_may_be_written_as_text() -> None:
    assert list(disagreements(json_schema(), read(sample_config(), yaml.BaseLoader))) == []
    numbers = HEAD + "watchlists: {a: {query: FTA, min_hits: '3', inflect: 'no'}}"
    assert list(disagreements(json_schema(), read(numbers, yaml.BaseLoader))) == []


@pytest.mark.parametrize(
    "text",
    [
        HEAD.replace("path: in/", "pth: in/"),
        HEAD.replace('url: "console://"', "url: console"),
        HEAD + "watch: {settle: soon}",
        TIMES.replace("1h", "hourly"),
        TIMES.replace("sat 10:00", "sat"),
        TIMES.replace("1d mon-fri", "1d 9-18"),
        TIMES.replace("22:00-07:00, sat-sun", "22:00"),
        TIMES.replace("fri 18:00 - Mon 8:00", "fri - mon 8:00"),
        HEAD + "watch: {mode: sometimes}",
        HEAD + "watchlists: {a: {keywords: FTA}}",
        HEAD + "watchlists: {a: {keywords: []}}",
        HEAD + "watchlists: {a b: {keywords: [FTA]}}",
        HEAD + "watchlists: {a: {query: x, when: [cosmetic]}}",
        HEAD + "watchlists: {a: {query: x, min_hits: 0}}",
        'channels: {a: {url: "console://"}}',
    ],
)
def test_what_is_wrong_in_itself_does_not_fit_the_schema(text: str) -> None:
    assert list(disagreements(json_schema(), read(text, yaml.BaseLoader))) != []


def test_no_form_speaks_of_what_only_python_has() -> None:
    texts = json.dumps(json_schema())
    assert "function" not in texts
    assert re.search(r'"default": "(PT|P\d)', texts) is None, "durations are ours, not ISO's"
