"""Install or remove the daemon as a systemd service: `monitor service`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from monitor.cli.common import config_option
from monitor.systemd.unit import Service, service

_USER = click.option("--user", "is_user", is_flag=True, help="For your own systemd instead of the system's.")
_SYSTEM_CONFIG = Path("/etc/monitor/config.yaml")


@click.group()
def command() -> None:
    """Install or remove the systemd service."""


@command.command("install")
@_USER
@click.option("--dry-run", "is_dry", is_flag=True, help="Print the unit and write nothing.")
@config_option
@click.pass_context
def install(ctx: click.Context, *, is_user: bool, is_dry: bool, config_file: str | None) -> None:
    """Write the unit of the service; start it with the command that is printed.

    The system's service reads /etc/monitor/config.yaml, a user's own the configuration in force, unless -c names one.
    """
    chosen = _service(config_file or ctx.find_root().obj, is_user=is_user)
    for line in [chosen.unit().rstrip("\n")] if is_dry else chosen.install():
        click.echo(line)


@command.command("uninstall")
@_USER
def uninstall(*, is_user: bool) -> None:
    """Remove the unit; configuration and state stay."""
    for line in service(kind="user" if is_user else "system", config=_SYSTEM_CONFIG).uninstall():
        click.echo(line)


def _service(config_file: str | None, *, is_user: bool) -> Service:
    if config_file:
        config = Path(config_file)
    elif is_user:
        from monitor.config import find

        config = find(None, os.environ)
    else:
        config = _SYSTEM_CONFIG
    return service(kind="user" if is_user else "system", config=config)
