"""Share the options of the commands, the configuration they open and the lines they print."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from monitor.errors import ConfigError, MonitorError, UsageError
from monitor.inspect.json_lines import json_line
from monitor.text import escape
from monitor.times import local_time, with_local_times

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from monitor.config import Check, Config
    from monitor.control.client import CommandClient
    from monitor.control.requests import Request
    from monitor.ports import Row
    from monitor.records import Archive

_Function = TypeVar("_Function", bound=Callable[..., Any])
_Value = TypeVar("_Value")


def _inherited(ctx: click.Context, option: click.Parameter, value: Any) -> Any:
    """Return the value of an option, which may also stand before the command or the subcommand."""
    outer = ctx.parent
    while outer and not value:
        value, outer = outer.params.get(str(option.name), value), outer.parent
    return value


config_option = click.option(
    "-c", "--config", "config_file", metavar="FILE", callback=_inherited, help="The configuration to use."
)
_json_option = click.option("--json", "as_json", is_flag=True, callback=_inherited, help="Print JSON lines.")


def common_options(command: _Function) -> _Function:
    """Add `--json` (one JSON object a line, each with its schema version) and `-c FILE`."""
    return _json_option(config_option(command))


def config_path(config_file: str | None) -> Path:
    """Return the path of the configuration: that of -c, or the first default that exists.

    From here on garbage is collected, but not looked for in what has been loaded.
    """
    from monitor.config import find

    gc.freeze()
    gc.enable()
    return find(Path(config_file) if config_file else None, os.environ)


def load_config(config_file: str | None, *, checks: Sequence[Check] = ()) -> Config:
    """Load the configuration in force, from that path."""
    from monitor.config import load
    from monitor.config.checks import check_rules

    return load(config_path(config_file), environ=os.environ, checks=(check_rules, *checks))


def load_for_reading(config_file: str | None) -> Config:
    """Load what is valid of the configuration for a command that only reads the store; say what is wrong with the rest.

    Where even the state folder cannot be known, the daemon that runs with an earlier version of the file is asked.
    """
    from monitor.config import load_what_is_valid
    from monitor.config.checks import check_rules

    path = config_path(config_file)
    try:
        config = load_what_is_valid(path, environ=os.environ, checks=(check_rules,))
    except ConfigError:
        return load_for_store(config_file)
    if config.faults:
        error = ConfigError(config.faults)
        notice = f"the configuration is broken (see `monitor check`) and read without this: {error.message}"
        click.echo(escape(f"monitor: {error.where}: {notice}"), err=True)
    return config


def load_for_store(config_file: str | None) -> Config:
    """Load the configuration; where it is broken and a daemon runs, say so and return what its store needs.

    So the daemon can be given commands while somebody edits the file.
    """
    from monitor.inspect.status import running_config

    try:
        return load_config(config_file)
    except ConfigError as error:
        found = running_config(config_path(config_file))
        if found is None:
            raise
        notice = "the configuration is broken (see `monitor check`); going on as the running daemon is configured"
        click.echo(escape(f"monitor: {error.where}: {notice}"), err=True)
        return found


@contextmanager
def archive_of(config: Config) -> Iterator[Archive]:
    """Open the read side of this configuration's store. Raises NotFound when there is none yet."""
    from monitor.inspect.pending import open_read_only

    with open_read_only(config) as stores:
        yield stores.archive


def run_commands(
    ctx: click.Context, commands: Sequence[tuple[str, ...]], *, as_json: bool, config_file: str | None
) -> None:
    """Execute each of these (a command and its arguments), report what failed, and then print what was done.

    An output that takes nothing stops none of them. The exit code is 1 when one failed. Raises LockHeld and UsageError,
    which would stop all of them.
    """
    from monitor.control.client import CommandClient
    from monitor.control.requests import Request

    done: list[Row] = []
    with ExitStack() as stack:
        config = load_for_store(config_file)
        stack.callback(_print_done, done, as_json=as_json, zone=config.timezone)
        client = CommandClient(config, stack)
        for command, *arguments in commands:
            row = _run_or_report(client, Request(command=command, arguments=tuple(arguments)))
            done.extend([row] if row else [])
    ctx.exit(1 if len(done) < len(commands) else 0)


def _print_done(rows: Sequence[Row], *, as_json: bool, zone: ZoneInfo) -> None:
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(escape(with_local_times(str(row["text"]), lambda at: local_time(at, zone))))


def _run_or_report(client: CommandClient, request: Request) -> Row | None:
    """Return what was done; None: it failed alone, and the error is printed."""
    from monitor.cli import report

    try:
        return client.run(request)
    except MonitorError as error:
        if error.exit_code != 1:
            raise
        report(error)
        return None


def print_json(rows: Iterable[Mapping[str, object]]) -> None:
    """Print rows as JSON lines; Korean stays readable, control characters are escaped."""
    for row in rows:
        click.echo(json_line(row))


def print_rows(
    rows: Iterable[Row],
    *,
    as_json: bool,
    header: Sequence[str],
    cells: Callable[[Row], Sequence[object]],
    none: str = "",
) -> None:
    """Print rows as JSON lines or as aligned columns, cut to a terminal's width; none: the text for an empty table."""
    if as_json:
        print_json(rows)
        return
    from rich.cells import cell_len

    from monitor.cli.fit import column_widths, cut, terminal_width

    # One string a row: the widths need all of them at once, and lists of cells take several times the memory.
    lines = ["\0".join(escape(str(cell)) for cell in cells(row)) for row in rows]
    if none and not lines:
        click.echo(none)
        return
    width, least = terminal_width(), [cell_len(cell) for cell in header]
    widths = least
    for line in lines:
        widths = [max(width, cell_len(cell)) for width, cell in zip(widths, line.split("\0"), strict=True)]
    if width is not None:
        widths = column_widths(widths, least, width)
    for number, line in enumerate(["\0".join(header), *lines]):
        cells_of_line = zip(line.split("\0"), widths, strict=True)
        fitted = (cut(cell, most) if cell_len(cell) > most else cell for cell, most in cells_of_line)
        padded = (cell + " " * (most - cell_len(cell)) for cell, most in zip(fitted, widths, strict=True))
        text = cut("  ".join(padded).rstrip(), width).rstrip()
        click.echo(click.style(text, bold=True) if number == 0 else text)


def shown_time(value: object, zone: ZoneInfo) -> str:
    """Return the time of a row as people read it, in the configuration's time zone; None: ""."""
    return local_time(datetime.fromisoformat(str(value)), zone) if value else ""


def parse_since(text: str | None, zone: ZoneInfo) -> datetime | None:
    """Return the time of --since, as `since_time` has it. Raises click.BadParameter."""
    from monitor.inspect.since import since_time

    return _parsed(since_time, text, zone)


def parse_since_day(text: str | None, zone: ZoneInfo) -> date | None:
    """Return the publication day of --since, as `since_day` has it. Raises click.BadParameter."""
    from monitor.inspect.since import since_day

    return _parsed(since_day, text, zone)


def _parsed(parse: Callable[[str | None, ZoneInfo], _Value], text: str | None, zone: ZoneInfo) -> _Value:
    try:
        return parse(text, zone)
    except UsageError as error:
        raise click.BadParameter(error.message, param_hint="--since") from None


def is_terminal(stream: TextIO | None = None) -> bool:
    """Return True when a person reads this stream and wants colors; None: stdout."""
    return (stream or sys.stdout).isatty() and "NO_COLOR" not in os.environ
