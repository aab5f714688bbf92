"""`monitor config`: a sample to begin with, the settings in force, and the shapes of what goes in and comes out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.common import config_option, inherited_options, json_option, load_config, print_json, print_table

if TYPE_CHECKING:
    from monitor.config.settings import Setting


@click.group()
def command() -> None:
    """Begin a configuration, show the settings in force, or print JSON schemas."""


@command.command("init")
@click.argument("path", default="config.yaml", type=click.Path(path_type=Path))
def init(*, path: Path) -> None:
    """Write a commented sample configuration to PATH (default: config.yaml) and its JSON schema beside it.

    A file that is there already is never touched.
    """
    from monitor.config.template import create_config

    for line in create_config(path):
        click.echo(line)


@command.command("show")
@json_option
@config_option
@click.pass_context
def show(ctx: click.Context, *, as_json: bool, config_file: str | None) -> None:
    """Show every setting in force and the line it comes from; secrets stay hidden."""
    from monitor.config.settings import settings

    as_json, config_file = inherited_options(ctx, as_json=as_json, config_file=config_file)
    config = load_config(config_file)
    if as_json:
        print_json(_line(one, config.file) for one in settings(config))
    else:
        print_table(("setting", "value", "from"), [_cells(one, config.file) for one in settings(config)])


@command.command("schema")
@click.option("--output", "verb", metavar="VERB", help="That of the lines this verb prints with --json.")
def schema(*, verb: str | None) -> None:
    """Print the JSON schema of the configuration, or of a verb's --json lines."""
    from monitor.cli.output_schemas import output_schema
    from monitor.config.json_schema import schema_text

    click.echo(output_schema(verb) if verb else schema_text(), nl=False)


def _line(setting: Setting, file: Path) -> dict[str, object]:
    is_default = setting.line is None
    return {
        "path": setting.path,
        "value": setting.value,
        "file": None if is_default else str(file),
        "line": setting.line,
    }


def _cells(setting: Setting, file: Path) -> list[object]:
    value = setting.value if isinstance(setting.value, str) else json.dumps(setting.value, ensure_ascii=False)
    origin = "default" if setting.line is None else f"{file.name}:{setting.line}"
    return [setting.path, "not set" if setting.value is None else value, origin]
