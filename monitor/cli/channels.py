"""List the channels, send a test message to one or resume one: `monitor channels`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

import click

from monitor.cli.common import (
    common_options,
    load_config,
    load_for_reading,
    print_json,
    print_rows,
    run_commands,
    shown_time,
)
from monitor.inspect.waiting import waiting_facts
from monitor.ports import Row
from monitor.text import escape

_HEADER = ("name", "state", "until", "waiting", "dead", "failures", "last reason")


@click.group(invoke_without_command=True)
@common_options
@click.pass_context
def command(ctx: click.Context, *, as_json: bool, config_file: str | None) -> None:
    """List the channels: their state, what waits on each and for what, and what was lost."""
    if ctx.invoked_subcommand:
        return
    from monitor.inspect.status import channel_rows, channels_of

    now, config = datetime.now(UTC), load_for_reading(config_file)
    rows = channel_rows(config, now=now) if config.channels else channels_of(config.file, now=now)
    print_rows(rows, as_json=as_json, header=_HEADER, cells=partial(_cells, config.timezone, now))


@command.command("test")
@click.argument("name")
@common_options
@click.pass_context
def test(ctx: click.Context, *, name: str, as_json: bool, config_file: str | None) -> None:
    """Send a test message to the channel NAME now. The exit code is 1 when it is not accepted."""
    from monitor.daemon.bootstrap import send_test

    verdict = send_test(load_config(config_file), name, stream=sys.stderr if as_json else sys.stdout)
    is_ok = verdict.outcome == "ok"
    if as_json:
        row = {"channel": name, "accepted": is_ok, "outcome": str(verdict.outcome), "code": verdict.code}
        print_json([{**row, "reason": verdict.reason}])
    elif is_ok:
        click.echo(f"{name}: accepted")
    else:
        click.echo(escape(f"{name}: not accepted: {verdict.reason}"), err=True)
    ctx.exit(0 if is_ok else 1)


@command.command("resume")
@click.argument("name")
@common_options
@click.pass_context
def resume(ctx: click.Context, *, name: str, as_json: bool, config_file: str | None) -> None:
    """Try the channel NAME, and all that waits on it, again now after it refused or failed."""
    run_commands(ctx, [("resume", name)], as_json=as_json, config_file=config_file)


def _cells(zone: ZoneInfo, now: datetime, row: Row) -> list[object]:
    until = shown_time(row["opened_until"] or row["muted_until"], zone)
    waiting = ", ".join(waiting_facts(row, now=now, zone=zone))
    dead, reason = row.get("dead", ""), row["last_reason"] or ""  # a daemon of an earlier version counts no dead ones
    return [row["name"], row["state"], until, waiting, dead, row["failures"], reason]
