"""Generate the JSON schema (draft 2020-12) of the configuration, for editors and other programs.

An editor reads YAML with its own types, so a number or a boolean is allowed where the loader takes text. A reference
such as `${NAME}` is allowed everywhere, because only the loader knows its value.
"""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from monitor.config.models import Config

JsonSchema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE: JsonSchema = {"type": "string", "pattern": r"\$\{", "title": "reference such as ${NAME}"}
_ANY_REFERENCE: JsonSchema = {"$ref": "#/$defs/Reference"}


def json_schema() -> JsonSchema:
    """Return the whole schema."""
    made = Config.model_json_schema(schema_generator=_Generator)
    tables: JsonSchema = made["$defs"]
    for table in (made, *tables.values()):
        table.pop("title", None)
        required = table.get("required", ())
        table["properties"] = {
            key: _setting(setting, tables, is_required=key in required) for key, setting in table["properties"].items()
        }
    tables["Reference"] = _REFERENCE
    return {"$schema": _DIALECT, "title": "The configuration of monitor", **made}


def schema_text() -> str:
    """Return the text of config.schema.json."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


class _Generator(GenerateJsonSchema):
    """Pydantic's generator, with patterns of names as `propertyNames`."""

    def dict_schema(self, schema: Any) -> JsonSchema:
        made = super().dict_schema(schema)
        for pattern, form in made.pop("patternProperties", {}).items():
            made |= {"propertyNames": {"pattern": pattern}, "additionalProperties": form}
        return made

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False  # it would only say the key again


def _setting(setting: JsonSchema, tables: JsonSchema, *, is_required: bool) -> JsonSchema:
    """Return the schema of one key: an optional key may be null, and a section has no default of its own."""
    about = setting.pop("description", None) or tables[setting["$ref"].rpartition("/")[2]]["description"]
    default = setting.pop("default", None)
    setting.pop("examples", None)  # they are YAML
    choices = [one for one in setting.pop("anyOf", [setting]) if one != {"type": "null"}]
    opened = [_allow_reference(one) for one in choices]
    some = opened if is_required else [*opened, {"type": "null"}]
    flat = [one for each in some for one in each.get("anyOf", [each])]
    has_default = default not in (None, "", []) and not isinstance(default, dict)
    stated = {"default": default} if has_default else {}
    return {"description": about, **stated, **(flat[0] if len(flat) == 1 else {"anyOf": flat})}


def _allow_reference(form: JsonSchema) -> JsonSchema:
    """Allow text with a reference wherever a single value is expected."""
    for inner in ("items", "additionalProperties"):
        if isinstance(form.get(inner), dict):
            return {**form, inner: _allow_reference(form[inner])}
    return form if "$ref" in form or _accepts_reference(form) else {"anyOf": [form, _ANY_REFERENCE]}


def _accepts_reference(form: JsonSchema) -> bool:
    return "enum" not in form and re.search(form.get("pattern", ""), "${file:/x}") is not None
