"""`monitor mute`: peace from a channel or a watchlist, for a while."""

from __future__ import annotations

import click

from monitor.cli.common import config_option, json_option, run_commands


@click.command()
@click.argument("name", metavar="CHANNEL|WATCHLIST")
@click.argument("length", metavar="DURATION|off")
@json_option
@config_option
@click.pass_context
def command(ctx: click.Context, *, name: str, length: str, as_json: bool, config_file: str | None) -> None:
    """Mute a channel or a watchlist for a while, such as 8h or 2d; off ends it.

    What comes for a muted channel waits and is told in one message afterwards. What a muted watchlist matches is
    recorded and told to nobody.
    """
    from monitor.control.commands import length_of

    length_of(length)  # a typing error is no reason to open the store
    run_commands(ctx, [("mute", name, length)], as_json=as_json, config_file=config_file)
