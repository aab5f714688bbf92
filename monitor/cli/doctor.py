"""Check this machine for what would stop the monitor, and say what to do about it: `monitor doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from monitor.cli.common import common_options, load_config, print_json
from monitor.clock import wall_time
from monitor.errors import ConfigError, MonitorError

if TYPE_CHECKING:
    from monitor.inspect.check_result import CheckResult

_COLORS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@common_options
@click.pass_context
def command(ctx: click.Context, *, as_json: bool, config_file: str | None) -> None:
    """Check the configuration, state folder, store, sources, system limits, clock and disk.

    Nothing is changed. The exit code is 1 when a check fails, 0 when there are warnings at most.
    """
    is_healthy = True
    for result in _results(config_file):
        is_healthy = is_healthy and result.state != "fail"
        if as_json:
            print_json([asdict(result)])
            continue
        state = click.style(f"{result.state:<4}", fg=_COLORS[result.state], bold=True)
        click.echo(f"{state}  {result.check}: {result.what}")
        if result.do:
            click.echo(f"      → {result.do}")
    ctx.exit(0 if is_healthy else 1)


def _results(config_file: str | None) -> Iterator[CheckResult]:
    from monitor.inspect.check_result import CheckResult
    from monitor.inspect.doctor import examine

    try:
        config = load_config(config_file)
    except MonitorError as error:
        what, action = error.message, "name a configuration with -c FILE"
        if isinstance(error, ConfigError):
            count = len(error.faults)
            what = f"{count} fault{'s' * (count > 1)}, the first: {error.message}"
            action = "run `monitor check`, which shows the place of each"
        yield CheckResult(check="configuration", state="fail", what=what, do=action)
        return
    yield CheckResult(check="configuration", state="ok", what=str(config.file))
    yield from examine(config, now=wall_time())
