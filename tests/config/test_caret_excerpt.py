"""Diagnostics are rendered with a caret at the right column, whatever the line contains."""

from __future__ import annotations

import pytest

from monitor.config import render_diagnostics
from monitor.errors import Diagnostic
from monitor.text import columns


def fault(**given: object) -> Diagnostic:
    values: dict[str, object] = {"file": "config.yaml", "line": 3, "column": 5, "path": "a.b", "message": "is wrong"}
    return Diagnostic(**(values | {"excerpt": "a: {b: 1}"} | given))  # type: ignore[arg-type]  # a row sets what it is about


@pytest.mark.parametrize(
    ("given", "rendered"),
    [
        ({}, "config.yaml:3:5: error: a.b: is wrong\n  a: {b: 1}\n      ^"),
        ({"path": ""}, "config.yaml:3:5: error: is wrong\n  a: {b: 1}\n      ^"),
        ({"severity": "warning"}, "config.yaml:3:5: warning: a.b: is wrong\n  a: {b: 1}\n      ^"),
        ({"line": 0, "column": 0, "excerpt": ""}, "config.yaml: error: a.b: is wrong"),
        ({"excerpt": ""}, "config.yaml:3:5: error: a.b: is wrong"),
        ({"excerpt": "무역: x"}, "config.yaml:3:5: error: a.b: is wrong\n  무역: x\n        ^"),
        ({"excerpt": "e\u0301t: x"}, "config.yaml:3:5: error: a.b: is wrong\n  e\u0301t: x\n     ^"),
        ({"excerpt": "\ta: x"}, "config.yaml:3:5: error: a.b: is wrong\n  \\x09a: x\n         ^"),
        ({"excerpt": "x", "column": 80}, "config.yaml:3:80: error: a.b: is wrong\n  x\n   ^"),
        (
            {"file": "a\x1b[1m", "path": "b\n", "message": "c\r", "excerpt": ""},
            "a\\x1b[1m:3:5: error: b\\x0a: c\\x0d",
        ),
    ],
)
def test_a_diagnostic_is_rendered_with_its_line_and_a_caret(given: dict[str, object], rendered: str) -> None:
    assert render_diagnostics([fault(**given)]) == rendered


def test_of_a_very_long_line_the_part_around_the_spot_is_shown() -> None:
    line = "x" * 200 + "HERE" + "y" * 200
    _, shown, caret = render_diagnostics([fault(excerpt=line, column=201)]).split("\n")
    assert shown == "  …" + "x" * 60 + "HERE" + "y" * 36 + "…"
    assert shown[caret.index("^") :].startswith("HERE")


def test_color_marks_place_severity_and_caret() -> None:
    rendered = render_diagnostics([fault(), fault(severity="warning")], color=True)
    assert rendered.count("\x1b[31m") == rendered.count("\x1b[33m") == 2
    assert rendered.startswith("\x1b[1mconfig.yaml:3:5\x1b[0m: \x1b[31merror\x1b[0m: a.b")


def test_no_diagnostics_render_as_nothing() -> None:
    assert render_diagnostics([]) == ""


@pytest.mark.parametrize(("text", "count"), [("abc", 3), ("한글", 4), ("ｗ", 2), ("e\u0301", 1), ("", 0)])
def test_wide_characters_take_two_columns(text: str, count: int) -> None:
    assert columns(text) == count
