"""Ingest given files in the given order, as if they had been dropped one after another: `monitor ingest`."""

from __future__ import annotations

from pathlib import Path

import click

from monitor.cli.common import common_options, load_config, print_json
from monitor.cli.log_option import log_option
from monitor.cli.progress import phase_bars
from monitor.inspect.rows import dump_row


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--source", metavar="S", help="The source they belong to (default: the first that fits).")
@click.option("--again", is_flag=True, help="Compare files again that were ingested before.")
@log_option
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    *,
    files: tuple[Path, ...],
    source: str | None,
    again: bool,
    log_format: str | None,
    as_json: bool,
    config_file: str | None,
) -> None:
    """Ingest dump FILEs and queue their alerts; the daemon or `monitor run --once` sends them.

    Refused while a daemon runs, unless it shares its store: drop the files into its folder instead. The exit code is 3
    when something was rejected.
    """
    from monitor import logs
    from monitor.daemon.bootstrap import open_runtime

    config = load_config(config_file)
    logs.set_up(log_format, timezone=config.timezone)
    with open_runtime(config, verb="ingest") as runtime:
        with phase_bars() as show:
            reports = runtime.ingest(files, source=source, is_again=again, on_progress=show)
        if as_json:
            print_json(dump_row(report) for report in reports if report)
    is_failed = None in reports
    is_rejected = any(report and report.rejected for report in reports)
    ctx.exit(1 if is_failed else 3 if is_rejected else 0)
