"""Show all errors and warnings of the configuration at once: `monitor check`."""

from __future__ import annotations

import click

from monitor.cli.common import common_options, is_terminal, load_config, print_json


@click.command()
@common_options
@click.pass_context
def command(ctx: click.Context, *, as_json: bool, config_file: str | None) -> None:
    """Check the configuration, the watchlists, the channels' addresses and the newest files; nothing is sent.

    The exit code is 78 when something is wrong, 1 when a watchlist's `tests:` fail, 0 for warnings only. A shared store
    that does not answer is a warning: the configuration may be right, and `monitor doctor` fails then.
    """
    from monitor.config import render_diagnostics
    from monitor.inspect.check import WITH_CHANNELS, check

    found = check(lambda checks: load_config(config_file, checks=checks), WITH_CHANNELS)
    if as_json:
        print_json(found.rows())
    elif found.faults:
        click.echo(render_diagnostics(found.faults, color=is_terminal()).rstrip("\n"))
    elif found.config:
        config = found.config
        parts = {"source": config.sources, "watchlist": config.watchlists, "channel": config.channels}
        counts = ", ".join(f"{len(of)} {name}{'' if len(of) == 1 else 's'}" for name, of in parts.items())
        click.echo(f"{config.file}: no errors and no warnings ({counts})")
    ctx.exit(found.exit_code)
