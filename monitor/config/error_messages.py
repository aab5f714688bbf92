"""Pydantic's complaints → faults in this product's words, each at its place in the file."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from monitor.config.diagnostics import Diagnostics
from monitor.config.models import Section, sections
from monitor.config.parsers import closest, suggestion
from monitor.config.redact import mask_secret, mask_urls
from monitor.config.yaml_tree import Node, Scalar, Series, Table, dotted, plain

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_Loc = tuple[str | int, ...]
_SHOWN = 60  # characters of a value
_NEEDS_QUOTES = re.compile(r"""^[\s&*!|>%@`'"-]|[\[\]{}#]|:\s|\s$|^$""")


def translate_errors(errors: list[ErrorDetails], root: Table, findings: Diagnostics) -> None:
    """Note every error, except where a broken value or a mistyped key already has its fault."""
    meant = {_meant(error["loc"]) for error in errors if error["type"] == "extra_forbidden"}
    for error in errors:
        loc: _Loc = error["loc"]
        if error["type"] == "missing" and loc in meant:
            continue
        is_unknown = error["type"] == "extra_forbidden"
        is_name = not is_unknown and len(loc) == 3 and loc[2] == "[key]"  # pydantic's mark for a key of a mapping
        loc = loc[:2] if is_name else loc
        nodes = _along(root, loc)
        if any(isinstance(node, Scalar) and node.is_broken for node in nodes):
            continue
        node = nodes[-1] if len(nodes) > len(loc) else None
        if error["type"] == "too_short" and node and plain(node):
            continue  # it has entries, and what is wrong with them is said of each
        if is_name or is_unknown:
            findings.add(_key_place(nodes, loc), dotted(loc), _key_message(error, loc))
        elif isinstance(node, Scalar):
            findings.add(node.place, dotted(loc), _value_message(error, loc, node))
        else:
            findings.error(dotted(loc), _message(error, loc, node))


def shown(node: Scalar) -> str:
    """A value as it may stand in a message: as the file has it, never what a reference or a secret holds."""
    text = mask_secret(node.raw) if node.is_secret else mask_urls(node.raw if node.is_filled else node.text)
    return f"'{_shortened(text)}'"


def _along(root: Table, loc: _Loc) -> list[Node]:
    """The nodes from the root to a place, as far as they exist."""
    nodes: list[Node] = [root]
    for part in loc:
        node = nodes[-1]
        if isinstance(node, Table) and part in node.entries:
            nodes.append(node.entries[str(part)].node)
        elif isinstance(node, Series) and isinstance(part, int):
            nodes.append(node.items[part])
        else:
            break
    return nodes


def _key_place(nodes: list[Node], loc: _Loc) -> Any:
    parent = nodes[len(loc) - 1]
    return parent.entries[str(loc[-1])].place if isinstance(parent, Table) else parent.place


def _key_message(error: ErrorDetails, loc: _Loc) -> str:
    key = _shortened(mask_urls(str(loc[-1])))
    if error["type"] != "extra_forbidden":
        return f"'{key}' {_reason(error)}"
    known = _known_keys(loc)
    return f"unknown key{suggestion(key, known) or '; the keys here are ' + ', '.join(known)}"


def _known_keys(loc: _Loc) -> list[str]:
    return list(dict(sections())[_pattern(loc[:-1])].model_fields)


def _meant(loc: _Loc) -> _Loc:
    """The place of the key that an unknown one was probably meant to be."""
    return (*loc[:-1], closest(str(loc[-1]), _known_keys(loc)) or "")


def _value_message(error: ErrorDetails, loc: _Loc, node: Scalar) -> str:
    """What is wrong with one value, which is there."""
    if error["type"] == "missing":
        return f"has no value{_cure(loc)}"
    if error["type"] == "tuple_type":
        return f"takes a list; write {_listed(node)}"
    if _is_table_wanted(error):
        return f"takes keys of its own, not one value{_cure(loc)}"
    if error["type"] == "literal_error":
        expected = str(error["ctx"]["expected"])
        close = suggestion(node.text, re.findall(r"'(\w+)'", expected))
        return f"{shown(node)} is not {expected}{close}"
    return f"{shown(node)} {_reason(error)}"


def _message(error: ErrorDetails, loc: _Loc, node: Node | None) -> str:
    """What is wrong with a list, with a table, or with what is not there."""
    if error["type"] == "missing":
        return f"is missing{_cure(loc)}"
    if error["type"] == "too_short":
        return f"needs at least one entry{_cure(loc)}"
    if _is_table_wanted(error):
        return f"takes keys of its own, not a list{_cure(loc)}"
    if error["type"] == "tuple_type":
        return "takes a list such as [first, second], not keys"
    if isinstance(node, Series):
        return f"takes one value, not a list{_without_brackets(node)}"
    return "takes one value, not keys"


def _reason(error: ErrorDetails) -> str:
    """The sentence of our own validators; pydantic's own texts, which could hold the value, are never passed on."""
    reason = error.get("ctx", {}).get("error")
    return str(reason) if reason is not None else "does not fit here"


def _is_table_wanted(error: ErrorDetails) -> bool:
    return error["type"] in ("model_type", "mapping_type", "dict_type", "model_attributes_type")


def _cure(loc: _Loc) -> str:
    """Return how the key or section here may be written; nothing where the models give no example."""
    known, key = dict(sections()), loc[-1]
    siblings, keys = (_examples(known.get(_pattern(one))) for one in (loc[:-1], loc))
    inner = next((f"{one}: {example}" for one, example in keys.items()), "")
    value = siblings.get(str(key)) or (inner and f"{{{inner}}}")
    written = f"- {inner}" if isinstance(key, int) else f"{_shortened(mask_urls(str(key)))}: {value}"
    return value and f"; write for instance {written}"


def _examples(section: type[Section] | None) -> dict[str, str]:
    fields = section.model_fields.items() if section else ()
    return {key: str(field.examples[0]) for key, field in fields if field.examples}


def _listed(node: Scalar) -> str:
    """The value as the list that was probably meant; commas separate its entries."""
    text = node.raw if node.is_filled else node.text
    return f"[{_quoted(_shortened(mask_urls(text)))}]"


def _without_brackets(node: Series) -> str:
    only = node.items[0] if len(node.items) == 1 else None
    if not isinstance(only, Scalar) or only.is_secret:
        return ""
    return f"; write {_quoted(_shortened(mask_urls(only.raw)))}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False) if _NEEDS_QUOTES.search(text) else text


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _pattern(loc: _Loc) -> str:
    """The path with the user's own names as `*`: what keys are looked up by."""
    parts = ["*" if isinstance(part, int) else part for part in loc]
    if len(parts) > 1 and parts[0] in ("sources", "channels", "watchlists"):
        parts[1] = "*"
    return ".".join(parts)
