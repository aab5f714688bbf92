"""`monitor db …`: copies of the state store, its health, and what may be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.common import config_option, json_option, load_config, print_json
from monitor.cli.progress import progress_bar
from monitor.text import escape

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.store.sqlite.database import Handle
    from monitor.store.sqlite.verify import Checked

_FILE = click.Path(path_type=Path)


@click.group()
def command() -> None:
    """Back up, restore, verify or prune the state store."""


@command.command("backup")
@click.argument("path", type=_FILE)
@config_option
def backup_verb(*, path: Path, config_file: str | None) -> None:
    """Copy the store as it is this moment to PATH, also while the monitor runs; a file that exists is not touched."""
    from monitor.store.sqlite.backup import backup, note_backup
    from monitor.times import SystemClock

    config, now = load_config(config_file), SystemClock().now()
    with progress_bar("backup") as update:
        size = backup(config.state, path, progress=lambda done, total: update(completed=done, total=total))
    note_backup(config.state, path, now=now)
    click.echo(f"{escape(str(path))}: {size / 1e6:,.1f} MB, checked")


@command.command("restore")
@click.argument("path", type=_FILE)
@config_option
def restore_verb(*, path: Path, config_file: str | None) -> None:
    """Put the backup at PATH in the place of the store; the replaced one is kept beside it.

    Refused while a monitor runs. Dumps that came after the backup are taken in again at the next start.
    """
    from monitor.control import lock
    from monitor.store.sqlite.backup import restore
    from monitor.times import SystemClock

    config, now = load_config(config_file), SystemClock().now()
    with lock.hold(config.state, verb="restore", now=now), progress_bar("restore") as update:
        kept = restore(config.state, path, now=now, progress=lambda done, total: update(completed=done, total=total))
    click.echo(f"restored from {escape(str(path))}" + (f"; what was there is now {escape(str(kept))}" if kept else ""))
    click.echo("monitor db verify --deep also compares every text with its hash")


@command.command("verify")
@click.option("--deep", is_flag=True, help="Hash every stored text again.")
@json_option
@config_option
@click.pass_context
def verify_verb(ctx: click.Context, *, deep: bool, as_json: bool, config_file: str | None) -> None:
    """Check the store: its pages, what its rows refer to, whether STORE_ID is its own; ends with 1 if not well."""
    from monitor.store.sqlite.verify import verify

    config = load_config(config_file)
    is_well = True
    with _reading(config) as handle:
        for checked in (*verify(handle, config.state), *(_deeply(handle) if deep else ())):
            is_well = is_well and checked.is_well
            _print(checked, as_json=as_json)
    ctx.exit(0 if is_well else 1)


@command.command("prune")
@config_option
def prune_verb(*, config_file: str | None) -> None:
    """Forget old texts, messages and events, as `retention:` says; a running monitor does so daily by itself."""
    from monitor.config.convert import retention_of
    from monitor.control import lock
    from monitor.store.sqlite.database import open_for_writing
    from monitor.store.sqlite.prune import Retention, prune
    from monitor.times import SystemClock

    config, now = load_config(config_file), SystemClock().now()
    retention = retention_of(config)
    if retention == Retention():
        click.echo("everything is kept: the configuration has no `retention:`")
        return
    with lock.hold(config.state, verb="prune", now=now):
        handle = open_for_writing(config.state)
        try:
            pruned = prune(handle, retention, now=now)
        finally:
            handle.close()
    click.echo(f"forgotten: {pruned.versions} old texts, {pruned.messages} messages, {pruned.events} events")


def _deeply(handle: Handle) -> Iterator[Checked]:
    from monitor.compare.fingerprint import text_hash
    from monitor.store.sqlite.verify import Checked, count_texts, verify_texts
    from monitor.text import NORM_VERSION

    stored = handle.one("meta", k="norm_version")
    if stored is not None and int(stored["v"]) != NORM_VERSION:
        yield Checked(check="texts", faults=("another version of the monitor hashed them; start this one once",))
        return
    with progress_bar("texts", total=count_texts(handle)) as update:
        yield verify_texts(handle, text_hash=text_hash, step=lambda count: update(advance=count))


def _print(checked: Checked, *, as_json: bool) -> None:
    if as_json:
        print_json([{"check": checked.check, "ok": checked.is_well, "faults": list(checked.faults)}])
        return
    mark = click.style("ok  ", fg="green") if checked.is_well else click.style("FAIL", fg="red")
    click.echo(f"{mark} {checked.check}")
    for fault in checked.faults:
        click.echo(f"     {escape(fault)}")


@contextmanager
def _reading(config: Config) -> Iterator[Handle]:
    from monitor.store.sqlite.database import open_for_reading

    handle = open_for_reading(config.state)
    try:
        yield handle
    finally:
        handle.close()
