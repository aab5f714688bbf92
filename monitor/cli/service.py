"""Install or remove the daemon as a systemd service: `monitor service`."""

from __future__ import annotations

from pathlib import Path

import click

from monitor.cli.common import config_option, config_path
from monitor.systemd.unit import service

_USER = click.option("--user", "is_user", is_flag=True, help="For your own systemd instead of the system's.")
_SYSTEM_CONFIG = Path("/etc/monitor/config.yaml")


@click.group()
def command() -> None:
    """Install or remove the systemd service."""


@command.command("install")
@_USER
@click.option("--dry-run", "is_dry", is_flag=True, help="Print the unit and write nothing.")
@config_option
def install(*, is_user: bool, is_dry: bool, config_file: str | None) -> None:
    """Write the unit of the service; start it with the command that is printed.

    The system's service reads /etc/monitor/config.yaml, a user's own the configuration in force, unless -c names one.
    """
    config = config_path(config_file) if config_file or is_user else _SYSTEM_CONFIG
    chosen = service(kind="user" if is_user else "system", config=config)
    for line in [chosen.unit().rstrip("\n")] if is_dry else chosen.install():
        click.echo(line)


@command.command("uninstall")
@_USER
def uninstall(*, is_user: bool) -> None:
    """Stop and disable the service, then remove its unit; configuration and state stay."""
    for line in service(kind="user" if is_user else "system", config=_SYSTEM_CONFIG).uninstall():
        click.echo(line)
