"""Read a configuration in which an entry is no YAML: report it, take it out, and read all the others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import NamedTuple

from monitor.config.diagnostics import Diagnostics
from monitor.config.redact import SETTINGS
from monitor.config.yaml_tree import Entry, MappingNode, ScalarNode, read
from monitor.errors import ConfigError, Diagnostic

_KEY = re.compile(r"""( *)(?:"[^"\\]*"|'[^']*'|[^\s"'#&*!|>%@`{}\[\],?:-][^\s"'#{}\[\],:]*) *:(?=\s|$)""")
_OTHER_BREAKS = re.compile("\r(?!\n)|[\x85\u2028\u2029]")
_MOST = 30  # rounds; each takes out one entry


class _Part(NamedTuple):
    """The lines of a section, or of an entry in one; both are counted from 0."""

    start: int
    end: int  # exclusive


def read_what_parses(file: str, text: str) -> tuple[MappingNode, Diagnostics]:
    """Return the tree and what is wrong so far; an entry that is no YAML has its name and a value with an error.

    Raises ConfigError where no entry can be told apart from the others.
    """
    lines = text.split("\n")
    faults: dict[_Part, Diagnostic] = {}
    for _ in range(_MOST):
        diagnostics = Diagnostics(file, text)
        try:
            root = read(_without(lines, faults), diagnostics)
        except ConfigError as error:
            part = None if _OTHER_BREAKS.search(text) else _part_at(lines, error.faults[0].line)
            if part is None or part in faults:
                raise
            fault = _without_continuation(error.faults[0], lines, faults)
            # What lies below may only have followed from this, as from a quote that is never closed.
            faults = {one: other for one, other in faults.items() if one.end <= part.start} | {part: fault}
            continue
        ends = list(accumulate(len(line) + 1 for line in lines))
        for part in faults:
            diagnostics.hidden[ends[part.start] - len(lines[part.start]) - 1] = ends[part.end - 1] - 1
        diagnostics.parser_faults = tuple(faults.values())
        return _marked(root, {part.start + 1 for part in faults}), diagnostics
    raise ConfigError(tuple(sorted(faults.values(), key=lambda one: one.line)))


def _without_continuation(fault: Diagnostic, lines: Sequence[str], parts: Iterable[_Part]) -> Diagnostic:
    """Return the fault without the text of a line that begins with no key, or lies below a part that is taken out.

    Such a line may continue a secret.
    """
    at = min(fault.line, len(lines)) - 1
    above = next((one for one in range(at - 1, -1, -1) if _is_content(lines[one])), None)
    part = next((one for one in parts if above is not None and one.start <= above < one.end), None)
    is_apart = part is None or _depth(lines[at]) == _depth(lines[part.start])
    is_setting = _KEY.match(lines[at]) or not SETTINGS.isdisjoint(lines[at].split()[:1])
    return fault if is_apart and (is_setting or not at) else replace(fault, excerpt="")


def _part_at(lines: Sequence[str], number: int) -> _Part | None:
    """Return the entry, or the section, in which a line lies; None: there is no key above it."""
    at = min(number, len(lines)) - 1
    top = next((one for one in range(at, -1, -1) if _is_content(lines[one]) and not lines[one][0].isspace()), None)
    if number < 1 or top is None or not _KEY.match(lines[top]):
        return None
    section = _Part(top, _end(lines, top, 0))
    inside = [one for one in range(top + 1, section.end) if _is_content(lines[one])]
    depth = _depth(lines[inside[0]]) if inside else 0
    entries = [one for one in inside if _depth(lines[one]) == depth and one <= at]
    if at == top or not entries or not _KEY.match(lines[entries[-1]]):
        return section
    return _Part(entries[-1], _end(lines, entries[-1], depth))


def _end(lines: Sequence[str], start: int, depth: int) -> int:
    """Return where the part ends that begins in this line, at this depth."""
    below = range(start + 1, len(lines))
    return next((one for one in below if _is_content(lines[one]) and _depth(lines[one]) <= depth), len(lines))


def _is_content(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _depth(line: str) -> int:
    """Return the indentation; a tab, which is an error, continues what stands above."""
    return len(line.expandtabs(100)) - len(line.expandtabs(100).lstrip())


def _without(lines: Sequence[str], parts: Mapping[_Part, Diagnostic]) -> str:
    """Return the text with only the key of each of these parts; every other character keeps its place."""
    kept = list(lines)
    for part in parts:
        key = _KEY.match(lines[part.start])
        kept[part.start : part.end] = [" " * len(line) for line in lines[part.start : part.end]]
        kept[part.start] = (key[0] if key else "").ljust(len(lines[part.start]))
    return "\n".join(kept)


def _marked(root: MappingNode, lines: set[int]) -> MappingNode:
    """Return the tree with an error at the keys in these lines."""
    entries = {}
    for key, (place, node, repeats) in root.entries.items():
        inner = _marked(node, lines) if isinstance(node, MappingNode) and place.line not in lines else node
        if place.line in lines and isinstance(inner, ScalarNode):
            inner = replace(inner, has_error=True)
        entries[key] = Entry(place, inner, repeats)
    return replace(root, entries=entries)
