"""Migrate, copy, back up, restore, verify or prune the state store: `monitor db`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.common import common_options, config_option, config_path, load_config, load_for_reading, print_json
from monitor.cli.progress import phase_bars, progress_bar
from monitor.clock import SteadyClock, wall_time
from monitor.control import lock
from monitor.errors import ConfigError, UsageError
from monitor.ports import Maintenance, Retention
from monitor.state_values import IntegrityCheck
from monitor.text import escape

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.store.open import Stores
    from monitor.store_location import StoreLocation

_FILE = click.Path(path_type=Path)


@click.group()
def command() -> None:
    """Migrate, copy, back up, restore, verify or prune the state store."""


@command.command("migrate")
@config_option
def migrate_command(*, config_file: str | None) -> None:
    """Make the tables of the store, or bring those of an older version up to date; nothing that is stored is lost.

    A shared store needs it before its first run and after an upgrade, once. A SQLite store does it by itself.
    """
    from monitor.store.open import migrate_shared_store

    config = load_for_reading(config_file)
    if not config.store:
        with _writable(config, "migrate"):
            click.echo("the tables are up to date")
        return
    steps = migrate_shared_store(config.location)
    made = f"the tables are up to date ({steps} step{'s' * (steps > 1)})"
    click.echo(made if steps else "the tables were up to date")


@command.command("copy")
@click.argument("to", required=False)
@click.option("--undo", is_flag=True, help="Let a store that was copied be used again, unless its copy was used.")
@config_option
def copy_command(*, to: str | None, undo: bool, config_file: str | None) -> None:
    """Copy the store into an empty one, which takes its place: TO is a state folder, or the address of a database.

    All monitors of the store must be stopped. It refuses to start from then on: two stores of one history alert twice.
    A password belongs in no command: write '${VARIABLE}' or '${file:PATH}' for TO, or - and give it on standard input.
    """
    from monitor.config import copy_target
    from monitor.store.copy import undo_copy

    config, now = load_for_reading(config_file), wall_time()
    if undo == (to is not None):
        raise UsageError("name where the store is copied to, or give --undo")
    with ExitStack() as held:
        held.enter_context(lock.hold(config.state, verb="copy", now=now))
        if to is None:
            undone = undo_copy(config.location)
            click.echo(f"this store can be used again; it was copied to {escape(undone.copied_to)}")
            if undone.unknown:
                risk = "if one has, this store alerts on all of that again; remove the copy"
                what = f"nobody knows whether a monitor has used the copy: {undone.unknown}"
                click.echo(f"warning: {escape(what)}; {risk}", err=True)
            return
        target = copy_target(sys.stdin.readline().strip() if to == "-" else to, config, environ=os.environ)
        if target.folder.resolve() != config.state.resolve():
            held.enter_context(lock.hold(target.folder, verb="copy", now=now))
        _copy(config, target)


@command.command("backup")
@click.argument("path", type=_FILE)
@config_option
def backup_command(*, path: Path, config_file: str | None) -> None:
    """Copy the current store to PATH, also while the monitor runs; a file that exists is never overwritten.

    The copy of a shared store is the file of one in a state folder, too.
    """
    from monitor.store.copy import back_up_shared_store
    from monitor.store.sqlite.backup import backup, note_backup

    config, now = _load_for_backup(config_file), wall_time()
    if config.store:
        with phase_bars() as show:
            size = back_up_shared_store(config.location, path, progress=show)
    else:
        with progress_bar("backup") as update:
            size = backup(config.state, path, progress=lambda done, total: update(completed=done, total=total))
    note_backup(config.state, path, now=now)
    click.echo(f"{escape(str(path))}: {size / 1e6:,.1f} MB, checked")


@command.command("restore")
@click.argument("path", type=_FILE)
@config_option
def restore_command(*, path: Path, config_file: str | None) -> None:
    """Replace the store by the backup at PATH; the old store is kept beside it. A shared store must be empty.

    Refused while a monitor runs. Dumps that were ingested after the backup are ingested again at the next start.
    """
    config, now = load_for_reading(config_file), wall_time()
    with lock.hold(config.state, verb="restore", now=now):
        restore = _restore_shared if config.store else _restore
        kept = restore(config, path, now)
    click.echo(f"restored from {escape(str(path))}" + (f"; the old store is now {escape(str(kept))}" if kept else ""))
    click.echo("monitor db verify --deep also compares every text with its hash")


@command.command("verify")
@click.option("--deep", is_flag=True, help="Hash every stored text again.")
@common_options
@click.pass_context
def verify_command(ctx: click.Context, *, deep: bool, as_json: bool, config_file: str | None) -> None:
    """Check the store: its pages, its references and its STORE_ID. The exit code is 1 when a check fails."""
    from monitor.store.open import Access, open_stores

    is_ok = True
    with open_stores(load_for_reading(config_file).location, Access.READ) as stores:
        for check in chain(stores.maintenance.verify(), _verify_texts(stores.maintenance) if deep else ()):
            is_ok = is_ok and check.is_ok
            _print(check, as_json=as_json)
    ctx.exit(0 if is_ok else 1)


@command.command("prune")
@config_option
def prune_command(*, config_file: str | None) -> None:
    """Delete old texts, messages and events, as `retention:` says; a running monitor does so every day by itself."""
    from monitor.config.convert import retention_of

    config = load_config(config_file)
    retention = retention_of(config)
    with _writable(config, "prune") as stores:
        aged = (stores.clock or SteadyClock(stores.maintenance.clock())).reading().aged
        pruned = stores.maintenance.prune(retention, now=aged)
    if retention == Retention() and not pruned.copies:
        click.echo("everything is kept: the configuration has no `retention:`")
        return
    copies = f", {pruned.copies} old copies of the store" if pruned.copies else ""
    click.echo(f"deleted: {pruned.versions} old texts, {pruned.messages} messages, {pruned.events} events{copies}")


def _copy(config: Config, target: StoreLocation) -> None:
    from monitor.compare.fingerprint import FINGERPRINTER
    from monitor.store.copy import copy_store

    with phase_bars() as show:
        counts = copy_store(config.location, target, fingerprinter=FINGERPRINTER, now=wall_time(), progress=show)
    click.echo(f"copied {sum(counts.values()):,} rows; every text was compared with its hash")
    setting = "`store:` to its address" if target.url else f"`state:` to {target.folder}, without `store:`"
    click.echo(escape(f"now set {setting} in {config.file}: the old store can only be read from now on"))


def _restore(config: Config, path: Path, now: datetime) -> Path | None:
    from monitor.store.sqlite.backup import restore

    with progress_bar("restore") as update:
        return restore(config.state, path, now=now, progress=lambda done, total: update(completed=done, total=total))


def _restore_shared(config: Config, path: Path, now: datetime) -> Path | None:
    from monitor.compare.fingerprint import FINGERPRINTER
    from monitor.store.copy import restore_shared_store

    with phase_bars() as show:
        restore_shared_store(config.location, path, fingerprinter=FINGERPRINTER, now=now, progress=show)
    return None  # it replaces nothing


@contextmanager
def _writable(config: Config, verb: str) -> Iterator[Stores]:
    """Open the store to write, with the state folder locked where the store is in it. Raises LockHeld, StoreError."""
    from monitor.store.open import Access, open_stores

    with ExitStack() as stack:
        if not config.store:
            stack.enter_context(lock.hold(config.state, verb=verb, now=wall_time()))
        yield stack.enter_context(open_stores(config.location, Access.WRITE))


def _load_for_backup(config_file: str | None) -> Config:
    """Load the configuration without its secrets, so that cron, which has none, mails no warning about them."""
    from monitor.config import load_without_secrets
    from monitor.config.checks import check_rules

    try:
        config = load_without_secrets(config_path(config_file), checks=(check_rules,))
    except ConfigError:
        return load_for_reading(config_file)
    return load_for_reading(config_file) if "store" in config.withheld else config


def _verify_texts(maintenance: Maintenance) -> Iterator[IntegrityCheck]:
    from monitor.compare.fingerprint import FINGERPRINTER

    with progress_bar("texts", total=maintenance.count_texts()) as update:
        yield maintenance.verify_texts(FINGERPRINTER, on_step=lambda count: update(advance=count))


def _print(check: IntegrityCheck, *, as_json: bool) -> None:
    if as_json:
        print_json([{"check": check.check, "ok": check.is_ok, "faults": list(check.faults)}])
        return
    mark = click.style("ok  ", fg="green") if check.is_ok else click.style("FAIL", fg="red")
    click.echo(f"{mark} {check.check}")
    for fault in check.faults:
        click.echo(f"     {escape(fault)}")
