"""Releases → dumps: the format written down once, for every test that needs a file to read.

    dump   = record { LF record }
    record = "-" LF [ category LF ] title LF body " date" YYYY-MM-DD

`record` and `dump` write by hand, `write` writes releases, and the strategies generate both: with straight and curly
quotes, Korean, figures, odd blanks, bodies of several lines or with a lone "-" in them, and bodies that were cut.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from hypothesis import strategies as st

from monitor.model import Release

ROOT = Path(__file__).parents[1]
CATEGORIES = ("Trade/Investment", "Industry", "FTA/Economic Cooperation", "Energy")  # those of the real dumps


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A dump's text beside the releases that it holds, in its order."""

    releases: tuple[Release, ...]
    text: str


def record(title: str, body: str = "A body.", day: str = "2024-07-01", category: str = "") -> str:
    """One record without its "-" line; an empty category, body or day leaves that part out."""
    end = f" date{day}" if day else ""
    return "\n".join(part for part in (category, title, body + end) if part)


def dump(*records: str) -> str:
    """A file's text: each record behind its "-" line, no final newline."""
    return "\n".join(f"-\n{each}" for each in records)


def write(releases: Iterable[Release]) -> str:
    """The dump that shows these releases."""
    return dump(*(record(r.title, r.body, r.date.isoformat() if r.date else "", r.category or "") for r in releases))


def real_dumps() -> list[Path]:
    """The five real dumps; the test is skipped where they are not at hand, and fails for it where CI runs it."""
    folder = ROOT / os.environ.get("MONITOR_REAL_DUMPS", "../shared/seeds")
    found = sorted(folder.glob("*.txt"))
    if not found:
        reason = f"no real dumps in {folder}; name their folder in MONITOR_REAL_DUMPS"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


_PLAIN = ["Korea", "exports", "rose", "Minister", "Ahn", "chips", "talks", "FTA", "visit", "steel", "and", "of the"]
_FIGURES = ["5.1", "9.1%", "$57.1", "2,782,639", "10²", "1½", "CO₂", "H1", "2024", "(2024)", "7월", "-3.2", "USD"]
_QUOTED = ["Korea’s", "Korea's", "“green”", '"green"', "‘AI’", "U.S.–Korea", "date", "date2024", "-", "…", "A&B", "<b>"]
_KOREAN = ["산업통상자원부", "반도체", "수출이", "증가", "자유무역협정(FTA)", "｢협력｣"]
_ODD = ["a\u00a0b", "a\u2028b", "a\u0085b", "a\u200bb", "soft\u00adhyphen", "한국", "\u00e9", "e\u0301", "😀"]
WORDS = st.sampled_from([*_PLAIN * 3, *_FIGURES, *_QUOTED, *_KOREAN, *_ODD])
DATES = st.dates(min_value=date(2000, 1, 1), max_value=date(2099, 12, 31))


def titles() -> st.SearchStrategy[str]:
    """Headlines: one line that ends no sentence and is no category."""
    return st.lists(WORDS, min_size=1, max_size=9).map(" ".join).filter(lambda title: title not in ("-", *CATEGORIES))


def bodies() -> st.SearchStrategy[str]:
    """Texts of one to four lines; the last may be cut, and may stand behind a lone "-".

    Lines before the last are sentences: a record of three lines whose second is none might begin with a category.
    """
    line = st.lists(WORDS, min_size=2, max_size=25).map(" ".join)
    end = st.sampled_from([".", "!", "?", '."', ".’", ""])  # "": a listing cut it
    return st.builds(
        lambda before, dash, last, end: "\n".join([*(f"{each}." for each in before), *dash, last + end]),
        st.lists(line, max_size=3),
        st.sampled_from([[], [], [], ["-"]]),
        line,
        end,
    )


def releases(*, category: bool) -> st.SearchStrategy[Release]:
    """Dated releases of a listing that prints categories, or of one that does not."""
    return st.builds(
        Release,
        title=titles(),
        body=bodies(),
        date=DATES,
        category=st.sampled_from(CATEGORIES) if category else st.none(),
    )


def dumps(*, most: int = 12) -> st.SearchStrategy[Written]:
    """Dumps of one to `most` releases in one of the two layouts; no title stands twice."""
    return st.booleans().flatmap(
        lambda category: (
            st.lists(releases(category=category), min_size=1, max_size=most, unique_by=lambda release: release.title)
            .map(tuple)
            .map(lambda some: Written(releases=some, text=write(some)))
        )
    )
