"""Faults → text for people: place, sentence, the line itself and a caret under the spot."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from monitor.errors import Diagnostic
from monitor.text import escape

_WINDOW = 100  # characters of a long line that are shown
_LEAD = 60  # of these, at most so many before the caret
_BOLD, _RED, _YELLOW, _RESET = "\x1b[1m", "\x1b[31m", "\x1b[33m", "\x1b[0m"


def render_diagnostics(diagnostics: Iterable[Diagnostic], *, color: bool = False) -> str:
    """One to three lines per fault, without a line break at the end; safe to print whatever the file holds."""
    return "\n".join(_render(diagnostic, color=color) for diagnostic in diagnostics)


def _render(diagnostic: Diagnostic, *, color: bool) -> str:
    where, severity, caret = escape(diagnostic.where), diagnostic.severity, "^"
    if color:
        colour = _RED if severity == "error" else _YELLOW
        where, severity, caret = f"{_BOLD}{where}{_RESET}", f"{colour}{severity}{_RESET}", f"{colour}^{_RESET}"
    path = f"{escape(diagnostic.path)}: " if diagnostic.path else ""
    head = f"{where}: {severity}: {path}{escape(diagnostic.message)}"
    if not diagnostic.excerpt or not diagnostic.line:
        return head
    return f"{head}\n{caret_excerpt(diagnostic.excerpt, diagnostic.column, caret=caret)}"


def caret_excerpt(text: str, column: int, *, caret: str = "^") -> str:
    """The line of a text that holds the column (a character, from 1), and below it a caret under that character."""
    start = text.rfind("\n", 0, column - 1) + 1
    line = text[start:].partition("\n")[0]
    before, after = _window(line, column - 1 - start)
    return f"  {before}{after}\n  {' ' * columns(before)}{caret}"


def columns(text: str) -> int:
    """How many terminal columns printable text takes: two for a wide character, none for a combining mark."""
    return sum(_column_count(char) for char in text)


def _column_count(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _window(line: str, at: int) -> tuple[str, str]:
    """What to show before the caret and from it on; a caret beyond a masked line's end stands at its end."""
    at = min(at, len(line))
    start = max(0, at - _LEAD) if len(line) > _WINDOW else 0
    end = start + _WINDOW
    before, after = escape(line[start:at]), escape(line[at:end])
    return ("…" if start else "") + before, after + ("…" if end < len(line) else "")
