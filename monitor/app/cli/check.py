"""`monitor check`: everything that is wrong with the configuration, at once."""

from __future__ import annotations

import click

from monitor.app.cli.common import config_option, is_terminal, json_option, load_config, print_json
from monitor.errors import ConfigError, Fault


@click.command()
@json_option
@config_option
@click.pass_context
def command(ctx: click.Context, *, as_json: bool, config_file: str | None) -> None:
    """Check the configuration, the watchlists and the channels' addresses; nothing is sent.

    Ends with 78 when something is wrong, with 0 when there are warnings only.
    """
    from monitor.app.config import paint
    from monitor.app.wiring import check_channels, check_folders

    try:
        config = load_config(config_file, checks=[check_channels, check_folders])
        faults = config.warnings
    except ConfigError as error:
        faults = error.faults
    has_error = any(fault.severity == "error" for fault in faults)
    if as_json:
        print_json(_line(fault) for fault in faults)
    elif faults:
        click.echo(paint(faults, color=is_terminal()).rstrip("\n"))
    else:
        parts = {"source": config.sources, "watchlist": config.watchlists, "channel": config.channels}
        counts = ", ".join(f"{len(of)} {name}{'' if len(of) == 1 else 's'}" for name, of in parts.items())
        click.echo(f"{config.file}: all well ({counts})")
    ctx.exit(ConfigError.exit_code if has_error else 0)


def _line(fault: Fault) -> dict[str, object]:
    return {
        "severity": fault.severity,
        "file": fault.file,
        "line": fault.line,
        "column": fault.column,
        "path": fault.path,
        "message": fault.message,
    }
