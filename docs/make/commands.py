"""List the commands of the click tree as plain text, for pages in different formats."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass

import click

from monitor.cli import COMMANDS, monitor


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of a command, with its help."""

    flags: str  # `-c, --config FILE`
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command with its help."""

    words: str  # `monitor alerts retry`
    usage: str  # the arguments after the words
    paragraphs: tuple[str, ...]
    options: tuple[Option, ...]


def commands() -> Iterator[Command]:
    """Yield every command in the order of use: `monitor` first, and each group before its own commands."""
    context = click.Context(monitor, info_name="monitor")
    yield _command(monitor, context)
    for name in COMMANDS:
        yield from _command_tree(monitor.get_command(context, name), name, context)


def _command_tree(command: click.Command | None, name: str, parent: click.Context) -> Iterator[Command]:
    assert command is not None
    context = click.Context(command, info_name=name, parent=parent)
    yield _command(command, context)
    if isinstance(command, click.Group):
        for verb in command.list_commands(context):
            yield from _command_tree(command.get_command(context, verb), verb, context)


def _command(command: click.Command, context: click.Context) -> Command:
    options = [
        Option(flags=written, help=help_.strip())
        for parameter in command.get_params(context)
        for written, help_ in [parameter.get_help_record(context) or ("", "")]
        if help_ and "--help" not in written
    ]
    return Command(
        words=context.command_path,
        usage=" ".join(command.collect_usage_pieces(context)),
        paragraphs=tuple(inspect.cleandoc(command.help or "").split("\n\n")),
        options=tuple(options),
    )
