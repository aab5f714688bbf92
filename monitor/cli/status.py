"""`monitor status`: how things stand, on one screen."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from monitor.cli.common import config_option, config_path, json_option, print_json


@click.command()
@click.option("--check", "is_check", is_flag=True, help="Print nothing; end with 0 when well, else with 1.")
@json_option
@config_option
@click.pass_context
def command(ctx: click.Context, *, is_check: bool, as_json: bool, config_file: str | None) -> None:
    """Show the daemon, the sources, what happened in the last 30 days and what waits to be delivered.

    Moments are in the configuration's time zone; a bar stands for one day, the last one for today. Of a daemon that
    goes on although its configuration cannot be used any more, this is what the daemon itself says.
    """
    from monitor.cli.status_view import bars_for, screen
    from monitor.inspect.status import standing_of

    now = datetime.now(UTC)
    zone, channel_state = standing_of(config_path(config_file), now=now)
    if is_check:
        ctx.exit(0 if channel_state["ok"] else 1)
    if as_json:
        print_json([channel_state])
        return
    for line in screen(channel_state, now=now, zone=zone, bars=bars_for(sys.stdout.encoding)):
        click.echo(line)
