"""What a list shows of each release that was found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import load
from monitor.errors import UsageError
from monitor.inspect.pending import open_read_only
from monitor.inspect.search import Search, SearchResult, search_releases, words_of
from tests.dumps import dump, record
from tests.end_to_end.harness import Project

LONG = (
    "The harbour was widened by the office of ports. " * 6
    + "Quotas for steel were raised in Busan\nand quotas for grain were cut. "
    + "The visit ended with a dinner at the harbour. " * 6
    + "A last quota was left as it was."
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = Project(tmp_path_factory.mktemp("search") / "p")
    made.drop(
        "a.txt",
        dump(
            record("Quotas are raised", LONG, "2024-07-01", "Trade"),
            record("반도체 수출 증가", "6월 반도체 수출이 늘었다.", "2024-07-02", "Trade"),
            record("Talks held", "Delegations met.", "2024-07-03", "Energy"),
        ),
    )
    assert made.run_apart("run", "--once").code == 0
    return made


def searched(project: Project, text: str) -> SearchResult:
    config = load(project.folder / "config.yaml")
    with open_read_only(config) as stores:
        return search_releases(config, stores.archive, Search(text=text), limit=50)


def test_an_excerpt_has_every_hit_in_it_and_whole_words(project: Project) -> None:
    [found] = searched(project, "quota").releases
    first, second = found.excerpts
    assert [first.text[start:end] for start, end in first.hits] == ["Quotas", "quotas"]
    assert [second.text[start:end] for start, end in second.hits] == ["quota"]
    assert first.text.startswith("… ")
    assert first.text.endswith(" …")
    assert not second.text.endswith("…")
    assert "\n" not in first.text
    assert set(re.findall(r"\w+", first.text)) <= set(re.findall(r"\w+", LONG))
    assert [found.stored.release.title[start:end] for start, end in found.title_hits] == ["Quotas"]


def test_a_text_without_a_hit_shows_its_beginning(project: Project) -> None:
    talks, korean, quotas = searched(project, "").releases
    assert [each.excerpts[0].text for each in (talks, korean)] == ["Delegations met.", "6월 반도체 수출이 늘었다."]
    assert quotas.excerpts[0].text.startswith("The harbour was widened")
    assert quotas.excerpts[0].text.endswith(" …")
    assert searched(project, "").query == ""


@given(st.text(st.sampled_from('ab" 가\n'), max_size=40))
def test_words_are_what_stands_between_spaces_or_quotation_marks(text: str) -> None:
    assert [word.strip() != "" and '"' not in word for word in words_of(text)].count(False) == 0
    if '"' not in text:
        assert list(words_of(text)) == text.split()


def test_a_phrase_is_one_word(project: Project) -> None:
    assert words_of('a "b c" d') == ["a", "b c", "d"]
    assert [each.stored.release.title for each in searched(project, '"6월 반도체"').releases] == ["반도체 수출 증가"]


def test_too_much_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="500 are the most"):
        words_of("a" * 501)
    with pytest.raises(UsageError, match="32 are the most"):
        words_of("a " * 33)
