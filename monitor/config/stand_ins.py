"""Put stand-ins in place of what is wrong in a configuration, so that all the rest of it can be checked and used.

A stand-in is a withheld value: nothing is reported about it, and where its type does not accept it, it counts as not
set. So an entry keeps its name and its other settings, and a list keeps the positions of its items.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from pydantic_core import ErrorDetails

from monitor.config.diagnostics import Place
from monitor.config.models import Config
from monitor.config.parsers import closest
from monitor.config.yaml_tree import (
    Entry,
    KeyPath,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    Withheld,
    mapped,
    walk,
)

STAND_IN = "…"  # also the name of an entry where a section has none
_NAME = "[key]"  # pydantic's mark for the name of an entry
_NEEDED = {("sources",): "path", ("channels",): "url"}  # sections that need an entry, and what each entry needs

_Fault = tuple[KeyPath, str]  # where it lies, and pydantic's name for it


def readings(root: MappingNode) -> Iterator[MappingNode]:
    """Yield the tree, and once more for each repetition of a key: then with what is repeated in place of the first.

    A repeated section keeps the entries of all its repetitions, because other sections refer to them.
    """
    for number in range(1 + _most_repeats(root)):
        yield _section_read(root, number)


def _most_repeats(node: Node) -> int:
    if isinstance(node, SequenceNode):
        return max(map(_most_repeats, node.items), default=0)
    if isinstance(node, ScalarNode):
        return 0
    below = (_most_repeats(one.node) for entry in node.entries.values() for one in (entry, *entry.repeats))
    return max((*(len(entry.repeats) for entry in node.entries.values()), *below), default=0)


def _section_read(root: MappingNode, number: int) -> MappingNode:
    """Return the whole file as it is in one reading."""
    entries = {}
    for key, entry in root.entries.items():
        chosen = _chosen(entry, number)
        others = [one.node for one in (entry, *entry.repeats) if isinstance(one.node, MappingNode)]
        node = chosen.node
        if isinstance(node, MappingNode) and len(others) > 1:
            more = {name: one for other in others for name, one in other.entries.items()}
            node = replace(node, entries={**more, **node.entries})
        entries[key] = chosen._replace(node=_read(node, number))
    return replace(root, entries=entries)


def _read(node: Node, number: int) -> Node:
    if isinstance(node, SequenceNode):
        return replace(node, items=tuple(_read(item, number) for item in node.items))
    if isinstance(node, ScalarNode):
        return node
    chosen = {key: _chosen(entry, number) for key, entry in node.entries.items()}
    return replace(node, entries={key: one._replace(node=_read(one.node, number)) for key, one in chosen.items()})


def _chosen(entry: Entry, number: int) -> Entry:
    return (entry, *entry.repeats)[number if number <= len(entry.repeats) else 0]._replace(repeats=())


def without_errors(root: MappingNode) -> MappingNode:
    """Return the tree with a stand-in for each single value whose error is reported already."""
    return mapped(root, lambda node, _: _stand_in(node.place) if node.has_error else node)


def with_stand_ins(root: MappingNode, errors: Iterable[ErrorDetails]) -> MappingNode:
    """Return the tree with a stand-in wherever pydantic has found an error; a key that nobody knows is removed."""
    return _with_entries(root, [_fault(error["loc"], error["type"]) for error in errors])


def _fault(loc: KeyPath, kind: str) -> _Fault:
    """Return a fault; a section that lacks an entry lacks the setting that each entry needs."""
    return (
        ((*loc, STAND_IN, _NEEDED[loc]), kind) if loc in _NEEDED and kind in ("missing", "too_short") else (loc, kind)
    )


def _changed(node: Node, faults: Sequence[_Fault]) -> Node:
    if any(not loc for loc, _ in faults):
        return _stand_in(node.place)
    if isinstance(node, SequenceNode):
        below = _by_first_part(faults)
        items = (_changed(item, below[at]) if at in below else item for at, item in enumerate(node.items))
        return replace(node, items=tuple(items))
    return _with_entries(node, faults)


def _by_first_part(faults: Sequence[_Fault]) -> Mapping[str | int, list[_Fault]]:
    below: dict[str | int, list[_Fault]] = {}
    for loc, kind in faults:
        below.setdefault(loc[0], []).append((loc[1:], kind))
    return below


def _with_entries(node: MappingNode | ScalarNode, faults: Sequence[_Fault]) -> MappingNode:
    """Return a mapping without these faults; a single value that should be one loses its text."""
    below = _by_first_part(faults)
    entries: Mapping[str, Entry] = node.entries if isinstance(node, MappingNode) else {}
    made = dict(entries)
    for key in map(str, below):
        entry = entries.get(key) or Entry(node.place, MappingNode(place=node.place, entries={}))
        inner = [(loc, kind) for loc, kind in below[key] if loc != (_NAME,) or kind == "extra_forbidden"]
        if ((), "extra_forbidden") in inner or (_is_unset(entry.node) and not all(loc for loc, _ in inner)):
            made.pop(key)  # it is unknown, or even its stand-in is in the way
            continue
        if len(inner) < len(below[key]):  # the name is not valid
            made.pop(key, None)
            key = Withheld(key)  # noqa: PLW2901 - the same name, which is accepted now
        made[key] = entry._replace(node=_changed(entry.node, inner)) if inner else entry
    return MappingNode(place=node.place, entries=made)


def _is_unset(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.is_withheld and node.has_error


def withheld_paths(root: MappingNode) -> frozenset[str]:
    """Return the dotted paths of all withheld values."""
    return frozenset(path for path, _, node in walk(root) if isinstance(node, ScalarNode) and node.is_withheld)


def doubtful_paths(errors: Iterable[ErrorDetails]) -> frozenset[str]:
    """Return the dotted paths of settings that a key which nobody knows was perhaps meant for."""
    unknown = [error["loc"] for error in errors if error["type"] == "extra_forbidden"]
    rules = {f"watchlists.{loc[1]}.keywords" for loc in unknown if loc[0] == "watchlists" and len(loc) == 3}
    meant = {closest(str(loc[0]), tuple(Config.model_fields)) for loc in unknown if len(loc) == 1}
    return frozenset(rules | {key for key in ("state", "store", "pooler") if key in meant})


def without_stand_ins(config: Config) -> Config:
    """Return the configuration without the entries of sections that have none."""
    sections = {"sources": config.sources, "channels": config.channels}
    empty: dict[str, object] = {key: {} for key, entries in sections.items() if STAND_IN in entries}
    return config.model_copy(update=empty) if empty else config


def _stand_in(place: Place) -> ScalarNode:
    return ScalarNode(place=place, raw=STAND_IN, text=STAND_IN, is_withheld=True)
