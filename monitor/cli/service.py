"""`monitor service`: the daemon as a systemd service."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.common import config_option

if TYPE_CHECKING:
    from monitor.systemd.unit import Service

_USER = click.option("--user", "is_user", is_flag=True, help="For your own systemd instead of the system's.")
_SYSTEM_CONFIG = "/etc/monitor/config.yaml"


@click.group()
def command() -> None:
    """Install or remove the systemd service."""


@command.command("install")
@_USER
@click.option("--dry-run", "is_dry", is_flag=True, help="Print the unit and write nothing.")
@config_option
@click.pass_context
def install(ctx: click.Context, *, is_user: bool, is_dry: bool, config_file: str | None) -> None:
    """Write the unit of the service; starting it is left to you, with the command that is printed.

    The system's service reads /etc/monitor/config.yaml, a user's own the configuration in force, unless -c names one.
    """
    service = _service(ctx, is_user=is_user, config_file=config_file)
    _say([service.unit().rstrip("\n")] if is_dry else service.install())


@command.command("uninstall")
@_USER
def uninstall(*, is_user: bool) -> None:
    """Remove the unit; configuration and state stay."""
    from monitor.systemd.unit import service

    _say(service(kind="user" if is_user else "system", config=Path(_SYSTEM_CONFIG)).uninstall())


def _service(ctx: click.Context, *, is_user: bool, config_file: str | None) -> Service:
    from monitor.systemd.unit import service

    named = config_file or ctx.find_root().obj
    return service(kind="user" if is_user else "system", config=Path(named) if named else _usual(is_user=is_user))


def _usual(*, is_user: bool) -> Path:
    if not is_user:
        return Path(_SYSTEM_CONFIG)
    from monitor.config import find

    return find(None, os.environ)


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)
