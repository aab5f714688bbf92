"""Write a sample configuration, show the settings in force or print JSON schemas: `monitor config`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from monitor.cli.common import common_options, load_config, print_rows
from monitor.ports import Row


@click.group()
def command() -> None:
    """Write a sample configuration, show the settings in force, or print JSON schemas."""


@command.command("init")
@click.argument("path", default="config.yaml", type=click.Path(path_type=Path))
def init(*, path: Path) -> None:
    """Write a commented sample configuration to PATH (default: config.yaml) and its JSON schema beside it.

    A file that exists is never changed.
    """
    from monitor.config.json_schema import create_config

    for line in create_config(path):
        click.echo(line)


@command.command("show")
@common_options
def show(*, as_json: bool, config_file: str | None) -> None:
    """Show every setting in force and the line it comes from; secrets stay hidden."""
    from monitor.inspect.settings import setting_rows

    rows = setting_rows(load_config(config_file))
    print_rows(rows, as_json=as_json, header=("setting", "value", "from"), cells=_cells)


@command.command("schema")
@click.option("--output", "name", metavar="COMMAND", help="That of the lines this command prints with --json.")
def schema(*, name: str | None) -> None:
    """Print the JSON schema of the configuration, or of a command's --json lines."""
    from monitor.cli.output_schemas import output_schema
    from monitor.config.json_schema import schema_text

    click.echo(output_schema(name) if name else schema_text(), nl=False)


def _cells(row: Row) -> list[object]:
    value = row["value"] if isinstance(row["value"], str) else json.dumps(row["value"], ensure_ascii=False)
    origin = f"{Path(str(row['file'])).name}:{row['line']}" if row["line"] else "default"
    return [row["path"], "not set" if row["value"] is None else value, origin]
