"""`monitor channels`: where alerts go; `channels test` sends one message now."""

from __future__ import annotations

import sys

import click

from monitor.app.cli.common import config_option, json_option, load_config, print_json, print_table
from monitor.ports import Row
from monitor.text import escape

_SHOWN = ("name", "state", "pending", "failures", "last_reason")


@click.group(invoke_without_command=True)
@json_option
@config_option
@click.pass_context
def command(ctx: click.Context, *, as_json: bool, config_file: str | None) -> None:
    """List the channels and what waits on them; `monitor channels test NAME` tries one."""
    if ctx.invoked_subcommand:
        ctx.obj = config_file or ctx.obj
        return
    from monitor.app.health import channel_rows

    rows = channel_rows(load_config(config_file))
    if as_json:
        print_json(rows)
    else:
        print_table([name.replace("_", " ") for name in _SHOWN], [_cells(row) for row in rows])


@command.command("test")
@click.argument("name")
@json_option
@config_option
@click.pass_context
def test(ctx: click.Context, *, name: str, as_json: bool, config_file: str | None) -> None:
    """Send a test message to the channel NAME now. Ends with 1 when it is not accepted."""
    from monitor.app.wiring import send_test

    as_json = as_json or bool(ctx.parent and ctx.parent.params.get("as_json"))
    verdict = send_test(load_config(config_file or ctx.obj), name, stream=sys.stderr if as_json else sys.stdout)
    is_ok = verdict.outcome == "ok"
    if as_json:
        row = {"channel": name, "accepted": is_ok, "outcome": str(verdict.outcome), "code": verdict.code}
        print_json([{**row, "reason": verdict.reason}])
    elif is_ok:
        click.echo(f"{name}: accepted")
    else:
        click.echo(escape(f"{name}: not accepted: {verdict.reason}"), err=True)
    ctx.exit(0 if is_ok else 1)


def _cells(row: Row) -> list[object]:
    return [row[name] or "" if name == "last_reason" else row[name] for name in _SHOWN]
