"""Read the front matter of a document: YAML of which every value stays text.

A program that writes it without quotes leaves what is no YAML, such as `title: Talks: day two`. Then each line counts
for itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

MAX_LENGTH = 64_000  # characters
_MAX_DEPTH = 64
_MAX_BRACKETS = 2_000  # the parser in Python takes quadratic time for many that are open
_NULLS = ("~", "null", "Null", "NULL")
_FIELD = re.compile(r"([^\s:#\-\[\]{}][^:\n]{0,60}):(?:[ \t]++(.*))?[ \t]*\Z")
_ITEM = re.compile(r"[ \t]*-[ \t]+(.*)\Z")
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class _NotTaken(ValueError):
    """It is YAML that no program writes for a document."""


def begins_field(line: str) -> bool:
    """Return whether a line is one that front matter may begin with."""
    return line.lstrip().startswith("#") or _FIELD.match(line) is not None


def fields_in(text: str) -> dict[str, object]:
    """Return the fields of front matter: texts, lists and objects of texts. It has none where it is no mapping."""
    try:
        if text.count("[") + text.count("{") > _MAX_BRACKETS:
            raise _NotTaken
        events = (event for event in yaml.parse(text, Loader=_LOADER) if not isinstance(event, _FRAMES))
        first = next(events, None)
        value = _built(events, first) if first else {}
    except (yaml.YAMLError, ValueError):  # also a byte that did not decode
        return _fields_by_line(text)
    return value if isinstance(value, dict) else {}


_FRAMES = (yaml.StreamStartEvent, yaml.StreamEndEvent, yaml.DocumentStartEvent, yaml.DocumentEndEvent)


def _built(events: Iterator[Any], event: Any, depth: int = 0) -> object:
    """Return the value that begins with an event; an alias is nothing, as it may stand for any amount."""
    if depth > _MAX_DEPTH:
        raise _NotTaken
    if isinstance(event, yaml.MappingStartEvent):
        found = dict[str, object]()
        while not isinstance(key := next(events), yaml.MappingEndEvent):
            name, value = _built(events, key, depth + 1), _built(events, next(events), depth + 1)
            if isinstance(name, str):
                found.setdefault(name, value)
        return found
    if isinstance(event, yaml.SequenceStartEvent):
        items = list[object]()
        while not isinstance(item := next(events), yaml.SequenceEndEvent):
            items.append(_built(events, item, depth + 1))
        return items
    if isinstance(event, yaml.ScalarEvent):
        return "" if event.implicit[0] and event.value in _NULLS else event.value
    return ""


def _fields_by_line(text: str) -> dict[str, object]:
    found, items = dict[str, object](), list[object]()
    for line in text.split("\n"):
        if match := _FIELD.match(line):
            value = (match[2] or "").strip()
            items = []
            found.setdefault(match[1].strip(), _unquoted(value) if value else items)
        elif match := _ITEM.match(line):
            items.append(_unquoted(match[1].strip()))
    return found


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
