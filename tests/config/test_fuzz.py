"""Any text loads, or raises a ConfigError whose diagnostics can all be rendered."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.config import load, render_diagnostics
from monitor.config.checks import check_folders, check_rules, check_services
from monitor.errors import ConfigError
from monitor.inspect.lint import lint
from monitor.inspect.lint_files import check_files
from monitor.text import escape
from tests.examples import examples

CHECKS = (check_rules, check_services, check_folders, lint, check_files)
SAMPLE = (Path(__file__).parents[2] / "config.yaml").read_text(encoding="utf-8")
WHOLE = """\
timezone: Asia/Seoul
state: state/
sources:
  motie: {path: in/, files: ["*.txt"], encoding: auto, categories: [Energy], max_file: 2GB, recursive: no}
channels:
  팀: {url: "slack://${TOKEN:-t}/x", max_age: 72h}
watchlists:
  무역: {keywords: [무역, "NO", 232, 12:30], when: [new], case: exact, notify: [팀], sources: [motie]}
watch: {mode: poll, settle: 2s, ignore: ["~*"]}
"""
SHARED = """\
sources: &all
  motie: &m {path: in/, files: &f ["*.txt"]}
  other: {<<: *m, path: on/, files: *f}
channels: {a: &c {url: &u "slack://${TOKEN:-t}/x"}, b: {<<: [*c, {html: &off off}], url: *u}}
watchlists: {w: {keywords: &k [무역, NO], case: exact}, v: {keywords: *k, query: *off}}
"""
# What means something to YAML or to us, beside anything else.
SIGNS = st.sampled_from([*"\n\t :-[]{}&*!|>'\"%@`#?,$~<=\\\r\x85\u2028", "  ", "${", "://", "<<: "])
WORDS = st.sampled_from(
    ["sources", "channels", "watchlists", "url", "notify", "keywords", "null", "when", "path", "watch"]
)
PIECE = st.one_of(SIGNS, WORDS, st.text(max_size=4))
EDIT = st.tuples(st.integers(0, len(SAMPLE)), st.integers(0, 12), st.lists(PIECE, max_size=3).map("".join))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "config.yaml"


def load_or_refuse(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    try:
        faults = load(file, environ={"A": "x", "CREDENTIALS_DIRECTORY": "/nowhere"}, checks=CHECKS).warnings
    except ConfigError as error:
        faults = error.faults
    for line in render_diagnostics(faults).split("\n"):
        assert line == escape(line)


@settings(database=None)
@given(st.text())
@example("sources\xa00")
def test_any_text(file: Path, text: str) -> None:
    load_or_refuse(file, text.encode("utf-8", "surrogatepass"))


@settings(database=None)
@given(st.binary())
def test_any_bytes(file: Path, content: bytes) -> None:
    load_or_refuse(file, content)


@settings(database=None)
@given(st.lists(PIECE, max_size=40).map("".join))
def test_any_signs_that_mean_something(file: Path, text: str) -> None:
    load_or_refuse(file, text.encode("utf-8", "surrogatepass"))


@settings(database=None, max_examples=examples(300))
@given(st.sampled_from([SAMPLE, WHOLE, SHARED]), st.lists(EDIT, min_size=1, max_size=3))
def test_any_slip_of_the_hand_in_a_good_file(file: Path, text: str, edits: list[tuple[int, int, str]]) -> None:
    for start, length, piece in edits:
        text = text[: start % len(text)] + piece + text[start % len(text) + length :]
    load_or_refuse(file, text.encode("utf-8", "surrogatepass"))
