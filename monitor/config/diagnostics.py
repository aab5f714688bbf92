"""Collect diagnostics in any order and return them in file order, each with its place and a redacted excerpt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple, NoReturn

from monitor.config.redact import is_below_url, mask_span, mask_unparsed, mask_urls, mask_urls_aligned
from monitor.errors import ConfigError, Diagnostic
from monitor.text import escape

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # the line breaks of YAML


class Place(NamedTuple):
    """A place in the file; both numbers begin at 1, and the column counts characters."""

    line: int
    column: int


START = Place(1, 1)


class Diagnostics:
    """A collector of errors and warnings about one configuration file; nothing it returns shows a secret."""

    def __init__(self, file: str, text: str = "") -> None:
        self._file = file
        self._starts = [0, *(match.end() for match in _BREAK.finditer(text))]
        self._lines = _BREAK.split(text)
        self._hidden: dict[int, int] = {}  # start → end
        self._found: list[tuple[Place, str, str, str]] = []
        self.open_key = ""  # the key whose value is being parsed, for a syntax error in it
        self.places: Mapping[str, Place] = {}  # of every dotted path in the file

    def error(self, path: str, message: str) -> None:
        """Add an error; a path that is not in the file gets the place of its nearest parent."""
        self.add(self._nearest(path), path, message)

    def warning(self, path: str, message: str) -> None:
        """Add a warning, which does not prevent loading."""
        self.add(self._nearest(path), path, message, severity="warning")

    def add(self, place: Place, path: str, message: str, *, severity: str = "error") -> None:
        """Add a diagnostic at a known place."""
        self._found.append((place, path, message, severity))

    def refuse(self, place: Place | None, message: str) -> NoReturn:
        """Raise ConfigError for a file that cannot be parsed; earlier diagnostics are dropped.

        place None: the error is about the file as a whole.
        """
        if place and place.line > len(self._lines):  # libyaml's end of a file without a final line break
            place = Place(len(self._lines), len(self._lines[-1]) + 1)
        excerpt = self._unparsed_excerpt(place) if place else ""
        # The parser's error quotes the file, so it must not appear in a traceback either.
        raise ConfigError((self._diagnostic(place, "", message, "error", excerpt),)) from None

    def raise_errors(self) -> None:
        """Raise ConfigError if there are errors; they come before the warnings, both in file order."""
        errors = self._sorted("error")
        if errors:
            raise ConfigError((*errors, *self.warnings())) from None

    def warnings(self) -> tuple[Diagnostic, ...]:
        """Return the warnings in file order."""
        return self._sorted("warning")

    def hide(self, start: int, end: int) -> None:
        """Hide a range of characters of the file, by offset, in every excerpt."""
        self._hidden[start] = end

    def is_hidden(self, start: int) -> bool:
        """Return whether the value that begins at this offset is hidden."""
        return start in self._hidden

    def place_at(self, offset: int) -> Place:
        """Return the place of a character."""
        line = sum(start <= offset for start in self._starts)
        return Place(line, offset - self._starts[line - 1] + 1)

    def place_in(self, path: str, text: str, offset: int) -> Place | None:
        """Return the place of a character of a value; None: it is written with escapes or on several lines."""
        start = self.places.get(path, START)
        line = self._lines[start.line - 1]
        for quote in ("", '"', "'"):
            if line.startswith(quote + text, start.column - 1):
                return Place(start.line, start.column + len(quote) + offset)
        return None

    def _sorted(self, severity: str) -> tuple[Diagnostic, ...]:
        found = sorted((one for one in self._found if one[3] == severity), key=lambda one: one[0])
        excerpts = {line: self._excerpt(line) for line in {place.line for place, *_ in found}}
        return tuple(self._diagnostic(*one, excerpts[one[0].line]) for one in found)

    def _diagnostic(self, place: Place | None, path: str, message: str, severity: str, excerpt: str) -> Diagnostic:
        line, column = place or (0, 0)
        return Diagnostic(
            file=self._file,
            line=line,
            column=column,
            path=escape(mask_urls(path)),
            message=escape(message),
            excerpt=excerpt,
            severity=severity,
        )

    def _unparsed_excerpt(self, place: Place) -> str:
        lines = self._lines[: place.line]
        return mask_unparsed(lines[-1], is_inside_secret=self.open_key == "url" or is_below_url(lines)).rstrip()

    def _excerpt(self, number: int) -> str:
        line, offset = self._lines[number - 1], self._starts[number - 1]
        for start, end in self._hidden.items():
            first, last = max(start - offset, 0), min(end - offset, len(line))
            if first < last:
                line = mask_span(line, first, last)
        return mask_urls_aligned(line).rstrip()

    def _nearest(self, path: str) -> Place:
        while path and path not in self.places:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.places.get(path, START)
