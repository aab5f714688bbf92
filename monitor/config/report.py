"""Render diagnostics for people: place, message, source line and a caret below the position."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from monitor.errors import Diagnostic
from monitor.text import escape

_WINDOW = 100  # characters of a long line that are shown
_LEAD = 60  # of these, at most so many before the caret
_BOLD, _RED, _YELLOW, _RESET = "\x1b[1m", "\x1b[31m", "\x1b[33m", "\x1b[0m"


def render_diagnostics(diagnostics: Iterable[Diagnostic], *, color: bool = False) -> str:
    """Return one to three lines per diagnostic, without a final line break; control characters are escaped."""
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
    """Return the line of a text that contains the column (a character, from 1), with a caret below that character."""
    start = text.rfind("\n", 0, column - 1) + 1
    line = text[start:].partition("\n")[0]
    before, after = _window(line, column - 1 - start)
    return f"  {before}{after}\n  {' ' * columns(before)}{caret}"


def columns(text: str) -> int:
    """Return the width of printable text in terminal columns: a wide character takes two, a combining mark none."""
    return sum(
        0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in ("W", "F")) for char in text
    )


def _window(line: str, at: int) -> tuple[str, str]:
    """Return the text before and after the caret; a column beyond the end of a masked line counts as its end."""
    at = min(at, len(line))
    start = max(0, at - _LEAD) if len(line) > _WINDOW else 0
    end = start + _WINDOW
    before, after = escape(line[start:at]), escape(line[at:end])
    return ("…" if start else "") + before, after + ("…" if end < len(line) else "")
