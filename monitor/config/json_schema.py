"""Generate the JSON schema (draft 2020-12) of the configuration, and write it beside a sample configuration.

An editor reads YAML with its own types, so a number or a boolean is allowed where the loader takes text. A reference
such as `${NAME}` is allowed everywhere, because only the loader knows its value.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from monitor.config.models import Config
from monitor.errors import MonitorError

JsonSchema = dict[str, Any]

_DUMPS = "seeds"  # the folder of the source in the sample
_REFERENCE: JsonSchema = {"type": "string", "pattern": r"\$\{", "title": "reference such as ${NAME}"}
_HEAD = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "The configuration of monitor"}


def json_schema() -> JsonSchema:
    """Return the whole schema."""
    made = Config.model_json_schema(schema_generator=_Generator)
    tables: JsonSchema = made["$defs"]
    for table in (made, *tables.values()):
        table.pop("title", None)
        keys, required = table["properties"], table.get("required", ())
        table["properties"] = {key: _setting(keys[key], tables, is_required=key in required) for key in keys}
    tables["Reference"] = _REFERENCE
    return {**_HEAD, **made}


def schema_text() -> str:
    """Return the text of config.schema.json."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def sample_config() -> str:
    """Return the configuration that `monitor config init` writes."""
    return files("monitor.config").joinpath("sample.yaml").read_text("utf-8")


def create_config(path: Path) -> Iterator[str]:
    """Write both files and the folder of dumps, and yield a line for each; then the next steps.

    Raises MonitorError if the configuration exists already.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(sample_config())
    except FileExistsError:
        raise MonitorError("already exists: name another path, or remove it first", where=str(path)) from None
    yield f"wrote {path}"
    schema, folder = path.with_name("config.schema.json"), path.parent / _DUMPS
    if not schema.exists():
        schema.write_text(schema_text(), "utf-8")
        yield f"wrote {schema}, from which an editor knows the keys"
    if not folder.exists():
        folder.mkdir()
        yield f"made {folder}/, the folder for dump files"
    yield from _next_steps(path, folder)


def _next_steps(path: Path, folder: Path) -> Iterator[str]:
    monitor = "monitor" if path == Path("config.yaml") else f"monitor -c {shlex.quote(str(path))}"
    yield "next:"
    yield f"  1. copy a dump file into {folder}/ and run `{monitor} run --once`: it prints the alerts"
    yield f"  2. write your keywords below watchlists: in {path}; `{monitor} check` names every mistake"
    yield "  3. for Slack or mail, uncomment its line below channels: and set its variable;"
    yield f"     `{monitor} channels test team` sends one message, and `{monitor} run` keeps watching"


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
    opened = [*map(_allow_reference, choices), *([] if is_required else [{"type": "null"}])]
    flat = [one for each in opened for one in each.get("anyOf", [each])]
    has_default = default not in (None, "", []) and not isinstance(default, dict)
    stated = {"default": default} if has_default else {}
    return {"description": about, **stated, **(flat[0] if len(flat) == 1 else {"anyOf": flat})}


def _allow_reference(form: JsonSchema) -> JsonSchema:
    """Allow text with a reference wherever a single value is expected."""
    for inner in ("items", "additionalProperties"):
        if isinstance(form.get(inner), dict):
            return {**form, inner: _allow_reference(form[inner])}
    accepts_reference = "enum" not in form and re.search(form.get("pattern", ""), "${file:/x}")
    return form if "$ref" in form or accepts_reference else {"anyOf": [form, {"$ref": "#/$defs/Reference"}]}
