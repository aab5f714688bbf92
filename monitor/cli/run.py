"""Run the daemon, or one pass of it: `monitor run`."""

from __future__ import annotations

import click

from monitor.cli.common import config_option, load_config
from monitor.cli.log_option import log_option


@click.command()
@click.option("--once", is_flag=True, help="Ingest what waits, deliver what is due, then exit.")
@log_option
@config_option
@click.pass_context
def command(ctx: click.Context, *, once: bool, log_format: str | None, config_file: str | None) -> None:
    """Ingest dumps as they are dropped into the sources' folders and deliver the alerts.

    The exit code is 0 after SIGTERM. With --once: 0 for success, 1 when a file could not be read, 3 when something was
    rejected or a message that was due is not delivered.
    """
    from monitor import logs
    from monitor.config.checks import warn_about_services
    from monitor.daemon.bootstrap import open_runtime
    from monitor.inspect.watchlist_tests import failures

    config = load_config(config_file, checks=[warn_about_services])
    logs.set_up(log_format, timezone=config.timezone)
    for path, message in failures(config):
        logs.warn("watchlist_test_failed", path=path, message=message)
    if not once:
        from monitor.daemon.main import start  # with the libraries of a server

        ctx.exit(start(config))
    with open_runtime(config, verb="run --once") as runtime:
        ctx.exit(runtime.run_once())
