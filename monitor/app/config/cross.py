"""A located tree → faults between its parts: names that name nothing, names used twice, folders inside each other.

It works on the tree, not on the typed configuration, so that these faults show beside all others in one pass.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from monitor.app.config.explain import shown
from monitor.app.config.findings import Findings
from monitor.app.config.tree import Node, Scalar, Series, Table
from monitor.app.config.values import folder_path, suggestion


def cross_check(root: Table, file: Path, findings: Findings) -> None:
    """Note every fault between the parts of a filled tree; file: the configuration's own absolute path."""
    for name, watchlist in _named(root, "watchlists"):
        _check_names(watchlist, f"watchlists.{name}.notify", _names(root, "channels"), findings)
        _check_names(watchlist, f"watchlists.{name}.sources", _names(root, "sources"), findings)
        if name in _names(root, "channels"):
            findings.error(
                f"watchlists.{name}", "a channel has this name too, and commands take either by name; rename one"
            )
    _check_folders(root, file, findings)


def _check_names(watchlist: Table, path: str, known: list[str], findings: Findings) -> None:
    """path: of the list of names, its last part the key; nothing is known where the section itself is at fault."""
    key = path.rpartition(".")[2]
    what = "channel" if key == "notify" else "source"
    listed = _below(watchlist, key)
    if not isinstance(listed, Series) or not known:
        return
    for number, item in enumerate(listed.items):
        if isinstance(item, Scalar) and not item.is_broken and item.text not in known:
            cure = suggestion(item.text, known) or f"; there is {', '.join(known)}"
            findings.error(f"{path}[{number}]", f"{shown(item)} names no {what}{cure}")


def _check_folders(root: Table, file: Path, findings: Findings) -> None:
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
    table = _below(root, section)
    if isinstance(table, Table):
        for name, entry in table.entries.items():
            yield name, entry.node if isinstance(entry.node, Table) else Table(place=entry.place, entries={})


def _below(table: Table, key: str) -> Node | None:
    entry = table.entries.get(key)
    return entry.node if entry else None
