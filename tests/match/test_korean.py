"""The rule for Korean words, judged on labelled sentences; and what its lists promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.match.korean import (
    ANYTHING,
    LISTED,
    NAME,
    NOTHING,
    PARTICLES,
    endings_behind,
    is_particle,
    is_word,
    without_particle,
)
from tests.match.samples import found

LINES = Path(__file__).with_name("korean_sentences.txt").read_text("utf-8").splitlines()
SENTENCES = [(line[0] == "+", line[2:].partition(" | ")[0], line.partition(" | ")[2]) for line in LINES]


def test_the_rule_is_right_on_nearly_all_labelled_sentences() -> None:
    wanted = {(keyword, text) for is_wanted, keyword, text in SENTENCES if is_wanted}
    matched = {(keyword, text) for _, keyword, text in SENTENCES if found(keyword, text)}
    right = len(wanted & matched)

    assert len(SENTENCES) >= 300
    assert right / len(matched) >= 0.98  # precision
    assert right / len(wanted) >= 0.88  # recall: what is missed stands behind another word, or before one not listed


@pytest.mark.parametrize(
    ("stem", "endings"),
    [("금", PARTICLES), ("인도", NAME), ("수출", LISTED), ("반도체", ANYTHING), ("자유무역", ANYTHING)],
)
def test_the_longer_a_word_is_the_more_may_follow_it(stem: str, endings: int) -> None:
    assert endings_behind(stem) == endings


@pytest.mark.parametrize(
    "run",
    [
        "은",
        "는",
        "이란",
        "란",
        "에서는",
        "으로부터",
        "까지도",
        "와의",
        "이라는",
        "이며",
        "처럼",
        "조차",
        "이나",
        "께서",
    ],
)
def test_a_run_of_syllables_is_a_particle(run: str) -> None:
    assert is_particle(run)


@pytest.mark.parametrize("run", ["산", "반도체", "는는", "이란은가", "하다", "적"])
def test_a_run_of_syllables_is_none(run: str) -> None:
    assert not is_particle(run)


def test_each_step_allows_what_the_ones_before_it_do() -> None:
    texts = ["금속", "금속을", "금속산업의", "금속했다", "금속쟁이"]
    fitting = {step: [is_word(text, "금속", step) for text in texts] for step in range(NOTHING, ANYTHING + 1)}

    assert fitting == {step: [number <= step for number in range(5)] for step in range(5)}


@pytest.mark.parametrize(
    ("word", "stem", "bare"),
    [("시스템반도체가", "반도체", "시스템반도체"), ("정도", "정도", "정도"), ("인도에서는", "인도", "인도")],
)
def test_a_word_is_shown_without_its_particle(word: str, stem: str, bare: str) -> None:
    assert without_particle(word, stem) == bare


def test_many_tails_in_a_row_are_read_in_one_pass() -> None:
    assert not is_word("금속" + "공급망" * 5_000 + "쟁", "금속", LISTED)
