"""Define the option `--log-format` of the commands that write a log."""

from __future__ import annotations

import click

from monitor.logs import FORMATS

log_option = click.option(
    "--log-format", type=click.Choice(FORMATS), help="How to write the log (default: what fits stderr)."
)
