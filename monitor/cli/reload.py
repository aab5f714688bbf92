"""Make the daemon read its configuration again: `monitor reload`."""

from __future__ import annotations

import click

from monitor.cli.common import config_option, load_config
from monitor.errors import MonitorError
from monitor.text import escape


@click.command()
@config_option
def command(*, config_file: str | None) -> None:
    """Make the daemon read its configuration again; it also does so by itself when the file changes.

    An invalid configuration changes nothing: the exit code is 78 and the daemon keeps the one before. The exit code is
    1 when no daemon runs.
    """
    from monitor.config.checks import check_services
    from monitor.control.client import ask_running
    from monitor.control.requests import Request
    from monitor.control.server import NoDaemon

    config = load_config(config_file, checks=[check_services])
    try:
        done = ask_running(config.state, Request(command="reload"))
    except NoDaemon as error:
        raise MonitorError("no daemon runs on this state folder; start one with `monitor run`") from error
    click.echo(escape(str(done["text"])))
