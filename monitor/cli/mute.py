"""Mute a channel or a watchlist for a given time: `monitor mute`."""

from __future__ import annotations

import click

from monitor.cli.common import common_options, run_commands


@click.command()
@click.argument("name", metavar="CHANNEL|WATCHLIST")
@click.argument("duration", metavar="DURATION|off")
@common_options
@click.pass_context
def command(ctx: click.Context, *, name: str, duration: str, as_json: bool, config_file: str | None) -> None:
    """Mute a channel or a watchlist for a given time, such as 8h or 2d; off ends it.

    Alerts for a muted channel wait and are sent in one message afterwards. Matches of a muted watchlist are recorded
    and alert nobody.
    """
    from monitor.control.commands import mute_duration

    mute_duration(duration)  # a typing error is no reason to open the store
    run_commands(ctx, [("mute", name, duration)], as_json=as_json, config_file=config_file)
