"""YAML text → a tree in which every value is still text and knows its place.

Keywords such as NO, 232, 12:30 or 2024-07-01 stay what the user typed: no YAML type is ever resolved. The tree is
built from parser events, not from PyYAML's node graph: the graph hides anchors, follows aliases and recurses as
deep as the file asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import yaml

from monitor.config.diagnostics import START, Findings, Place
from monitor.config.redact import is_secret_place
from monitor.config.yaml_errors import sentence

_DEPTH = 12  # levels; the deepest setting there is lies at five
_UNSUPPORTED = "is not supported here; put a value in quotes, or write out what it stands for"
_NULLS = ("", "~", "null", "Null", "NULL")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# libyaml is twelve times faster and refuses escapes that name no character; the pure parser serves where it is not.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """One value, as text."""

    place: Place
    raw: str  # as the file has it, quotes and YAML escapes resolved
    text: str  # the same after interpolation
    is_plain: bool = True  # without quotes: only then can it mean "not set"
    is_secret: bool = False  # stands where secrets stand
    is_filled: bool = False  # interpolation put text into it
    is_broken: bool = False  # has had its fault: no later check may add another

    @property
    def is_unset(self) -> bool:
        """Whether it means "not set" where one value is expected."""
        return not self.text if self.is_filled else self.is_plain and self.raw in _NULLS


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A list."""

    place: Place
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Keys with what stands under them, in file order."""

    place: Place
    entries: Mapping[str, Entry]


Node = Scalar | Series | Table
Path = tuple[str | int, ...]  # keys and list positions from the root


class Entry(NamedTuple):
    """What stands under a key, and where the key itself stands."""

    place: Place
    node: Node


def read(text: str, findings: Findings, *, loader: Any = LOADER) -> Table:
    """The whole file; a syntax error ends the reading, every other fault is noted and reading goes on."""
    bad = _UNPRINTABLE.search(text)
    if bad:
        findings.refuse(
            findings.place_at(bad.start()), f"the character U+{ord(bad[0]):04X} cannot stand in a text file"
        )
    reader = _Reader(yaml.parse(text, Loader=loader), findings)
    try:
        root = reader.document()
    except yaml.MarkedYAMLError as error:
        message, mark = sentence(error, text)
        findings.refuse(_place(mark) if mark else START, message)
    except (yaml.YAMLError, OverflowError, ValueError):  # the pure parser's answer to "\UFFFFFFFF" or a huge %YAML
        findings.refuse(START, "this is not valid YAML: an escape or a directive names a number that cannot be")
    if isinstance(root, Scalar) and root.is_unset:
        findings.refuse(None, "the file is empty; it needs at least sources: and channels:")
    if not isinstance(root, Table):
        findings.refuse(root.place, "a configuration consists of keys such as sources: and channels:")
    return root


def walk(node: Node, path: str = "", place: Place | None = None) -> Iterator[tuple[str, Place, Node]]:
    """Every node with its dotted path and the place to show for it: a value's own, a table's key."""
    yield path, node.place if isinstance(node, Scalar) or place is None else place, node
    if isinstance(node, Table):
        for key, entry in node.entries.items():
            yield from walk(entry.node, f"{path}.{key}" if path else key, entry.place)
    elif isinstance(node, Series):
        for number, item in enumerate(node.items):
            yield from walk(item, f"{path}[{number}]", item.place)


def plain(node: Node) -> Any:
    """The tree as dicts, lists and text, None for "not set"; in a list `~` and `null` are words like any other."""
    if isinstance(node, Table):
        return {key: plain(entry.node) for key, entry in node.entries.items()}
    if isinstance(node, Series):
        return [item.text if isinstance(item, Scalar) else plain(item) for item in node.items]
    return None if node.is_unset or node.is_broken else node.text


class _Reader:
    """Takes parser events one by one; each method consumes exactly its own node."""

    def __init__(self, events: Iterator[Any], findings: Findings) -> None:
        self._events = events
        self._findings = findings

    def document(self) -> Node:
        root: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    self._findings.refuse(_place(event.start_mark), "a second document begins here; one file holds one")
                root = self._node(next(self._events), ())
        return root or Scalar(place=START, raw="", text="")

    def _node(self, event: Any, path: Path) -> Node:
        place = _place(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            self._note(place, path, f"a value that begins with '*' is a YAML alias, which {_UNSUPPORTED}")
            return Scalar(place=place, raw="", text="", is_broken=True)
        self._note_extras(event, path)
        if len(path) > _DEPTH:
            self._findings.refuse(place, f"more than {_DEPTH} levels deep; no setting lies that deep")
        if isinstance(event, yaml.MappingStartEvent):
            return self._table(place, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._series(place, path)
        return self._scalar(event, path)

    def _table(self, place: Place, path: Path) -> Table:
        entries: dict[str, Entry] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event, path)
            entry = _entry(_place(event.start_mark), self._node(next(self._events), (*path, key)))
            self._findings.open_key = ""
            if key in entries:
                first = entries[key].place.line
                self._note(entry.place, (*path, key), f"this key stands here twice, first in line {first}; keep one")
            elif key == "<<":
                self._note(entry.place, (*path, key), "merge keys are not supported here; write the keys out")
            else:
                entries[key] = entry
        return Table(place=place, entries=entries)

    def _key(self, event: Any, path: Path) -> str:
        place = _place(event.start_mark)
        if not isinstance(event, yaml.ScalarEvent):
            self._findings.refuse(place, "a key must be one plain word; put a key that holds special signs in quotes")
        self._note_extras(event, (*path, event.value))
        if not is_text(event.value):
            self._findings.refuse(place, "this key holds half a character; write the character itself")
        self._findings.open_key = event.value
        return str(event.value)

    def _series(self, place: Place, path: Path) -> Series:
        items: list[Node] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, (*path, len(items))))
        return Series(place=place, items=tuple(items))

    def _scalar(self, event: Any, path: Path) -> Scalar:
        place = _place(event.start_mark)
        is_secret = is_secret_place(path)
        if is_secret:
            self._findings.hide(event.start_mark.index, event.end_mark.index)
        if not is_text(event.value):
            self._note(place, path, "holds half a character; write the character itself")
            return Scalar(place=place, raw="", text="", is_broken=True)
        text = str(event.value)
        return Scalar(place=place, raw=text, text=text, is_plain=not event.style, is_secret=is_secret)

    def _note_extras(self, event: Any, path: Path) -> None:
        place = _place(event.start_mark)
        if event.anchor is not None:
            self._note(place, path, f"what begins with '&' is a YAML anchor, which {_UNSUPPORTED}")
        if event.tag is not None:
            self._note(place, path, f"what begins with '!' is a YAML tag, which {_UNSUPPORTED}")

    def _note(self, place: Place, path: Path, message: str) -> None:
        self._findings.add(place, dotted(path), message)


def dotted(path: Path) -> str:
    """A path as people write it: `watchlists.fta.keywords[0]`."""
    written = ""
    for part in path:
        written += f"[{part}]" if isinstance(part, int) else f".{part}" if written else part
    return written


def _entry(place: Place, node: Node) -> Entry:
    """A key with nothing after it is shown itself: there is no value to point at."""
    is_empty = isinstance(node, Scalar) and node.is_plain and not node.raw
    return Entry(place, replace(node, place=place) if is_empty else node)


def is_text(text: str) -> bool:
    """Whether it is all whole characters; only the pure parser lets half a surrogate pair through."""
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)


def _place(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1)
