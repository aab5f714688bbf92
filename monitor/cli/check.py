"""Show all errors and warnings of the configuration at once: `monitor check`."""

from __future__ import annotations

import re
from dataclasses import replace

import click

from monitor.cli.common import common_options, is_terminal, load_config, print_json
from monitor.errors import ConfigError
from monitor.inspect.rows import diagnostic_row

_TEST = re.compile(r"watchlists\..+\.tests\[\d+\]")


@click.command()
@common_options
@click.pass_context
def command(ctx: click.Context, *, as_json: bool, config_file: str | None) -> None:
    """Check the configuration, the watchlists, the channels' addresses and the newest files; nothing is sent.

    The exit code is 78 when something is wrong, 1 when a watchlist's `tests:` fail, 0 for warnings only.
    """
    from monitor.config import render_diagnostics
    from monitor.config.checks import check_channels, check_folders
    from monitor.inspect.lint import lint
    from monitor.inspect.lint_files import check_files

    try:
        config = load_config(config_file, checks=[check_channels, check_folders, lint, check_files])
        # A failing test does not stop `run`, but `check` must report it as an error.
        faults = tuple(replace(one, severity="error") if _TEST.fullmatch(one.path) else one for one in config.warnings)
        code = 1 if any(fault.severity == "error" for fault in faults) else 0
    except ConfigError as error:
        faults, code = error.faults, error.exit_code
    if as_json:
        print_json(map(diagnostic_row, faults))
    elif faults:
        click.echo(render_diagnostics(faults, color=is_terminal()).rstrip("\n"))
    else:
        parts = {"source": config.sources, "watchlist": config.watchlists, "channel": config.channels}
        counts = ", ".join(f"{len(of)} {name}{'' if len(of) == 1 else 's'}" for name, of in parts.items())
        click.echo(f"{config.file}: no errors and no warnings ({counts})")
    ctx.exit(code)
