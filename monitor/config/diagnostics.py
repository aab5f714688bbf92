"""Collect diagnostics in any order, return them in file order with redacted excerpts, and render them for people."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple, NoReturn

from monitor.config.redact import (
    mask_spans,
    mask_unparsed,
    mask_urls,
    mask_urls_aligned,
    may_be_secret,
    without_comment,
)
from monitor.errors import ConfigError, Diagnostic
from monitor.text import columns, escape

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # the line breaks of YAML
_PART = re.compile(r"[.\[]")  # the beginning of the next part of a dotted path
_WINDOW = 100  # characters of a long line that are shown
_LEAD = 60  # of these, at most so many before the caret
_Spans = list[tuple[int, int]]  # start and end of ranges of characters
_BOLD, _RED, _YELLOW, _RESET = "\x1b[1m", "\x1b[31m", "\x1b[33m", "\x1b[0m"


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
        self._found: list[tuple[Place, str, str, str]] = []
        self.hidden: dict[int, int] = {}  # start → end of every range of characters that no excerpt may show
        self.quoted: dict[int, int] = {}  # start → end of every value whose `#` begins no comment
        self.open_key = ""  # the key whose value is being parsed, for a syntax error in it
        self.places: Mapping[str, Place] = {}  # of every dotted path in the file
        self.withheld: Collection[str] = ()  # dotted paths of values that are not known, so nothing is wrong with them
        self.parser_faults: tuple[Diagnostic, ...] = ()  # of entries that are no YAML
        self._faulty: set[str] = set()  # paths of errors, and those of all that they lie in

    def error(self, path: str, message: str) -> None:
        """Add an error; a path that is not in the file gets the place of its nearest parent."""
        self.add(self.nearest(path), path, message)

    def warning(self, path: str, message: str) -> None:
        """Add a warning, which does not prevent loading."""
        self.add(self.nearest(path), path, message, severity="warning")

    def add(self, place: Place, path: str, message: str, *, severity: str = "error") -> None:
        """Add a diagnostic at a known place."""
        if path in self.withheld:
            return
        self._found.append((place, path, message, severity))
        if severity == "error":
            self._faulty.update(("", path, *(path[: found.start()] for found in _PART.finditer(path))))

    def has_error(self, path: str = "") -> bool:
        """Return whether there is an error at this path or below it; without a path: anywhere."""
        return path in self._faulty or bool(not path and self.parser_faults)

    def error_paths(self) -> frozenset[str]:
        """Return the dotted paths of all errors."""
        return frozenset(path for _, path, _, severity in self._found if severity == "error")

    def refuse(self, place: Place | None, message: str) -> NoReturn:
        """Raise ConfigError for a file that cannot be parsed; earlier diagnostics are dropped.

        place None: the error is about the file as a whole.
        """
        if place and place.line > len(self._lines):  # libyaml's end of a file without a final line break
            place = Place(len(self._lines), len(self._lines[-1]) + 1)
        lines = self._lines[: place.line] if place else [""]
        is_inside_secret = self.open_key == "url" or may_be_secret(lines)
        excerpt = mask_unparsed(lines[-1], is_inside_secret=is_inside_secret).rstrip() if place else ""
        # The parser's error quotes the file, so it must not appear in a traceback either.
        raise ConfigError((self._diagnostic(place, "", message, "error", excerpt),)) from None

    def raise_errors(self) -> None:
        """Raise ConfigError if there are errors; they come before the warnings, both in file order."""
        if errors := self.errors():
            raise ConfigError((*errors, *self.warnings())) from None

    def errors(self) -> tuple[Diagnostic, ...]:
        """Return the errors in file order."""
        both = (*self.parser_faults, *self._sorted("error"))
        return tuple(sorted(both, key=lambda one: (one.line, one.column)))

    def warnings(self) -> tuple[Diagnostic, ...]:
        """Return the warnings in file order."""
        return self._sorted("warning")

    def place_at(self, offset: int) -> Place:
        """Return the place of a character."""
        line = bisect_right(self._starts, offset)
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
        unique = dict.fromkeys(one for one in self._found if one[3] == severity)  # a file may be read more than once
        found = sorted(unique, key=lambda one: one[0])
        hidden, values = sorted(self.hidden.items()), sorted({**self.quoted, **self.hidden}.items())
        excerpts = {line: self._excerpt(line, hidden, values) for line in {place.line for place, *_ in found}}
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

    def _excerpt(self, number: int, hidden: _Spans, values: _Spans) -> str:
        line = self._lines[number - 1]
        shown = without_comment(line, self._in_line(number, values))
        masked = mask_spans(line, self._in_line(number, hidden))[: len(shown)]
        return mask_urls_aligned(masked).rstrip()

    def _in_line(self, number: int, spans: _Spans) -> Iterator[tuple[int, int]]:
        """Yield those of the sorted spans that lie in a line, as columns of it."""
        offset, length = self._starts[number - 1], len(self._lines[number - 1])
        first = bisect_left(spans, (offset, 0))
        for start, end in spans[max(first - 1, 0) :]:
            if start >= offset + length:
                break
            if end > offset:
                yield max(start - offset, 0), min(end - offset, length)

    def nearest(self, path: str) -> Place:
        """Return the place of a dotted path, or of its nearest parent in the file."""
        while path and path not in self.places:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.places.get(path, START)


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
    end = text.find("\n", start)
    line = text[start : end if end >= 0 else len(text)]
    at = min(column - 1 - start, len(line))  # a masked line may end before the column
    first = max(0, at - _LEAD) if len(line) > _WINDOW else 0
    before = ("…" if first else "") + escape(line[first:at])
    after = escape(line[at : first + _WINDOW]) + ("…" if first + _WINDOW < len(line) else "")
    return f"  {before}{after}\n  {' ' * columns(before)}{caret}"
