"""What the verbs share: their options, the configuration they open, the lines they print."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from monitor.errors import MonitorError, NotFound
from monitor.logs import FORMATS
from monitor.text import escape

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from monitor.config import Check, Config
    from monitor.control.client import CommandClient
    from monitor.control.commands import Request
    from monitor.ports import Archive, Row

SCHEMA_VERSION = 1
_Verb = TypeVar("_Verb", bound=Callable[..., Any])
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_AGO = re.compile(r"(\d+)([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def config_option(verb: _Verb) -> _Verb:
    """`-c FILE` after the verb; before the verb it means the same."""
    return click.option("-c", "--config", "config_file", metavar="FILE", help="The configuration to use.")(verb)


def json_option(verb: _Verb) -> _Verb:
    """`--json`: one JSON object a line, each with its schema version."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")(verb)


def log_option(verb: _Verb) -> _Verb:
    """`--log-format`: by itself it fits the surroundings."""
    return click.option(
        "--log-format", type=click.Choice(FORMATS), help="How to write the log (default: what fits stderr)."
    )(verb)


def config_path(config_file: str | None) -> Path:
    """Where the configuration stands: the verb's own -c, the group's -c, or the first place where there is one."""
    from monitor.config import find

    named = config_file or click.get_current_context().find_root().obj
    return find(Path(named) if named else None, os.environ)


def load_config(config_file: str | None, *, checks: Sequence[Check] = ()) -> Config:
    """The configuration in force, from that place."""
    from monitor.config import load
    from monitor.config.checks import check_rules

    return load(config_path(config_file), environ=os.environ, checks=(check_rules, *checks))


@contextmanager
def open_archive(config_file: str | None) -> Iterator[Archive]:
    """The read side of the configured store."""
    with archive_of(load_config(config_file)) as archive:
        yield archive


@contextmanager
def archive_of(config: Config) -> Iterator[Archive]:
    """The read side of this configuration's store. Raises NotFound where there is none yet."""
    from monitor.inspect.pending import open_read_only

    with open_read_only(config) as stores:
        yield stores.archive


def no_watchlist(config: Config, name: str) -> NotFound:
    """What is said of a watchlist that there is not."""
    return NotFound(f"there is no watchlist {name!r}; the configuration has {', '.join(config.watchlists) or 'none'}")


def inherited_options(ctx: click.Context, *, as_json: bool, config_file: str | None) -> tuple[bool, str | None]:
    """The common options of a verb within a verb, which may stand before either."""
    outer = ctx.parent.params if ctx.parent else {}
    return as_json or bool(outer.get("as_json")), config_file or outer.get("config_file")


def run_commands(
    ctx: click.Context, orders: Sequence[tuple[str, ...]], *, as_json: bool, config_file: str | None
) -> None:
    """Have each of these done (a verb and its words), print what was done, and report what could not be.

    Ends with 1 when there was such. Raises what would stop all of them alike: LockHeld, UsageError.
    """
    from monitor.control.client import command_client
    from monitor.control.commands import Request

    as_json, config_file = inherited_options(ctx, as_json=as_json, config_file=config_file)
    with command_client(load_config(config_file)) as errand:
        done = [_is_done(errand, Request(verb=verb, words=tuple(words)), as_json=as_json) for verb, *words in orders]
    ctx.exit(0 if all(done) else 1)


def _is_done(errand: CommandClient, order: Request, *, as_json: bool) -> bool:
    from monitor.cli import report

    try:
        _print_done(errand.run(order), as_json=as_json)
    except MonitorError as error:
        if error.exit_code != 1:
            raise
        report(error)
        return False
    return True


def _print_done(row: Row, *, as_json: bool) -> None:
    if as_json:
        print_json([row])
    else:
        click.echo(escape(str(row["text"])))


def print_json(rows: Iterable[Mapping[str, object]]) -> None:
    """Print rows as JSON lines; Korean stays readable, what a terminal would obey is escaped by JSON itself."""
    for row in rows:
        line = json.dumps({"schema_version": SCHEMA_VERSION, **row}, ensure_ascii=False, default=str)
        click.echo(line.translate(_HARMLESS))


def print_table(header: Sequence[str], rows: Iterable[Sequence[object]], *, none: str = "") -> None:
    """Print aligned columns; text from outside is made harmless. none: said where there are no rows."""
    from rich.cells import cell_len

    # One string a row: the widths need all of them at once, and lists of cells take several times the memory.
    lines = ["\0".join(escape(str(cell)) for cell in row) for row in rows]
    if none and not lines:
        click.echo(none)
        return
    widths = [cell_len(cell) for cell in header]
    for line in lines:
        widths = [max(width, cell_len(cell)) for width, cell in zip(widths, line.split("\0"), strict=True)]
    for number, line in enumerate(["\0".join(header), *lines]):
        cells = (cell + " " * (width - cell_len(cell)) for cell, width in zip(line.split("\0"), widths, strict=True))
        text = "  ".join(cells).rstrip()
        click.echo(click.style(text, bold=True) if number == 0 else text)


def since(text: str | None) -> datetime | None:
    """Read YYYY-MM-DD, RFC 3339 or an age such as 7d. Raises click.BadParameter."""
    if text is None:
        return None
    age = _AGO.fullmatch(text)
    try:
        if age:
            return datetime.now(UTC) - timedelta(**{_UNITS[age[2]]: int(age[1])})
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        what = f"{text!r}: give a day (2024-07-01), a moment (2024-07-01T09:00:00Z) or an age (7d)"
        raise click.BadParameter(what, param_hint="--since") from None


def since_day(text: str | None, zone: ZoneInfo) -> date | None:
    """The publication day that --since names; a moment is one of a day in the configuration's time zone."""
    moment = since(text)
    if moment is None or text is None:
        return None
    return moment.date() if _DAY.fullmatch(text) else moment.astimezone(zone).date()


def is_terminal(stream: TextIO | None = None) -> bool:
    """Whether a person reads this stream, by itself stdout, and wants it painted."""
    return (stream or sys.stdout).isatty() and "NO_COLOR" not in os.environ


# DEL and C1 controls pass json.dumps unescaped, bidirectional controls reorder what a person reads.
_HARMLESS = {code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
