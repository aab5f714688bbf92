"""Withhold the secrets of a configuration from the process that serves the page: in its values and its environment."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from monitor.config.interpolate import references_in, variable_in
from monitor.config.yaml_tree import KeyPath, MappingNode, Node, ScalarNode, SequenceNode, mapped

_VARIABLES = frozenset((
    "HOME", "JOURNAL_STREAM", "LANG", "LANGUAGE", "LOGNAME", "MONITOR_CONFIG", "NO_COLOR", "PATH", "TMPDIR", "TZ",
    "TZDIR", "USER", "VIRTUAL_ENV", "XDG_CONFIG_HOME", "__PYVENV_LAUNCHER__",
))  # fmt: skip
REDUCED = "MONITOR_WEB_PROCESS"  # is set in an environment without secrets
_PREFIXES = ("LC_", "PYTHON", "LD_", "DYLD_", "MALLOC_")


def is_needed(path: KeyPath) -> bool:
    """Return whether the page needs the value at this path: where the store is, and all of `web:`."""
    return path[:1] in (("web",), ("state",), ("store",), ("pooler",), ("timezone",))


def withhold(root: MappingNode, *, environ: Mapping[str, str]) -> MappingNode:
    """Withhold every secret and every reference but those that the page needs; what may be shown of them stays."""

    def withheld(node: ScalarNode, path: KeyPath) -> ScalarNode:
        references = references_in(node)
        is_open = not references or (_is_of_source(path) and all(variable_in(one) in environ for one in references))
        is_open = is_open and (node.shown == node.raw or not node.is_secret)
        if is_open or is_needed(path) or node.is_unset or node.has_error:
            return node
        return replace(node, text=node.shown, raw=node.shown, is_interpolated=True, is_withheld=True)

    return mapped(root, withheld)


def without_values(root: MappingNode, paths: Collection[KeyPath]) -> MappingNode | None:
    """Return the tree without the withheld values at, above or below these paths; None: there is none."""
    found: set[KeyPath] = set()
    places = set(paths)
    above = {one[:length] for one in places for length in range(len(one))}

    def dropped(node: ScalarNode, path: KeyPath) -> ScalarNode:
        is_there = path in above or any(path[:length] in places for length in range(len(path) + 1))
        if not (node.is_withheld and not node.has_error and is_there):
            return node
        found.add(path)
        return replace(node, has_error=True)

    reduced = mapped(root, dropped)
    return reduced if found else None


def without_secrets(root: MappingNode | None, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that Python and the page need; root: a configuration, None: it cannot be read.

    It is a list of what may pass, not of what may not: then a secret that the next version of the configuration names,
    or none, does not pass either.
    """
    names = list(_names(root, ())) if root else []
    needed = {name for path, name in names if is_needed(path) or _is_of_source(path)}
    secret = {name for _, name in names} - needed
    usual = {name for name in environ if name in _VARIABLES or name.startswith(_PREFIXES)}
    kept = {name: environ[name] for name in environ if name in needed | (usual - secret)}
    return {**kept, REDUCED: "1"}


def _is_of_source(path: KeyPath) -> bool:
    return len(path) == 3 and path[0] == "sources" and path[2] in ("path", "timezone")


def _names(node: Node, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    """Yield the variables that values refer to."""
    if isinstance(node, ScalarNode):
        yield from ((path, name) for one in references_in(node) if (name := variable_in(one)))
    elif isinstance(node, SequenceNode):
        for at, item in enumerate(node.items):
            yield from _names(item, (*path, at))
    else:
        for key, entry in node.entries.items():
            yield from _names(entry.node, (*path, key))
