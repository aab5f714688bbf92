"""Synthetic releases of real size for the benches: seeded, all different, figures included."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta

_STEMS = (
    "ministry",
    "export",
    "trade",
    "chip",
    "energy",
    "accord",
    "port",
    "steel",
    "visit",
    "forum",
    "survey",
    "quota",
)
_ENDS = ["", "s", "al", "ing", "ed", "ers", "ment", "ly", "ion", "ive", "ance", "ist", "ward", "less", "ful", "ish"]
WORDS = tuple(stem + end for stem in _STEMS for end in _ENDS)
LENGTH = 300  # words: about 2 KB, as the real releases


def release(number: int) -> tuple[str, str, date]:
    """Title, body and day of the n-th release; 20 releases a day."""
    dice = random.Random(number)  # noqa: S311 - reproducible, not secret
    words = dice.choices(WORDS, k=LENGTH)
    for place in range(11, LENGTH, 17):
        words[place] = f"{dice.uniform(0, 100):.1f}"
    sentences = (" ".join(words[start : start + 20]).capitalize() for start in range(0, LENGTH, 20))
    title = f"{words[0].capitalize()} {words[1]} {words[2]} in round {number}"
    return title, ". ".join(sentences) + ".", date(2020, 1, 1) + timedelta(days=number // 20)


def dump(releases: Sequence[tuple[str, str, date]]) -> str:
    """The releases as one dump without categories."""
    return "\n".join(f"-\n{title}\n{body} date{day}" for title, body, day in releases)
