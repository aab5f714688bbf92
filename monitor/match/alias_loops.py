"""Find the aliases that lead back to themselves, in time linear in their entries (Kosaraju's algorithm)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def alias_groups(aliases: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
    """Return for each alias the name of its group; two aliases are in one group if each leads to the other."""
    leading_to: dict[str, list[str]] = {name: [] for name in aliases}
    for name, entries in aliases.items():
        for entry in entries:
            if entry in leading_to:
                leading_to[entry].append(name)
    groups = dict[str, str]()
    for first in reversed(_in_postorder(aliases)):
        waiting = [first]
        while waiting:
            name = waiting.pop()
            if name not in groups:
                groups[name] = first
                waiting += leading_to[name]
    return groups


def _in_postorder(aliases: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the names, each after those that a walk from it has found first."""
    order, seen = list[str](), set[str]()
    for start in aliases:
        waiting = [(start, False)]
        while waiting:
            name, is_left = waiting.pop()
            if is_left:
                order.append(name)
            elif name in aliases and name not in seen:
                seen.add(name)
                waiting.append((name, True))
                waiting += [(entry, False) for entry in aliases[name]]
    return order
