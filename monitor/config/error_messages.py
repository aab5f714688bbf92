"""Translate pydantic's errors into messages for users, each at its place in the file."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from monitor.config.diagnostics import Diagnostics, Place
from monitor.config.models import sections
from monitor.config.parsers import closest, suggestion
from monitor.config.redact import is_secret_key, mask_urls, shown_key
from monitor.config.section import Section
from monitor.config.yaml_tree import KeyPath, MappingNode, Node, ScalarNode, SequenceNode, dotted, plain, shown_path

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_SHOWN = 60  # characters of a value
_NEEDS_QUOTES = re.compile(r"""^[\s&*!|>%@`'"-]|[\[\]{}#]|:\s|\s$|^$""")


def translate_errors(errors: list[ErrorDetails], root: MappingNode, diagnostics: Diagnostics) -> None:
    """Report every error, unless its value or a mistyped key has been reported already."""
    unknown = [error["loc"] for error in errors if error["type"] == "extra_forbidden"]
    intended = {(*loc[:-1], closest(str(loc[-1]), _known_keys(loc)) or "") for loc in unknown}
    for error in errors:
        loc: KeyPath = error["loc"]
        if error["type"] == "missing" and loc in intended:
            continue
        is_unknown = error["type"] == "extra_forbidden"
        is_name = not is_unknown and len(loc) > 2 and loc[-1] == "[key]"  # pydantic's mark for a key of a mapping
        loc = loc[:-1] if is_name else loc
        nodes = _nodes_to(root, loc)
        if any(isinstance(node, ScalarNode) and node.has_error for node in nodes):
            continue
        node = nodes[-1] if len(nodes) > len(loc) else None
        if error["type"] == "too_short" and node and plain(node):
            continue  # it has entries, and each one with an error is reported
        if is_name or is_unknown:
            parent = nodes[len(loc) - 1]
            place = parent.entries[str(loc[-1])].place if isinstance(parent, MappingNode) else parent.place
            diagnostics.add(place, shown_path(loc), _key_message(error, loc, node))
        elif isinstance(node, ScalarNode):
            diagnostics.add(_place(error, node, dotted(loc), diagnostics), shown_path(loc), _message(error, loc, node))
        else:
            diagnostics.add(diagnostics.nearest(dotted(loc)), shown_path(loc), _message(error, loc, node))


def quoted_value(node: ScalarNode) -> str:
    """Return a value in quotes as the file has it, never the value of a reference or a secret."""
    return f"'{_shortened(node.shown)}'"


def _nodes_to(root: MappingNode, loc: KeyPath) -> list[Node]:
    """Return the nodes from the root to a path, as far as they exist."""
    nodes: list[Node] = [root]
    for part in loc:
        node = nodes[-1]
        if isinstance(node, MappingNode) and part in node.entries:
            nodes.append(node.entries[str(part)].node)
        elif isinstance(node, SequenceNode) and isinstance(part, int):
            nodes.append(node.items[part])
        else:
            break
    return nodes


def _place(error: ErrorDetails, node: ScalarNode, path: str, diagnostics: Diagnostics) -> Place:
    """Return the place of a fault inside a value, where the error tells it and the value may be shown."""
    column = getattr(error.get("ctx", {}).get("error"), "column", 0)
    inside = diagnostics.place_in(path, node.text, column - 1) if column and not node.is_interpolated else None
    return inside or node.place


def _key_message(error: ErrorDetails, loc: KeyPath, node: Node | None) -> str:
    key = shown_key(str(loc[-1])) if is_secret_key(loc) else _shortened(mask_urls(str(loc[-1])))
    if error["type"] != "extra_forbidden":
        return f"'{key}' {_reason(error)}"
    known = _known_keys(loc)
    # A comma ends a value inside { }: `digest: 08:30, 17:00` is two entries, and the second has no value.
    is_rest = isinstance(node, ScalarNode) and node.is_unset and not str(loc[-1]).isidentifier()
    rest = " without a value: if it belongs to the value before it, put that in quotes; else" if is_rest else ":"
    return f"unknown key{suggestion(key, known) or f'{rest} use one of ' + ', '.join(known)}"


def _known_keys(loc: KeyPath) -> tuple[str, ...]:
    return tuple(dict(sections())[_pattern(loc[:-1])].model_fields)


def _message(error: ErrorDetails, loc: KeyPath, node: Node | None) -> str:
    """Return the message for a value in the file, or for a missing one."""
    kind = error["type"]
    if kind == "missing":
        return f"{'is missing' if node is None else 'has no value'}{_example(loc)}"
    if kind == "too_short":
        return f"needs at least one entry{_example(loc)}"
    if kind in ("model_type", "mapping_type", "dict_type", "model_attributes_type"):
        return f"must have keys, not a {'single value' if isinstance(node, ScalarNode) else 'list'}{_example(loc)}"
    if not isinstance(node, ScalarNode):
        if kind == "tuple_type":
            return "must be a list such as [first, second], not keys"
        return f"must be a single value, not {_kind(node)}"
    if kind == "tuple_type":
        return f"must be a list: write [{_quoted(node.raw if node.is_interpolated else node.text)}]"
    if kind == "literal_error":
        expected = str(error["ctx"]["expected"])
        close = suggestion(node.text, re.findall(r"'(\w+)'", expected))
        return f"{quoted_value(node)} is not valid: write {expected}{close}"
    return f"{quoted_value(node)} {_reason(error)}"


def _reason(error: ErrorDetails) -> str:
    """Return the message of our own validator; pydantic's messages could contain the value and are never shown."""
    reason = error.get("ctx", {}).get("error")
    return str(reason) if reason is not None else "is not valid here"


def _example(loc: KeyPath) -> str:
    """Return how this key or section may be written, or nothing if the models give no example."""
    known, key = dict(sections()), loc[-1]
    siblings, keys = (_examples(known.get(_pattern(one))) for one in (loc[:-1], loc))
    inner = next((f"{one}: {example}" for one, example in keys.items()), "")
    value = siblings.get(str(key)) or (inner and f"{{{inner}}}")
    written = f"- {inner}" if isinstance(key, int) else f"{_shortened(mask_urls(str(key)))}: {value}"
    return value and f": write for example {written}"


def _examples(section: type[Section] | None) -> dict[str, str]:
    fields = section.model_fields.items() if section else ()
    return {key: str(field.examples[0]) for key, field in fields if field.examples}


def _kind(node: Node | None) -> str:
    if not isinstance(node, SequenceNode):
        return "keys"
    only = node.items[0] if len(node.items) == 1 else None
    if not isinstance(only, ScalarNode) or only.is_secret:
        return "a list"
    return f"a list: write {_quoted(only.raw)}"


def _quoted(text: str) -> str:
    """Return a value as YAML, shortened and without what follows a `scheme://`."""
    text = _shortened(mask_urls(text))
    return json.dumps(text, ensure_ascii=False) if _NEEDS_QUOTES.search(text) else text


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _pattern(loc: KeyPath) -> str:
    """Return the path with `*` for the user's own names, as `sections` yields it."""
    parts = ["*" if isinstance(part, int) else part for part in loc]
    if len(parts) > 1 and parts[0] in ("sources", "channels", "watchlists"):
        parts[1] = "*"
    return ".".join(parts)
