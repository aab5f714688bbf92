"""A located tree → faults between its parts: names that name nothing, names used twice, folders inside each other.

It works on the tree, not on the typed configuration, so that these faults show beside all others in one pass.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from monitor.config.diagnostics import Diagnostics
from monitor.config.error_messages import shown
from monitor.config.parsers import closest, folder_path, suggestion
from monitor.config.yaml_tree import Node, Scalar, Series, Table

_WAYS = ("keywords", "query", "regex")  # to say what a watchlist looks for
_OUTCOMES = ("match", "no_match")  # of a watchlist's test


def cross_check(root: Table, file: Path, findings: Diagnostics) -> None:
    """Note every fault between the parts of a filled tree; file: the configuration's own absolute path."""
    for name, watchlist in _named(root, "watchlists"):
        _check_ways(watchlist, f"watchlists.{name}", findings)
        _check_tests(watchlist, f"watchlists.{name}.tests", findings)
        _check_names(watchlist, f"watchlists.{name}.notify", _names(root, "channels"), findings)
        _check_names(watchlist, f"watchlists.{name}.sources", _names(root, "sources"), findings)
        if name in _names(root, "channels"):
            findings.error(
                f"watchlists.{name}", "a channel has this name too, and commands take either by name; rename one"
            )
    _check_earlier_names(root, findings)
    operator = _below(root, "operator")
    if isinstance(operator, Table):
        _check_names(operator, "operator.notify", _names(root, "channels"), findings)
    _check_folders(root, file, findings)


def _check_ways(watchlist: Table, path: str, findings: Diagnostics) -> None:
    """One of the ways and no second; a mistyped one already has its fault."""
    ways = [key for key in _WAYS if _is_set(watchlist, key)]
    is_mistyped = any(key not in _WAYS and closest(key, _WAYS) for key in watchlist.entries)
    if not ways and not is_mistyped:
        findings.error(f"{path}.keywords", "is missing; write for instance keywords: [FTA], or a query: or a regex:")
    for second in ways[1:]:
        findings.error(f"{path}.{second}", f"stands beside {ways[0]}:, and a watchlist has one of them; keep one")


def _check_tests(watchlist: Table, path: str, findings: Diagnostics) -> None:
    listed = _below(watchlist, "tests")
    for number, item in enumerate(listed.items if isinstance(listed, Series) else ()):
        if not isinstance(item, Table) or not item.entries.keys() <= set(_OUTCOMES):
            continue
        outcomes = [key for key in _OUTCOMES if _is_set(item, key)]
        if len(outcomes) != 1:
            cure = "make two tests of it" if outcomes else "write match: or no_match: and a text"
            what = "says both match: and no_match:" if outcomes else "says nothing"
            findings.error(f"{path}[{number}]", f"this test {what}; {cure}")


def _is_set(table: Table, key: str) -> bool:
    node = _below(table, key)
    return node is not None and not (isinstance(node, Scalar) and node.is_unset and not node.is_broken)


def _check_names(section: Table, path: str, known: list[str], findings: Diagnostics) -> None:
    """path: of the list of names, its last part the key; nothing is known where the section itself is at fault."""
    key = path.rpartition(".")[2]
    what = "channel" if key == "notify" else "source"
    listed = _below(section, key)
    if not isinstance(listed, Series) or not known:
        return
    for number, item in enumerate(listed.items):
        if isinstance(item, Scalar) and not item.is_broken and item.text not in known:
            cure = suggestion(item.text, known) or f"; there is {', '.join(known)}"
            findings.error(f"{path}[{number}]", f"{shown(item)} names no {what}{cure}")


def _check_earlier_names(root: Table, findings: Diagnostics) -> None:
    """What is stored under a name can become one source's, and only when no source has that name any more."""
    heirs: dict[str, str] = {}
    for name, source in _named(root, "sources"):
        listed = _below(source, "was")
        for number, item in enumerate(listed.items if isinstance(listed, Series) else ()):
            if not isinstance(item, Scalar) or item.is_broken:
                continue
            heir, path = heirs.setdefault(item.text, name), f"sources.{name}.was[{number}]"
            if item.text in _names(root, "sources"):
                findings.error(path, f"{shown(item)} is a source of its own here; a renamed source stands here once")
            elif heir != name:
                findings.error(path, f"{shown(item)} is an earlier name of '{heir}' already; only one can have it")


def _check_folders(root: Table, file: Path, findings: Diagnostics) -> None:
    """Links are followed: what counts is where files really land."""
    state = _folder(_below(root, "state"), file, default="state/")
    for name, source in _named(root, "sources"):
        watched = _folder(_below(source, "path"), file)
        path = f"sources.{name}.path"
        if watched is None:
            continue
        if _is_inside(Path(os.path.realpath(file.parent)), watched):
            findings.error(path, "this configuration file lies in that folder; give the dumps a folder of their own")
        if state and _is_inside(state, watched):
            where = "state" if "state" in root.entries else path
            findings.error(
                where,
                f"the state folder lies in the folder of source '{name}'; keep them apart",
            )


def _folder(node: Node | None, file: Path, *, default: str = "") -> Path | None:
    """The real folder a value stands for; None: it has a fault of its own."""
    if node is None or (isinstance(node, Scalar) and node.is_unset):
        text = default
    else:
        text = node.text if isinstance(node, Scalar) else ""
    try:
        return Path(os.path.realpath(folder_path(text, file.parent)))
    except ValueError:
        return None


def _is_inside(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents


def _names(root: Table, section: str) -> list[str]:
    table = _below(root, section)
    return list(table.entries) if isinstance(table, Table) else []


def _named(root: Table, section: str) -> Iterator[tuple[str, Table]]:
    """Sections by name; one without keys counts as an empty one, one that is a list or a value has its own fault."""
    table = _below(root, section)
    for name, entry in table.entries.items() if isinstance(table, Table) else ():
        if isinstance(entry.node, Table):
            yield name, entry.node
        elif isinstance(entry.node, Scalar) and entry.node.is_unset and not entry.node.is_broken:
            yield name, Table(place=entry.place, entries={})


def _below(table: Table, key: str) -> Node | None:
    entry = table.entries.get(key)
    return entry.node if entry else None
