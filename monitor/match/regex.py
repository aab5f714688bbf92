"""Find a user's regular expression in a release; the only module that imports google-re2.

Never `re`: a user's pattern could cost it 8.5 s for 27 characters, where RE2's cost grows with the text alone.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

from monitor.errors import UsageError
from monitor.frozen import dataclass
from monitor.match.document import Document

_MISSING = (
    "regex: needs google-re2; run pip install google-re2 or pipx inject press-monitor google-re2, or write query:"
)
_MEMORY = 8 << 20  # bytes one pattern may take: a repeat of repeats is refused instead of built


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A compiled regular expression; case and inflection do not apply to it."""

    source: str
    compiled: Any
    fields: tuple[str, ...]

    def matches(self, document: Document) -> bool:
        """Return whether it matches anywhere in the fields."""
        return next(self.find(document), None) is not None

    def find(self, document: Document) -> Iterator[tuple[str, int, int]]:
        """Yield every location as (field, start, end), offsets into the raw text, without empty matches."""
        for field in self.fields:
            for match in self.compiled.finditer(document.field(field).text):
                if match.end() > match.start():
                    yield field, match.start(), match.end()


def read_pattern(source: str, *, fields: tuple[str, ...]) -> Pattern:
    """Prepare a regular expression. Raises UsageError if it is not valid or google-re2 is not installed."""
    try:
        re2 = importlib.import_module("re2")
    except ModuleNotFoundError:
        raise UsageError(_MISSING, where=source) from None
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return Pattern(source=source, compiled=re2.compile(source, options=options), fields=fields)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        reason = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        raise UsageError(f"this is no regular expression that RE2 reads: {reason}", where=source) from None
