"""`monitor doctor`: what would stop a monitor here, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from monitor.cli.common import config_option, json_option, load_config, print_json
from monitor.errors import ConfigError, MonitorError

if TYPE_CHECKING:
    from monitor.inspect.doctor import CheckResult

_COLORS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@json_option
@config_option
@click.pass_context
def command(ctx: click.Context, *, as_json: bool, config_file: str | None) -> None:
    """Look at the configuration, the state folder, the store, the sources, the system's limits, the clock and the disk.

    Nothing is changed. Ends with 1 where something fails, with 0 where there are warnings at most.
    """
    is_well = True
    for line in _lines(config_file):
        is_well = is_well and line.state != "fail"
        if as_json:
            print_json([asdict(line)])
            continue
        click.echo(f"{click.style(f'{line.state:<4}', fg=_COLORS[line.state], bold=True)}  {line.check}: {line.what}")
        if line.do:
            click.echo(f"      → {line.do}")
    ctx.exit(0 if is_well else 1)


def _lines(config_file: str | None) -> Iterator[CheckResult]:
    from monitor.inspect.doctor import CheckResult, examine
    from monitor.times import SystemClock

    try:
        config = load_config(config_file)
    except ConfigError as error:
        what = f"{len(error.faults)} faults, the first: {error.message}"
        yield CheckResult(
            check="configuration", state="fail", what=what, do="`monitor check` shows each with its place"
        )
        return
    except MonitorError as error:
        yield CheckResult(check="configuration", state="fail", what=error.message, do="name one with -c FILE")
        return
    yield CheckResult(check="configuration", state="ok", what=str(config.file))
    yield from examine(config, now=SystemClock().now())
