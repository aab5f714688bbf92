"""Show the state of the daemon, the sources and the channels on one screen: `monitor status`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from monitor.cli.common import common_options, config_path, print_json
from monitor.text import escape


@click.command()
@click.option("--check", "is_check", is_flag=True, help="Exit with 0 when healthy, else with 1.")
@common_options
@click.pass_context
def command(ctx: click.Context, *, is_check: bool, as_json: bool, config_file: str | None) -> None:
    """Show the daemon, the sources, what happened in the last 30 days and what waits to be delivered.

    Times are in the configuration's time zone; a bar stands for one day, the last one for today. When the daemon runs
    on a configuration that has become invalid, the daemon itself is asked; without it, what is valid is read.
    """
    from monitor.cli.fit import terminal_width
    from monitor.cli.status_view import bars_for, screen
    from monitor.inspect.status import refusal_of, status_of

    now = datetime.now(UTC)
    zone, status = status_of(config_path(config_file), now=now)
    if is_check:
        if refusal := refusal_of(status):
            is_running = status["daemon"] is not None
            notice = "the changed configuration is refused, the one before is in force"
            notice = notice if is_running else "the configuration is broken (see `monitor check`)"
            click.echo(escape(f"monitor: {notice}: {refusal}"), err=True)
        ctx.exit(0 if status["ok"] else 1)
    if as_json:
        print_json([status])
        return
    for line in screen(status, now=now, zone=zone, bars=bars_for(sys.stdout.encoding), width=terminal_width()):
        click.echo(line)
