"""The models of the configuration → its JSON schema (draft 2020-12), for editors and other programs.

An editor reads YAML with its own types, so where the loader takes text a number or a flag is welcome, too; whatever
holds a reference such as `${NAME}` fits everywhere, for only the loader knows what it stands for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from monitor.config import parsers
from monitor.config.descriptions import ABOUT
from monitor.config.error_messages import SECTIONS
from monitor.config.models import Config, Section, Text, from_folder, needs_entry
from monitor.config.serialize import spelled

Shape = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ANY_TEXT = ["string", "number", "boolean"]
_REFERENCE: Shape = {"type": "string", "pattern": r"\$\{", "title": "reference such as ${NAME}"}
_ANY_REFERENCE: Shape = {"$ref": "#/$defs/Reference"}
_LEAST = {"array": "minItems", "object": "minProperties"}
_FLAG = "[Tt][Rr][Uu][Ee]|[Yy][Ee][Ss]|[Oo][Nn]|[Ff][Aa][Ll][Ss][Ee]|[Nn][Oo]|[Oo][Ff][Ff]"
_DAY = "[A-Za-z]{3}(-[A-Za-z]{3})?"
_TIME = "[0-9]{1,2}:[0-9]{2}"


def _written(kind: str, pattern: str, **more: object) -> Shape:
    return {"title": kind, "type": "string", "pattern": f"^({pattern})$", **more}


_DURATION = _written("duration", r"[0-9]{1,12}(\.[0-9]{1,12})?(ms|s|m|h|d|w)")
# What the text of a setting looks like, by the function that reads it.
FORMS: Mapping[Callable[..., object], Shape] = {
    parsers.duration: _DURATION,
    parsers.positive_duration: _DURATION,
    parsers.size: _written("size", r"[0-9]{1,12}(\.[0-9]{1,12})?(B|kB|KB|MB|GB|TB)"),
    parsers.flag: {"title": "yes or no", "type": ["boolean", "string"], "pattern": f"^({_FLAG})$"},
    parsers.count: {
        "title": "number from 1 to 1000",
        "type": ["integer", "string"],
        "minimum": 1,
        "maximum": 1000,
        "pattern": "^0{0,3}[1-9][0-9]{0,3}$",
    },
    parsers.limit: {
        "title": "number",
        "type": ["integer", "string"],
        "minimum": 0,
        "maximum": 99999,
        "pattern": "^[0-9]{1,5}$",
    },
    parsers.age: {
        "title": "days, or keep",
        "type": ["integer", "string"],
        "minimum": 1,
        "maximum": 99999,
        "pattern": "^([0-9]{1,5}|keep)$",
    },
    parsers.rate: _written("rate", r"[0-9]{1,6}(\.[0-9]{1,6})?/(s|m|min|h)"),
    parsers.digest: _written("digest time", f"({_DAY}(,{_DAY})* +)?{_TIME}"),
    parsers.quiet: _written("span of hours", f" *{_TIME} *- *{_TIME} *"),
    parsers.zone: {"title": "time zone", "type": "string", "minLength": 1},
    parsers.codec: {"title": "encoding", "type": "string", "minLength": 1},
    parsers.glob: {"title": "pattern", "type": _ANY_TEXT, "pattern": "^[^/]+$"},
    parsers.word: {"title": "text", "type": _ANY_TEXT, "pattern": r"\S"},
    parsers.event: {"title": "kind of event", "enum": [str(kind) for kind in parsers.WHEN]},
    parsers.listen: _written("address", r"off|[0-9.]{7,15}:[0-9]{1,5}|\[[0-9A-Fa-f:.]+\]:[0-9]{1,5}"),
    parsers.web_address: _written("web address", r"https?://[!-~]+"),
    parsers.url: _written("url", r"[A-Za-z][A-Za-z0-9+.-]*://\S*"),
    parsers.name: {"title": "name", "type": "string", "pattern": r"^[A-Za-z0-9가-힣][^\s/:,;!?]{0,63}$"},
    parsers.folder_path: {"title": "path", "type": "string", "pattern": "^[^~]"},
}


def shape() -> Shape:
    """The whole schema; a setting that is read by a function FORMS lacks raises KeyError."""
    made = Config.model_json_schema(schema_generator=_Generator)
    for pattern, section in SECTIONS.items():
        table = made if section is Config else made["$defs"][section.__name__]
        table.pop("title", None)
        table["description"] = ABOUT[pattern]
        required = table.get("required", ())
        table["properties"] = {
            key: _setting(setting, ABOUT[f"{pattern}.{key}" if pattern else key], is_required=key in required)
            for key, setting in table["properties"].items()
        }
    made["$defs"]["Reference"] = _REFERENCE
    return {"$schema": _DIALECT, "title": "The configuration of monitor", **made}


def written() -> str:
    """The schema as config.schema.json has it."""
    return json.dumps(shape(), indent=2, ensure_ascii=False) + "\n"


class _Generator(GenerateJsonSchema):
    """Pydantic's own, for settings that are read from text."""

    def function_before_schema(self, schema: Any) -> Shape:
        read = schema["function"]["function"]
        if isinstance(read, Text):
            return dict(FORMS[read.parse])
        return dict(FORMS[parsers.folder_path]) if read is from_folder else super().function_before_schema(schema)

    def function_after_schema(self, schema: Any) -> Shape:
        check = schema["function"]["function"]
        if check is parsers.name:
            return dict(FORMS[check])
        made = super().function_after_schema(schema)
        return {**made, _LEAST[made["type"]]: 1} if check is needs_entry else made

    def dict_schema(self, schema: Any) -> Shape:
        made = super().dict_schema(schema)
        for pattern, form in made.pop("patternProperties", {}).items():
            made |= {"propertyNames": {"pattern": pattern}, "additionalProperties": form}
        return made

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False  # it would only say the key again

    def default_schema(self, schema: Any) -> Shape:
        made = self.generate_inner(schema["schema"])
        if "default" not in schema or isinstance(schema["default"], Section):  # a section's keys have theirs
            return made
        reader = schema["schema"].get("function", {}).get("function")
        return {**made, "default": spelled(schema["default"], getattr(reader, "parse", None))}


def _setting(setting: Shape, about: str, *, is_required: bool) -> Shape:
    """One key; what may be left out may also have no value."""
    default = {"default": setting["default"]} if setting.get("default") not in (None, "", []) else {}
    setting = {name: one for name, one in setting.items() if name != "default"}
    choices = [one for one in setting.pop("anyOf", [setting]) if one != {"type": "null"}]
    opened = [_open(one) for one in choices]
    some = opened if is_required else [*opened, {"type": "null"}]
    flat = [one for each in some for one in each.get("anyOf", [each])]
    return {"description": about, **default, **(flat[0] if len(flat) == 1 else {"anyOf": flat})}


def _open(form: Shape) -> Shape:
    """The same, and any text that holds a reference where one value is expected."""
    for inner in ("items", "additionalProperties"):
        if isinstance(form.get(inner), dict):
            return {**form, inner: _open(form[inner])}
    return form if "$ref" in form or _takes_references(form) else {"anyOf": [form, _ANY_REFERENCE]}


def _takes_references(form: Shape) -> bool:
    return "enum" not in form and re.search(form.get("pattern", ""), "${file:/x}") is not None
