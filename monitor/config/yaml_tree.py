"""Parse YAML into a tree in which every value is still text and knows its place.

Keywords such as NO, 232, 12:30 or 2024-07-01 stay as the user typed them: no YAML type is ever resolved. The tree is
built from parser events, not with `yaml.compose`: libyaml's composer recurses as deep as the file asks and then crashes
the process, and its nodes do not have the place of an alias or a tag.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import takewhile
from typing import Any, NamedTuple

import yaml

from monitor.config.diagnostics import START, Diagnostics, Place
from monitor.config.redact import is_secret_key, is_secret_place, mask_secret, mask_urls, shown_key
from monitor.config.yaml_errors import explain_yaml_error
from monitor.frozen import dataclass

_DEPTH = 12  # levels; the deepest setting there is lies at five
_MOST_COPIED = 100_000  # parser events to which all aliases together may expand
_MOST_REPEATS = 4  # of one key, that are looked into
_UNKNOWN_ALIAS = "no complete value above has the anchor of this alias: put a value that begins with '*' in quotes"
_TAG = "YAML tags, which begin with '!', are not supported: remove the tag, or put the value in quotes"
_NO_KEYS = "must be keys to merge: write <<: *name, or a list such as <<: [*a, *b]"
_NULLS = ("", "~", "null", "Null", "NULL")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# libyaml is twelve times faster and refuses invalid escapes; the pure parser is used where libyaml is missing.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalarNode:
    """One value, as text."""

    place: Place
    raw: str  # as the file has it, quotes and YAML escapes resolved
    text: str  # the same after interpolation
    is_plain: bool = True  # without quotes: only then can it mean "not set"
    is_secret: bool = False  # its key may hold a secret
    is_interpolated: bool = False  # contains the value of a reference
    is_withheld: bool = False  # only what may be shown of it is known
    has_error: bool = False  # has been reported; later checks ignore it

    @property
    def is_unset(self) -> bool:
        """True if the value means "not set" where a single value is expected."""
        return not self.text if self.is_interpolated else self.is_plain and self.raw in _NULLS

    @property
    def shown(self) -> str:
        """What may be shown of the value: its text in the file, secrets masked and no reference replaced."""
        return mask_secret(self.raw) if self.is_secret else mask_urls(self.raw if self.is_interpolated else self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceNode:
    """A list."""

    place: Place
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingNode:
    """Keys and their nodes, in file order."""

    place: Place
    entries: Mapping[str, Entry]


class Withheld(str):
    """The text that may be shown of a value which is withheld."""

    __slots__ = ()


Node = ScalarNode | SequenceNode | MappingNode
KeyPath = tuple[str | int, ...]  # keys and list positions from the root


class Entry(NamedTuple):
    """The node of a key, and the place of the key itself."""

    place: Place
    node: Node
    repeats: tuple[Entry, ...] = ()  # the same key in the same mapping once more, which is an error


def read(text: str, diagnostics: Diagnostics, *, loader: Any = LOADER) -> MappingNode:
    """Parse the whole file; a syntax error raises ConfigError, and every other error is collected."""
    bad = _UNPRINTABLE.search(text)
    if bad:
        message = f"the character U+{ord(bad[0]):04X} is not allowed in YAML: remove it"
        diagnostics.refuse(diagnostics.place_at(bad.start()), message)
    try:
        root = _Reader(_expanded(yaml.parse(text, Loader=loader), diagnostics), diagnostics).document()
    except yaml.MarkedYAMLError as error:
        message, mark = explain_yaml_error(error, text)
        diagnostics.refuse(_place(mark) if mark else START, message)
    except (yaml.YAMLError, OverflowError, ValueError):  # of the pure parser for "\UFFFFFFFF" or a huge %YAML
        diagnostics.refuse(START, "this is not valid YAML: correct the number in an escape or a directive")
    if isinstance(root, ScalarNode) and root.is_unset:
        diagnostics.refuse(None, "the file is empty: write at least sources: and channels:")
    if not isinstance(root, MappingNode):
        diagnostics.refuse(root.place, "the file must consist of keys such as sources: and channels:")
    return root


def walk(node: Node, path: str = "", place: Place | None = None) -> Iterator[tuple[str, Place, Node]]:
    """Yield every node with its dotted path and its place: a scalar's own, otherwise that of its key."""
    yield path, node.place if isinstance(node, ScalarNode) or place is None else place, node
    if isinstance(node, MappingNode):
        for key, entry in node.entries.items():
            yield from walk(entry.node, f"{path}.{key}" if path else key, entry.place)
    elif isinstance(node, SequenceNode):
        for number, item in enumerate(node.items):
            yield from walk(item, f"{path}[{number}]", item.place)


def plain(node: Node) -> Any:
    """Return the tree as dicts, lists and text, None for "not set"; in a list `~` and `null` are words."""
    if isinstance(node, MappingNode):
        return {key: plain(entry.node) for key, entry in node.entries.items()}
    if isinstance(node, SequenceNode):
        items = [item for item in node.items if not _is_dropped(item)]
        if node.items and not items:
            return None
        return [_text(item) if isinstance(item, ScalarNode) else plain(item) for item in items]
    return None if node.is_unset or node.has_error else _text(node)


def _text(node: ScalarNode) -> str:
    return Withheld(node.text) if node.is_withheld else node.text


def _is_dropped(node: Node) -> bool:
    """Return whether a withheld value of a list was found to be none that its type accepts."""
    return isinstance(node, ScalarNode) and node.is_withheld and node.has_error


def mapped(root: MappingNode, change: Callable[[ScalarNode, KeyPath], ScalarNode], path: KeyPath = ()) -> MappingNode:
    """Return the tree with each single value changed."""

    def node_at(node: Node, path: KeyPath) -> Node:
        if isinstance(node, MappingNode):
            return mapped(node, change, path)
        if isinstance(node, SequenceNode):
            return replace(node, items=tuple(node_at(item, (*path, at)) for at, item in enumerate(node.items)))
        return change(node, path)

    entries = {key: Entry(entry.place, node_at(entry.node, (*path, key))) for key, entry in root.entries.items()}
    return replace(root, entries=entries)


def _with_repeat(entry: Entry, repeat: Entry) -> Entry:
    """Return the entry with one more repetition, of which only the first ones are kept."""
    return entry._replace(repeats=(*entry.repeats, repeat)[:_MOST_REPEATS])


class _Reader:
    """A recursive reader of parser events; each method consumes exactly its own node."""

    def __init__(self, events: Iterator[Any], diagnostics: Diagnostics) -> None:
        self._events = events
        self._diagnostics = diagnostics

    def document(self) -> Node:
        root: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    message = "a second YAML document begins here: keep only one in the file"
                    self._diagnostics.refuse(_place(event.start_mark), message)
                root = self._node(next(self._events), ())
        return root or ScalarNode(place=START, raw="", text="")

    def _node(self, event: Any, path: KeyPath) -> Node:
        place = _place(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            self._hides(event, path)
            self._note(place, path, _UNKNOWN_ALIAS)
            return ScalarNode(place=place, raw="", text="", has_error=True)
        if event.tag is not None:
            self._hide(event)
            self._note(place, path, _TAG)
        if len(path) > _DEPTH:
            self._diagnostics.refuse(place, f"this is more than {_DEPTH} levels deep: no setting is that deep")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(place, path)
        if isinstance(event, yaml.SequenceStartEvent):
            events = enumerate(self._until(yaml.SequenceEndEvent))
            return SequenceNode(place=place, items=tuple(self._node(one, (*path, at)) for at, one in events))
        return self._scalar(event, path)

    def _mapping(self, place: Place, path: KeyPath) -> MappingNode:
        entries: dict[str, Entry] = {}
        for event in self._until(yaml.MappingEndEvent):
            key, at = self._key(event, path), _place(event.start_mark)
            if key == "<<":
                entry = Entry(at, self._merged(at, path))
            else:
                node = self._node(next(self._events), (*path, key))
                is_empty = isinstance(node, ScalarNode) and node.is_plain and not node.raw
                entry = Entry(at, replace(node, place=at) if is_empty else node)  # nothing but the key to point at
            self._diagnostics.open_key = ""
            if key in entries:
                first = entries[key].place.line
                self._note(at, (*path, key), f"duplicate key, first used in line {first}: remove one of them")
                entries[key] = _with_repeat(entries[key], entry)
            else:
                entries[key] = entry
        merge = entries.pop("<<", None)
        merged = merge.node.entries if merge and isinstance(merge.node, MappingNode) else {}
        return MappingNode(place=place, entries={**merged, **entries})

    def _merged(self, place: Place, path: KeyPath) -> MappingNode:
        """Return the keys that `<<` adds to a mapping; of several mappings with the same key, the first one is used."""
        event = next(self._events)
        is_list = isinstance(event, yaml.SequenceStartEvent)
        events = self._until(yaml.SequenceEndEvent) if is_list else iter((event,))
        entries: dict[str, Entry] = {}
        for node in [self._node(one, (*path, "<<")) for one in events]:
            if isinstance(node, MappingNode):
                for key, entry in node.entries.items():
                    entries.setdefault(key, entry)
            elif not (isinstance(node, ScalarNode) and node.has_error):
                self._note(place, (*path, "<<"), _NO_KEYS)
        return MappingNode(place=place, entries=entries)

    def _key(self, event: Any, path: KeyPath) -> str:
        place = _place(event.start_mark)
        if not isinstance(event, yaml.ScalarEvent):
            self._diagnostics.refuse(place, "a key must be a single word: put a key with special characters in quotes")
        if event.tag is not None:
            self._note(place, (*path, event.value), _TAG)
        if not is_text(event.value):
            self._diagnostics.refuse(place, "this key contains half of a surrogate pair: write the character itself")
        self._diagnostics.open_key = event.value
        if is_secret_key((*path, event.value)):
            self._hide(event)
        self._note_quoted(event)
        return str(event.value)

    def _scalar(self, event: Any, path: KeyPath) -> ScalarNode:
        place = _place(event.start_mark)
        is_secret = self._hides(event, path)
        self._note_quoted(event)
        if not is_text(event.value):
            self._note(place, path, "contains half of a surrogate pair: write the character itself")
            return ScalarNode(place=place, raw="", text="", has_error=True)
        text = str(event.value)
        return ScalarNode(place=place, raw=text, text=text, is_plain=not event.style, is_secret=is_secret)

    def _hides(self, event: Any, path: KeyPath) -> bool:
        """Hide a secret in excerpts; a value that is secret at its anchor is secret at every alias."""
        is_secret = is_secret_place(path) or event.start_mark.index in self._diagnostics.hidden
        if is_secret:
            self._hide(event)
        return is_secret

    def _hide(self, event: Any) -> None:
        self._diagnostics.hidden[event.start_mark.index] = event.end_mark.index

    def _note_quoted(self, event: Any) -> None:
        """Note where a `#` belongs to a value; behind the `|` of a block it may begin a comment."""
        if "#" in event.value and event.style not in ("|", ">"):
            self._diagnostics.quoted[event.start_mark.index] = event.end_mark.index

    def _until(self, end: type[Any]) -> Iterator[Any]:
        """Return the events up to the end of the current collection; the end itself is consumed."""
        return takewhile(lambda event: not isinstance(event, end), self._events)

    def _note(self, place: Place, path: KeyPath, message: str) -> None:
        self._diagnostics.add(place, shown_path(path), message)


def _expanded(events: Iterator[Any], diagnostics: Diagnostics) -> Iterator[Any]:
    """Replace every alias by the events of its anchor; an alias without a complete anchor is kept."""
    named: dict[str | None, list[Any]] = {}
    unfinished: list[tuple[str | None, list[Any]]] = []  # anchors and events of the open collections, outermost first
    copied = 0
    for event in events:
        batch = [event]
        if isinstance(event, yaml.AliasEvent) and event.anchor in named:
            batch = named[event.anchor]
            copied += len(batch)
        if copied > _MOST_COPIED:
            message = f"the aliases up to here expand to more than {_MOST_COPIED} values: use fewer of them"
            diagnostics.refuse(_place(event.start_mark), message)
        if isinstance(event, yaml.CollectionStartEvent):
            unfinished.append((event.anchor, []))
            named.pop(event.anchor, None)
        for anchor, kept in unfinished:
            kept.extend(batch if anchor else ())
        if isinstance(event, yaml.CollectionEndEvent):
            named.update([unfinished.pop()])
        elif isinstance(event, yaml.ScalarEvent):
            named[event.anchor] = batch
        yield from batch


def dotted(path: KeyPath) -> str:
    """Return a path as people write it: `watchlists.fta.keywords[0]`."""
    written = ""
    for part in path:
        written += f"[{part}]" if isinstance(part, int) else f".{part}" if written else part
    return written


def shown_path(path: KeyPath) -> str:
    """Return a path as people write it, without a last key that may be a secret."""
    return dotted((*path[:-1], shown_key(str(path[-1]))) if path and is_secret_key(path) else path)


def is_text(text: str) -> bool:
    """Return whether a text has no lone surrogates; only the pure parser lets them through."""
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)


def _place(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1)
