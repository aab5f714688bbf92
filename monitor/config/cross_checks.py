"""Check parts of a configuration against each other: unknown names, names used twice, nested folders.

The checks use the parsed tree, not the typed configuration, so that all errors are reported in one pass.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path

from monitor.collect.formats.registry import FORMATS, canonical
from monitor.config.diagnostics import Diagnostics
from monitor.config.error_messages import quoted_value
from monitor.config.parsers import closest, folder_path, suggestion
from monitor.config.web import NO_USERS, anonymous_at
from monitor.config.web_parsers import web_listen
from monitor.config.yaml_tree import Entry, MappingNode, Node, ScalarNode, SequenceNode

_RULE_KEYS = ("keywords", "query", "regex")
_COMPARED, _LISTED = 200, 20  # names that an unknown one is compared with, and that its message lists
_TEST_KEYS = ("match", "no_match")


def cross_check(root: MappingNode, file: Path, diagnostics: Diagnostics) -> None:
    """Report every contradiction in an interpolated tree; file: the absolute path of the configuration."""
    channels, sources = (_entries(_child(root, section)) for section in ("channels", "sources"))
    check_names = _note_names if _is_set(root, "store") else _check_names
    for name, watchlist in _sections(root, "watchlists"):
        path = f"watchlists.{name}"
        _check_rule_keys(watchlist, path, diagnostics)
        _check_tests(watchlist, f"{path}.tests", diagnostics)
        check_names(watchlist, f"{path}.notify", channels, diagnostics)
        check_names(watchlist, f"{path}.sources", sources, diagnostics)
        if name in channels:
            diagnostics.error(path, "a channel has the same name, and commands accept either: rename one of them")
    for name, source in _sections(root, "sources"):
        _check_format(source, f"sources.{name}", diagnostics)
    _check_earlier_names(root, sources, diagnostics)
    check_names(_child(root, "operator"), "operator.notify", channels, diagnostics)
    _check_folders(root, file, diagnostics)
    _check_web(_child(root, "web"), diagnostics)


def _check_rule_keys(watchlist: MappingNode, path: str, diagnostics: Diagnostics) -> None:
    """Require exactly one rule key; a mistyped one is reported elsewhere."""
    present = [key for key in _RULE_KEYS if _is_set(watchlist, key)]
    is_mistyped = any(key not in _RULE_KEYS and closest(key, _RULE_KEYS) for key in watchlist.entries)
    if not present and not is_mistyped:
        diagnostics.error(f"{path}.keywords", "is missing: write for example keywords: [FTA], or use query: or regex:")
    for second in present[1:]:
        message = f"cannot be combined with {present[0]}: in one watchlist; remove one of them"
        diagnostics.error(f"{path}.{second}", message)


def _check_tests(watchlist: MappingNode, path: str, diagnostics: Diagnostics) -> None:
    for number, item in enumerate(_items(watchlist, "tests")):
        if not isinstance(item, MappingNode) or not item.entries.keys() <= set(_TEST_KEYS):
            continue
        present = [key for key in _TEST_KEYS if _is_set(item, key)]
        if len(present) != 1:
            both = "has both match: and no_match:; split it into two tests"
            message = both if present else "is empty; write match: or no_match: and a text"
            diagnostics.error(f"{path}[{number}]", f"this test {message}")


def _is_set(table: MappingNode, key: str) -> bool:
    node = _child(table, key)
    return node is not None and not (isinstance(node, ScalarNode) and node.is_unset and not node.has_error)


def _check_names(section: Node | None, path: str, known: Collection[str], diagnostics: Diagnostics) -> None:
    """path: of the list of names; known: empty if the section that defines the names has an error itself."""
    for place, item, what, hint in _unknown_names(section, path, known):
        choice = hint or f": choose from {_listed(known)}"
        diagnostics.error(place, f"{quoted_value(item)} is not a configured {what}{choice}")


def _note_names(section: Node | None, path: str, known: Collection[str], diagnostics: Diagnostics) -> None:
    """Warn as `_check_names`: of a shared store another monitor may have what this one lacks."""
    for place, item, what, hint in _unknown_names(section, path, known):
        message = f"{quoted_value(item)} is no {what} of this monitor; another one of the store must have it{hint}"
        diagnostics.warning(place, message)


def _unknown_names(
    section: Node | None, path: str, known: Collection[str]
) -> Iterator[tuple[str, ScalarNode, str, str]]:
    """Yield each name that is not known: its path, its node, what it should be, and a name like it ("": none)."""
    key = path.rpartition(".")[2]
    what = "channel" if key == "notify" else "source"
    for number, item in _words(section, key):
        if known and item.text not in known:
            yield f"{path}[{number}]", item, what, suggestion(item.text, islice(known, _COMPARED)) or ""


def _listed(names: Collection[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(islice(names, _LISTED)) + more


def _check_format(source: MappingNode, path: str, diagnostics: Diagnostics) -> None:
    """Report keys that belong to another format than the source's; a mistyped format is reported elsewhere."""
    node = _child(source, "format")
    name = canonical(node.text) if isinstance(node, ScalarNode) and not node.is_unset else "text"
    if name is None:
        return
    needs = FORMATS[name].needs
    if needs and not _is_set(source, needs.partition(":")[0]):
        diagnostics.error(f"{path}.format", f"{name} needs {needs}")
    for key in source.entries:
        owners = [other for other, each in FORMATS.items() if key in each.keys]
        if owners and name not in owners and _is_set(source, key):
            formats = f"format{'' if len(owners) == 1 else 's'} {', '.join(owners)}"
            message = f"belongs to the {formats}, and this source has format: {name}; remove it, or change the format"
            diagnostics.error(f"{path}.{key}", message)


def _check_earlier_names(root: MappingNode, sources: Collection[str], diagnostics: Diagnostics) -> None:
    """Require that an earlier name belongs to one source only, and that no current source has it."""
    owners: dict[str, str] = {}
    for name, source in _sections(root, "sources"):
        for number, item in _words(source, "was"):
            owner, problem = owners.setdefault(item.text, name), ""
            if item.text in sources:
                problem = "is also a current source: remove the name here, or that source"
            elif owner != name:
                problem = f"is already an earlier name of '{owner}': remove one of them"
            if problem:
                diagnostics.error(f"sources.{name}.was[{number}]", f"{quoted_value(item)} {problem}")


def _check_folders(root: MappingNode, file: Path, diagnostics: Diagnostics) -> None:
    """Compare real paths, with symbolic links resolved."""
    state = _folder(_child(root, "state"), file, default="state/")
    for name, source in _sections(root, "sources"):
        watched = _folder(_child(source, "path"), file)
        path = f"sources.{name}.path"
        if watched is None:
            continue
        if _is_inside(Path(os.path.realpath(file.parent)), watched):
            diagnostics.error(path, "this folder contains the configuration file: use a separate folder for dumps")
        if state and _is_inside(state, watched):
            where = "state" if "state" in root.entries else path
            diagnostics.error(where, f"the state folder is inside the folder of source '{name}': use separate folders")


def _check_web(section: Node | None, diagnostics: Diagnostics) -> None:
    """Refuse a page that nobody may open; warn of passwords that others can read on their way."""
    users = _entries(_child(section, "users"))
    try:
        listen = web_listen(_text(section, "listen", default="off"))
    except ValueError:  # reported elsewhere
        return
    anonymous = _text(section, "anonymous") or anonymous_at(listen, None)
    if listen != "off" and anonymous == "none" and not users:
        diagnostics.error("web.listen", NO_USERS)
    if users and not _text(section, "url").startswith("https://"):
        message = "passwords travel readable without https: put the page behind a proxy with TLS and write its url:"
        diagnostics.warning("web.users", message)
    if users and listen != "off" and anonymous == "all":
        message = "nobody is asked for a password, because visitors may do all here: add anonymous: none, or read"
        diagnostics.warning("web.users", message)


def _text(table: Node | None, key: str, *, default: str = "") -> str:
    """Return a single value as text; default: where it is not set."""
    node = _child(table, key)
    return node.text if isinstance(node, ScalarNode) and not node.is_unset else default


def _folder(node: Node | None, file: Path, *, default: str = "") -> Path | None:
    """Return the real path of a folder; None: the value has an error itself."""
    is_unset = node is None or (isinstance(node, ScalarNode) and node.is_unset)
    text = default if is_unset else node.text if isinstance(node, ScalarNode) else ""
    try:
        return Path(os.path.realpath(folder_path(text, file.parent)))
    except ValueError:
        return None


def _is_inside(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents


def _sections(root: MappingNode, section: str) -> Iterator[tuple[str, MappingNode]]:
    """Yield sections by name; one without keys is empty, and one that is no mapping is reported elsewhere."""
    for name, entry in _entries(_child(root, section)).items():
        if isinstance(entry.node, MappingNode):
            yield name, entry.node
        elif isinstance(entry.node, ScalarNode) and entry.node.is_unset and not entry.node.has_error:
            yield name, MappingNode(place=entry.place, entries={})


def _entries(node: Node | None) -> Mapping[str, Entry]:
    return node.entries if isinstance(node, MappingNode) else {}


def _child(table: Node | None, key: str) -> Node | None:
    entry = _entries(table).get(key)
    return entry.node if entry else None


def _items(table: Node | None, key: str) -> tuple[Node, ...]:
    node = _child(table, key)
    return node.items if isinstance(node, SequenceNode) else ()


def _words(table: Node | None, key: str) -> Iterator[tuple[int, ScalarNode]]:
    """Yield the values of a list that have no error, each with its position."""
    for number, item in enumerate(_items(table, key)):
        if isinstance(item, ScalarNode) and not item.has_error:
            yield number, item
