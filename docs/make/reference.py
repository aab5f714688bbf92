"""Generate docs/reference.md: commands, settings, outputs and exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from docs.make.commands import commands
from monitor.cli.exit_codes import EXIT_CODES
from monitor.cli.output_schemas import output_schema, outputs
from monitor.config.json_schema import json_schema
from monitor.config.models import sections
from monitor.model import Kind

_HEAD = """\
# Reference

Generated from the code by `python -m docs.make`; a test keeps both equal.
The reasons are in [docs/explanation.md](explanation.md).
"""
_SETTINGS = """\
## Settings

All keys of the configuration; `*` is a name of your choice. `monitor config show` prints the settings in effect and
where each one comes from, and `monitor config schema` prints these tables for editors. A duration is a number and a
unit (`ms`, `s`, `m`, `h`, `d`, `w`), and so is a size (`B`, `kB`, `MB`, `GB`). A rate is a number per second, minute
or hour: `1/s`, `10/min`. Any value may contain `${NAME}`, `${NAME:-default}`, `${file:/path}` or
`${credential:name}`; `$$` is a dollar sign. YAML anchors, aliases and merge keys (`<<: *name`) work.
"""
_OUTPUTS = """\
## Output for programs

With `--json` a command prints one JSON object per line. `monitor config schema --output events` prints the JSON
schema of the lines of `monitor events`; every name below works in the same way. Times are UTC. `schema_version`
increases when a field is removed or changes its meaning.
"""


def reference() -> str:
    """Return the page as Markdown."""
    parts = [_HEAD, "## Commands\n", *_commands(), _SETTINGS, *_settings(), _events(), _OUTPUTS, *_outputs(), _exits()]
    return "\n".join(parts)


def _commands() -> Iterator[str]:
    for command in commands():
        yield f"### {command.words}\n\n```text\n{command.words} {command.usage}\n```\n"
        for paragraph in command.paragraphs:
            is_verbatim = paragraph.startswith("\b")
            text = paragraph.removeprefix("\b\n")
            yield f"```text\n{text}\n```\n" if is_verbatim else f"{text}\n"
        if command.options:
            yield _table(("option", "description"), [(f"`{one.flags}`", one.help) for one in command.options])


def _settings() -> Iterator[str]:
    made = json_schema()
    for pattern, section in sections():
        table = made["$defs"].get(section.__name__, made)
        yield f"### {f'`{pattern}`' if pattern else 'Top level'}\n\n{table['description']}\n"
        required = table.get("required", ())
        rows = [
            (
                f"`{key}`",
                _takes(setting),
                "**required**" if key in required else _default(setting),
                setting["description"],
            )
            for key, setting in table["properties"].items()
        ]
        yield _table(("key", "takes", "default", "description"), rows)


def _takes(form: Mapping[str, Any]) -> str:
    """Describe briefly what a key accepts."""
    forms = [
        one
        for one in form.get("anyOf", [form])
        if one.get("type") != "null" and "Reference" not in str(one.get("$ref"))
    ]
    return " or ".join(dict.fromkeys(map(_form, forms)))


def _form(form: Mapping[str, Any]) -> str:
    if "$ref" in form:
        return "keys, see below"
    if form.get("type") == "array":
        return f"list of {_takes(form['items'])}"
    if form.get("type") == "object":
        return f"names, each with {_takes(form['additionalProperties'])}"
    if "enum" in form:
        return ", ".join(f"`{one}`" for one in form["enum"])
    return str(form.get("title", "name"))


def _default(setting: Mapping[str, Any]) -> str:
    if "default" not in setting:
        return ""
    default = setting["default"]
    return f"`{default if isinstance(default, str) else json.dumps(default, ensure_ascii=False)}`"


def _events() -> str:
    kinds = ", ".join(f"`{kind}`" for kind in Kind)
    return f"## Events\n\n{kinds}. Their exact meanings are in [docs/events.md](events.md).\n"


def _outputs() -> Iterator[str]:
    for name in outputs():
        schema = json.loads(output_schema(name))
        required = schema["required"]
        rows = [
            (f"`{key}`" + ("" if key in required else " (not always)"), form["description"])
            for key, form in schema["properties"].items()
            if key != "schema_version"
        ]
        yield f"### {name}\n\n{schema['description']}\n"
        yield _table(("field", "description"), rows)


def _exits() -> str:
    rows = [(str(code), meaning) for code, meaning in EXIT_CODES.items()]
    return "## Exit codes\n\n" + _table(
        ("code", "meaning"), [*rows, ("69", "`./dev` alone: no suitable Python found.")]
    )


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)
