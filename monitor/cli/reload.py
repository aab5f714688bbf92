"""`monitor reload`: the daemon reads its configuration again."""

from __future__ import annotations

import click

from monitor.cli.common import config_option, load_config
from monitor.errors import MonitorError
from monitor.text import escape


@click.command()
@config_option
def command(*, config_file: str | None) -> None:
    """Have the daemon read its configuration again; it does so by itself, too, when the file changes.

    A configuration that cannot be used changes nothing: this ends with 78 and the daemon goes on with the one before.
    Ends with 1 where no daemon runs.
    """
    from monitor.config.checks import check_services
    from monitor.control.client import request_reload
    from monitor.control.server import NoDaemon

    config = load_config(config_file, checks=[check_services])
    try:
        done = request_reload(config.state)
    except NoDaemon as error:
        raise MonitorError("no daemon runs on this state folder; `monitor run` starts one") from error
    click.echo(escape(str(done["text"])))
