"""Serve the page, make a password line, or end all feed addresses: `monitor web`."""

from __future__ import annotations

import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.common import config_option, config_path
from monitor.cli.log_option import log_option
from monitor.errors import MonitorError, UsageError

if TYPE_CHECKING:
    from monitor.config import Config, FileStamp


@click.group(invoke_without_command=True)
@click.option("--listen", metavar="ADDRESS", help="Where to serve it, in place of web.listen: 127.0.0.1:9878.")
@click.option("--read-only", "is_read_only", is_flag=True, help="Refuse every action, and show no buttons.")
@click.option("--rotate-feeds", "rotates", is_flag=True, help="End every feed address with a token, then exit.")
@click.option("--managed", "is_managed", is_flag=True, hidden=True)  # the daemon has started it
@log_option
@config_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    listen: str | None,
    is_read_only: bool,
    rotates: bool,
    is_managed: bool,
    log_format: str | None,
    config_file: str | None,
) -> None:
    """Serve the page until a signal: what happened, a rule tester, feeds and REST. It never writes to the store.

    The daemon does the same where `web.listen` is set. The secrets of the configuration are not known to this process.
    """
    if ctx.invoked_subcommand:
        return
    file = config_path(config_file)
    _forget_secrets(file)
    if rotates:
        _rotate_feeds(_loaded(file, listen, {}))
        return
    from monitor import logs

    logs.set_up(log_format)
    try:
        ctx.exit(_serve(file, listen, is_read_only=is_read_only, is_managed=is_managed))
    except MonitorError as error:
        if not is_managed:
            raise
        where = f"{error.where}: " if error.where else ""
        click.echo(json.dumps({"fault": f"{where}{error.message}"}))
        ctx.exit(error.exit_code)


@command.command("password")
def password() -> None:
    """Ask twice for a password and print the line that stands for it in `web.users`; a pipe gives it in a line."""
    from monitor.web.passwords import password_line

    click.echo(password_line(_asked_password() if sys.stdin.isatty() else _piped_password()))


def _asked_password() -> str:
    given: str = click.prompt("password", hide_input=True, confirmation_prompt="once more", err=True)
    return given


def _piped_password() -> str:
    """Return the first line of the input; a second one must be the same."""
    first, second = (sys.stdin.readline().removesuffix("\n") for _ in range(2))
    if not first or second not in ("", first):
        raise UsageError("the two lines differ" if first else "there is no password in the input")
    return first


def _forget_secrets(file: Path) -> None:
    """Begin anew without the variables that this process need not know: those it was started with stay readable."""
    from monitor.config import REDUCED, page_environment

    if REDUCED not in os.environ:
        kept = page_environment(file, os.environ)
        os.execve(sys.executable, [sys.executable, "-P", "-m", "monitor", *sys.argv[1:]], kept)  # noqa: S606 - no shell is wanted


def _loaded(file: Path, listen: str | None, stamps: dict[Path, FileStamp]) -> Config:
    from monitor.config import load_without_secrets, with_listen
    from monitor.config.checks import check_rules

    config = load_without_secrets(file, environ=os.environ, checks=(check_rules,), stamps=stamps)
    return config if listen is None else with_listen(config, listen)


def _serve(file: Path, listen: str | None, *, is_read_only: bool, is_managed: bool) -> int:
    from monitor import logs
    from monitor.web.process import serve_page

    def announce(home: str) -> None:
        click.echo(json.dumps({"page": home}) if is_managed else f"page  {home}")

    config, parent = _loaded(file, listen, {}), 0 if is_managed else None
    logs.set_timezone(config.timezone)
    # The socket stays where it is, so what a visitor may do there is judged by it whatever the file says later.
    reload = partial(_loaded, file, config.web.listen)
    return serve_page(config, reload, is_read_only=is_read_only, parent=parent, on_listening=announce)


def _rotate_feeds(config: Config) -> None:
    from monitor.web.tokens import rotate_key

    rotate_key(config.state)
    click.echo("every feed address with a token has ended; copy the new ones from /feeds")
