"""`monitor check`: everything that is wrong with the configuration, at once."""

from __future__ import annotations

import re
from dataclasses import replace

import click

from monitor.cli.common import config_option, is_terminal, json_option, load_config, print_json
from monitor.errors import ConfigError, Diagnostic

_TEST = re.compile(r"watchlists\..+\.tests\[\d+\]")


@click.command()
@json_option
@config_option
@click.pass_context
def command(ctx: click.Context, *, as_json: bool, config_file: str | None) -> None:
    """Check the configuration, the watchlists and the channels' addresses; nothing is sent.

    Ends with 78 when something is wrong, with 1 when a watchlist's `tests:` fail, with 0 for warnings only.
    """
    from monitor.config import render_diagnostics
    from monitor.config.checks import check_channels, check_folders
    from monitor.inspect.lint import lint

    try:
        config = load_config(config_file, checks=[check_channels, check_folders, lint])
        faults = tuple(map(_judged, config.warnings))
        code = 1 if any(fault.severity == "error" for fault in faults) else 0
    except ConfigError as error:
        faults, code = error.faults, error.exit_code
    if as_json:
        print_json(_line(fault) for fault in faults)
    elif faults:
        click.echo(render_diagnostics(faults, color=is_terminal()).rstrip("\n"))
    else:
        parts = {"source": config.sources, "watchlist": config.watchlists, "channel": config.channels}
        counts = ", ".join(f"{len(of)} {name}{'' if len(of) == 1 else 's'}" for name, of in parts.items())
        click.echo(f"{config.file}: all well ({counts})")
    ctx.exit(code)


def _judged(fault: Diagnostic) -> Diagnostic:
    """A failing test stops nothing when the monitor runs; here it is an error."""
    return replace(fault, severity="error") if _TEST.fullmatch(fault.path) else fault


def _line(fault: Diagnostic) -> dict[str, object]:
    return {
        "severity": fault.severity,
        "file": fault.file,
        "line": fault.line,
        "column": fault.column,
        "path": fault.path,
        "message": fault.message,
    }
