"""`monitor status`: how things stand, on one screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from monitor.app.cli.common import config_option, json_option, load_config, print_json
from monitor.text import escape


@click.command()
@click.option("--check", "is_check", is_flag=True, help="Print nothing; end with 0 when well, else with 1.")
@json_option
@config_option
@click.pass_context
def command(ctx: click.Context, *, is_check: bool, as_json: bool, config_file: str | None) -> None:
    """Show the daemon, the sources, what happened and what waits to be delivered."""
    from monitor.app.health import status

    standing = status(load_config(config_file))
    if is_check:
        ctx.exit(0 if standing["ok"] else 1)
    if as_json:
        print_json([standing])
        return
    for line in _screen(standing):
        click.echo(line)


def _screen(standing: Mapping[str, Any]) -> Iterator[str]:
    daemon = standing["daemon"]
    running = f"running (pid {daemon['pid']} since {daemon['since']})" if daemon else "not running"
    yield _row("monitor", click.style(running, fg="green" if daemon else "red"))
    for source in standing["sources"]:
        last = f"last dump {source['last_dump']}" if source["last_dump"] else "no dump yet"
        missing = "" if source["is_there"] else click.style("  the folder is missing", fg="red")
        counts = f"{source['dumps']} dumps, {source['rejected']} rejects, {source['held']} held"
        yield _row(f"source {source['name']}", f"{escape(source['path'])}  {counts}, {last}{missing}")
    events = ", ".join(f"{n} {kind}" for kind, n in standing["releases"]["events"].items())
    yield _row("releases", f"{standing['releases']['total']}  ({events or 'nothing happened yet'})")
    outbox = ", ".join(f"{n} {state}" for state, n in standing["outbox"].items() if n)
    yield _row("messages", outbox or "none yet")
    for channel in standing["channels"]:
        reason = f"  {escape(channel['last_reason'])}" if channel["last_reason"] else ""
        yield _row(f"channel {channel['name']}", f"{channel['state']}, {channel['pending']} pending{reason}")
    yield _row("config", escape(standing["config"]["file"]))
    yield _row("store", escape(standing["store"]["file"]))


def _row(name: str, text: str) -> str:
    return f"{click.style(f'{escape(name):<22}', bold=True)} {text}"
