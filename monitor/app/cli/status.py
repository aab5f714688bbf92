"""`monitor status`: how things stand, on one screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
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

    standing = status(load_config(config_file), now=datetime.now(UTC))
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
    paused = f"  paused: {escape(daemon['paused'])}" if daemon and daemon["paused"] else ""
    yield _row("monitor", click.style(running + paused, fg="green" if daemon and not paused else "red"))
    for source in standing["sources"]:
        last = f"last dump {source['last_dump']}" if source["last_dump"] else "no dump yet"
        since = source["silent_since"]
        silent = click.style(f"  silent since {since}", fg="red") if since else ""
        missing = "" if source["is_there"] else click.style("  the folder is missing", fg="red")
        counts = f"{source['dumps']} dumps, {source['rejected']} rejects, {source['held']} held"
        yield _row(f"source {source['name']}", f"{escape(source['path'])}  {counts}, {last}{silent}{missing}")
        yield _row("", _watch(source["watch"]))
    events = ", ".join(f"{n} {kind}" for kind, n in standing["releases"]["events"].items())
    yield _row("releases", f"{standing['releases']['total']}  ({events or 'nothing happened yet'})")
    outbox = ", ".join(f"{n} {state}" for state, n in standing["outbox"].items() if n)
    yield _row("messages", outbox or "none yet")
    for name, until in standing["releases"]["muted_watchlists"].items():
        yield _row(f"watchlist {name}", f"muted until {until}")
    for channel in standing["channels"]:
        yield _row(f"channel {channel['name']}", _channel(channel))
    yield _row("config", escape(standing["config"]["file"]))
    yield _row("store", escape(standing["store"]["file"]))


def _channel(row: Mapping[str, Any]) -> str:
    state = click.style(row["state"], fg="red") if row["state"] in ("open", "refused") else row["state"]
    opened = f" until {row['opened_until']}" if row["opened_until"] else ""
    muted = f", muted until {row['muted_until']}" if row["muted_until"] else ""
    reason = f"  {escape(row['last_reason'])}" if row["last_reason"] else ""
    return f"{state}{opened}, {row['pending']} pending{muted}{reason}"


def _watch(watch: Mapping[str, Any]) -> str:
    """`watching since …  ignored: 3, unsettled: 1 (since …)`; what is wrong stands first and in red."""
    state, since = watch["state"], f" since {watch['since']}" if watch["since"] else ""
    reason = f": {escape(watch['reason'])}" if watch["reason"] else ""
    color = {"watching": "green", "polling": "yellow"}.get(state, "red")
    oldest = f" (since {watch['oldest_unsettled']})" if watch["oldest_unsettled"] else ""
    names = f" ({escape(', '.join(watch['ignored_names']))})" if watch["ignored_names"] else ""
    counts = {
        "ignored": f"{watch['ignored']}{names}",
        "unsettled": f"{watch['unsettled']}{oldest}",
        "missed by events": str(watch["missed_by_events"]),
    }
    told = ", ".join(f"{name}: {text}" for name, text in counts.items() if text != "0")
    return click.style(f"{state}{since}{reason}", fg=color) + (f"  {told}" if told else "")


def _row(name: str, text: str) -> str:
    return f"{click.style(f'{escape(name):<22}', bold=True)} {text}"
