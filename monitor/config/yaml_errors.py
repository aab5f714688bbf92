"""A YAML parser's complaint → a sentence that says what to do, and the mark it is about.

Both parsers (libyaml's and the pure one) word the same error differently: rules look for what the wordings share.
Nothing of the parser's own text is shown, because it may quote the file.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import yaml


class _Rule(NamedTuple):
    words: str  # of the problem or its context
    message: str
    is_about_start: bool = False  # show where the unfinished thing began, not where the parser gave up


_RULES = (
    _Rule("unexpected end of stream", "this quote is never closed", is_about_start=True),
    _Rule("',' or ']'", "this '[' is never closed, or a comma is missing after an entry", is_about_start=True),
    _Rule("',' or '}'", "this '{' is never closed, or a comma is missing after an entry", is_about_start=True),
    _Rule("scanning an alias", "a value that begins with '*' needs quotes, as in \"*.txt\"", is_about_start=True),
    _Rule("scanning an anchor", "a value that begins with '&' needs quotes", is_about_start=True),
    _Rule("a tag", "a value that begins with '!' needs quotes", is_about_start=True),
    _Rule("escape", "in double quotes a backslash begins an escape; use single quotes, or write it twice"),
    _Rule(
        "mapping values are not allowed",
        "a ':' where no key can be: put a value that holds ': ' in quotes, and give keys of one level one indentation",
    ),
    _Rule("expected ':'", "a key must be followed by ': ' and its value", is_about_start=True),
    _Rule("a block scalar", "after '|' or '>' the text begins on the next line, further in"),
    _Rule("a block", "this fits nothing above it: check the indentation, and that quotes close at the value's end"),
    _Rule("document start", "this fits nothing above it: check the indentation"),
)


def explain_yaml_error(error: yaml.MarkedYAMLError, text: str) -> tuple[str, Any]:
    """What to tell of this error and the parser's mark for it; the mark may be None."""
    mark = error.problem_mark or error.context_mark
    char = text[mark.index : mark.index + 1] if mark else ""
    words = f"{error.context} {error.problem}"
    if char == "\t":
        return "a tab stands here; indent with blanks, YAML allows nothing else", mark
    if mark and text[mark.index - 1 : mark.index + 1] == "${":
        return 'a reference inside [ ] or { } needs quotes, as in "${NAME}"', mark
    if "cannot start any token" in words:
        return f"a value that begins with '{char}' needs quotes", mark
    for rule in _RULES:
        if rule.words in words:
            return rule.message, error.context_mark or mark if rule.is_about_start else mark
    return "this is not valid YAML: check indentation, quotes and brackets around here", mark
