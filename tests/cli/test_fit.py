"""Lines and tables that fit a terminal, counted in cells."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from monitor.cli.alerts import _cells
from monitor.cli.fit import column_widths, cut, fold, line_of, terminal_width
from monitor.ports import Row
from monitor.text import columns

RED, RESET = "\x1b[31m", "\x1b[0m"


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("FTA talks", None, "FTA talks"),
        ("FTA talks", 9, "FTA talks"),
        ("FTA talks", 8, "FTA tal…"),
        ("한국과 캐나다", 13, "한국과 캐나다"),
        ("한국과 캐나다", 12, "한국과 캐나…"),
        ("한국과 캐나다", 11, "한국과 캐…"),
        ("한국", 2, "…"),
        ("한국", 1, "…"),
        (f"ok {RED}failing{RESET}", 10, f"ok {RED}failing{RESET}"),
        (f"ok {RED}failing{RESET}", 6, f"ok {RED}fa{RESET}…"),
    ],
)
def test_a_text_is_cut_by_its_cells(text: str, width: int | None, shown: str) -> None:
    assert cut(text, width) == shown


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("short", ["short"]),
        ("one two three four", ["one two", "three", "four"]),
        ("one two three four five", ["one two", "three", "four …"]),
        ("abcdefghijkl m", ["abcdefgh", "ijkl m"]),
        ("산업통상 자원부", ["산업통상", "자원부"]),
        (f"a {RED}red text here{RESET}", [f"a {RED}red{RESET}", f"{RED}text{RESET}", f"{RED}here{RESET}"]),
    ],
)
def test_a_text_is_folded_between_words_into_three_lines(text: str, lines: list[str]) -> None:
    assert list(fold(text, first=8, rest=6, lines=3)) == lines


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (200, [3, 16, 60, 30]),
        (100, [3, 16, 45, 30]),
        (60, [3, 16, 17, 17]),
        (30, [3, 16, 8, 8]),  # the line itself is cut
    ],
)
def test_the_widest_columns_give_way_and_numbers_and_times_stay(width: int, expected: list[int]) -> None:
    assert column_widths([3, 16, 60, 30], [2, 4, 4, 6], width) == expected


@pytest.mark.parametrize(("asked", "width"), [("60", 60), ("0", None), ("", None), ("wide", None)])
def test_the_width_is_that_of_columns_or_of_a_terminal(
    monkeypatch: pytest.MonkeyPatch, asked: str, width: int | None
) -> None:
    monkeypatch.setenv("COLUMNS", asked)
    assert terminal_width() == width  # stdout is no terminal here


def test_a_long_title_in_the_list_of_alerts_says_that_it_is_cut() -> None:
    row: Row = {"id": 1, "channel": "team", "kind": "instant", "state": "pending", "attempts": 1}
    row = {**row, "sent_at": None, "due": "2026-11-23T00:00:00Z", "reason": None, "items": [{"title": "a" * 61}] * 3}
    assert _cells(ZoneInfo("UTC"), row)[6] == "a" * 59 + "… and 2 more"


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (None, "#17  Talks on tariffs in Seoul  → fta"),
        (40, "#17  Talks on tariffs in Seoul  → fta"),
        (34, "#17  Talks on tariffs in S…  → fta"),
        (31, "#17  Talks on tariffs in Seoul…"),
        (12, "#17  Talks …"),
    ],
)
def test_of_a_line_the_middle_gives_way_first(width: int | None, shown: str) -> None:
    line = line_of("#17  ", "Talks on tariffs in Seoul", "  → fta", width)
    assert width is None or columns(line) <= width
    assert line == shown
