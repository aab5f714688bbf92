"""Check that the cheap look at two texts never says more than their three-word sequences do."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.compare.fingerprint import NormalForm
from monitor.compare.similarity import share_nearly_all, similarity_of

LEAST = 0.8
LISTS = st.lists(st.sampled_from(["a", "b", "c", "dd", "ee", "5.1", "", "f."]), max_size=30)


def form(body: str, *, is_cut: bool = False) -> NormalForm:
    return NormalForm(title="", body=body, date=None, is_cut=is_cut)


@given(LISTS, LISTS, LISTS, LISTS, st.floats(0.05, 1), st.booleans())
def test_texts_that_seem_to_share_nearly_all_do(
    start: list[str], old: list[str], new: list[str], end: list[str], least: float, is_cut: bool
) -> None:
    one = form(" ".join(start + old + end))
    other = form(" ".join(start + new + end), is_cut=is_cut)
    if share_nearly_all(one, other, least=least):
        assert similarity_of(one, other) >= least
    assert share_nearly_all(one, one, least=least) == bool(similarity_of(one, one))


@pytest.mark.parametrize(("edits", "is_seen"), [(1, True), (40, False)])
def test_one_edit_is_seen_without_any_sequence(edits: int, is_seen: bool) -> None:
    words = [f"word{number}" for number in range(300)]
    edited = list(words)
    for place in random.Random(1).sample(range(5, 295), edits):  # noqa: S311 - reproducible, not secret
        edited[place] = "another"
    one, other = form(" ".join(words)), form(" ".join(edited))
    assert share_nearly_all(one, other, least=LEAST) == is_seen
    assert not {"shingles"} & (vars(one).keys() | vars(other).keys())
