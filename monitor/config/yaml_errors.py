"""Translate a YAML parser's error into a sentence that says what to do.

The two parsers (libyaml's and the pure one) word the same error differently: the rules match what both wordings share.
The parser's own text is never shown, because it may quote the file.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import yaml


class _Rule(NamedTuple):
    words: str  # of the problem or its context
    message: str
    is_about_start: bool = False  # show where the incomplete part begins, not where the parser stopped


_RULES = (
    _Rule("unexpected end of stream", "this quote is never closed: add the closing quote", is_about_start=True),
    _Rule("',' or ']'", "this '[' is never closed, or a comma is missing after an entry", is_about_start=True),
    _Rule("',' or '}'", "this '{' is never closed, or a comma is missing after an entry", is_about_start=True),
    _Rule("scanning an alias", "a value that begins with '*' needs quotes, for example \"*.txt\"", is_about_start=True),
    _Rule("scanning an anchor", "a value that begins with '&' needs quotes", is_about_start=True),
    _Rule("a tag", "a value that begins with '!' needs quotes", is_about_start=True),
    _Rule("escape", "in double quotes a backslash begins an escape: use single quotes, or write two backslashes"),
    _Rule(
        "mapping values are not allowed",
        "a ':' is not allowed here: put a value that contains ': ' in quotes, and indent keys of one level equally",
    ),
    _Rule("expected ':'", "a key must be followed by ': ' and a value", is_about_start=True),
    _Rule("a block scalar", "after '|' or '>' the text must begin on the next line, indented further"),
    _Rule(
        "a block",
        "this does not fit the lines above: check the indentation, and that quotes close at the end of a value",
    ),
    _Rule("document start", "this does not fit the lines above: check the indentation"),
)


def explain_yaml_error(error: yaml.MarkedYAMLError, text: str) -> tuple[str, Any]:
    """Return the message for an error, and the parser's mark of its place (or None)."""
    mark = error.problem_mark or error.context_mark
    char = text[mark.index : mark.index + 1] if mark else ""
    words = f"{error.context} {error.problem}"
    if char == "\t":
        return "this is a tab: indent with spaces, because YAML does not allow tabs", mark
    if mark and text[mark.index - 1 : mark.index + 1] == "${":
        return 'a reference inside [ ] or { } needs quotes, for example "${NAME}"', mark
    if "cannot start any token" in words:
        return f"a value that begins with '{char}' needs quotes", mark
    for rule in _RULES:
        if rule.words in words:
            return rule.message, error.context_mark or mark if rule.is_about_start else mark
    return "this is not valid YAML: check indentation, quotes and brackets near here", mark
