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
KOREAN_WORDS = tuple(
    stem + end
    for stem in ("산업", "수출", "통상", "반도체", "에너지", "협정", "항만", "철강", "투자", "공급망", "조사", "무역")
    for end in ("", "은", "을", "의", "에서", "으로", "부", "정책", "협력을", "지원한다", "확대하고", "규모는")
)
LENGTH = 300  # words: about 2 KB, as the real releases


def release(number: int, *, words: Sequence[str] = WORDS, length: int = LENGTH) -> tuple[str, str, date]:
    """Title, body and day of the n-th release, of so many words; 20 releases a day."""
    dice = random.Random(number)  # noqa: S311 - reproducible, not secret
    chosen = dice.choices(words, k=length)
    for place in range(11, length, 17):
        chosen[place] = f"{dice.uniform(0, 100):.1f}"
    sentences = (" ".join(chosen[start : start + 20]).capitalize() for start in range(0, length, 20))
    title = f"{chosen[0].capitalize()} {chosen[1]} {chosen[2]} in round {number}"
    return title, ". ".join(sentences) + ".", date(2020, 1, 1) + timedelta(days=number // 20)


def dump(releases: Sequence[tuple[str, str, date]]) -> str:
    """The releases as one dump without categories."""
    return "\n".join(f"-\n{title}\n{body} date{day}" for title, body, day in releases)
