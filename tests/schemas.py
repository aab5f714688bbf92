"""A JSON schema and a value → where they disagree; as much of draft 2020-12 as our schemas use, and no keyword more."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from monitor.cli.output_schemas import output_schema

Schema = Mapping[str, Any]
_ANNOTATIONS = {"$schema", "$defs", "title", "description", "default"}
_TYPES: Mapping[str, Callable[[object], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}
_FORMATS: Mapping[str, Callable[[str], object]] = {"date": date.fromisoformat, "date-time": datetime.fromisoformat}


def disagreements(schema: Schema, value: object, *, root: Schema | None = None, at: str = "$") -> Iterator[str]:
    """One sentence each; a keyword this validator does not know raises KeyError."""
    root = root or schema
    for keyword, wanted in schema.items():
        if keyword in _ANNOTATIONS:
            continue
        if keyword == "$ref":
            yield from disagreements(root["$defs"][wanted.removeprefix("#/$defs/")], value, root=root, at=at)
        elif keyword == "anyOf":
            if all(any(disagreements(one, value, root=root, at=at)) for one in wanted):
                yield f"{at}: {value!r} is none of {len(wanted)} forms"
        elif isinstance(value, dict) and keyword in _IN_TABLES:
            yield from _IN_TABLES[keyword](schema, value, root, at)
        elif isinstance(value, list) and keyword == "items":
            for number, item in enumerate(value):
                yield from disagreements(wanted, item, root=root, at=f"{at}[{number}]")
        elif keyword not in _IN_TABLES and keyword != "items" and not _SIMPLE[keyword](wanted, value):
            yield f"{at}: {value!r} against {keyword} {wanted}"


def line_faults(output: str, line: str) -> list[str]:
    """Where one printed line disagrees with the schema that ships for it."""
    return list(disagreements(json.loads(output_schema(output)), json.loads(line)))


def _properties(schema: Schema, value: Any, root: Schema, at: str) -> Iterator[str]:
    for key, form in schema["properties"].items():
        if key in value:
            yield from disagreements(form, value[key], root=root, at=f"{at}.{key}")


def _further(schema: Schema, value: Any, root: Schema, at: str) -> Iterator[str]:
    for key in value.keys() - schema.get("properties", {}).keys():
        if schema["additionalProperties"] is False:
            yield f"{at}: no key {key!r} is known"
        else:
            yield from disagreements(schema["additionalProperties"], value[key], root=root, at=f"{at}.{key}")


def _names(schema: Schema, value: Any, root: Schema, at: str) -> Iterator[str]:
    for key in value:
        yield from disagreements(schema["propertyNames"], key, root=root, at=f"{at}.{key}")


def _required(schema: Schema, value: Any, root: Schema, at: str) -> Iterator[str]:
    yield from (f"{at}: {key!r} is missing" for key in schema["required"] if key not in value)


def _is_type(wanted: str | list[str], value: object) -> bool:
    return any(_TYPES[kind](value) for kind in ([wanted] if isinstance(wanted, str) else wanted))


def _is_format(wanted: str, value: object) -> bool:
    try:
        return not isinstance(value, str) or bool(_FORMATS[wanted](value))
    except ValueError:
        return False


_IN_TABLES: Mapping[str, Callable[[Schema, Any, Schema, str], Iterator[str]]] = {
    "properties": _properties,
    "additionalProperties": _further,
    "propertyNames": _names,
    "required": _required,
}
_SIMPLE: Mapping[str, Callable[[Any, Any], bool]] = {
    "type": _is_type,
    "const": lambda wanted, value: bool(value == wanted),
    "enum": lambda wanted, value: value in wanted,
    "format": _is_format,
    "pattern": lambda wanted, value: not isinstance(value, str) or re.search(wanted, value) is not None,
    "minLength": lambda wanted, value: not isinstance(value, str) or len(value) >= wanted,
    "minimum": lambda wanted, value: not _TYPES["number"](value) or value >= wanted,
    "maximum": lambda wanted, value: not _TYPES["number"](value) or value <= wanted,
    "minItems": lambda wanted, value: not isinstance(value, list) or len(value) >= wanted,
    "maxItems": lambda wanted, value: not isinstance(value, list) or len(value) <= wanted,
    "minProperties": lambda wanted, value: not isinstance(value, dict) or len(value) >= wanted,
}
