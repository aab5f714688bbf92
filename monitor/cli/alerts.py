"""List the messages to channels, and retry or drop some: `monitor alerts`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from zoneinfo import ZoneInfo

import click

from monitor.cli.common import common_options, load_for_reading, print_json, print_rows, run_commands, shown_time
from monitor.model import MESSAGE_STATES
from monitor.ports import Row
from monitor.text import escape

_HEADER = ("id", "channel", "kind", "state", "tries", "due or sent", "what", "reason")
_IDS = click.argument("ids", nargs=-1, required=True, metavar="ID...", type=click.IntRange(1, 2**63 - 1))


@click.group(invoke_without_command=True)
@click.option("--state", type=click.Choice(MESSAGE_STATES), help="Only those in this state.")
@common_options
@click.pass_context
def command(ctx: click.Context, *, state: str | None, as_json: bool, config_file: str | None) -> None:
    """List the messages to channels, oldest first, then what waits for a window, a mute or quiet hours to end."""
    if ctx.invoked_subcommand:
        return
    from monitor.inspect.pending import alert_rows, open_read_only

    config = load_for_reading(config_file)
    with open_read_only(config) as store:
        rows = alert_rows(config, store, state=state)
        print_rows(rows, as_json=as_json, header=_HEADER, cells=partial(_cells, config.timezone), none="no messages")


@command.command("show")
@click.argument("message", metavar="ID", type=click.IntRange(1, 2**63 - 1))
@common_options
def show(*, message: int, as_json: bool, config_file: str | None) -> None:
    """Show one message with every attempt to send it."""
    from monitor.inspect.alerts import message_rows
    from monitor.inspect.pending import open_read_only

    config = load_for_reading(config_file)
    with open_read_only(config) as store:
        rows = list(message_rows(store, [message]))
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo("\n".join(_details(row, config.timezone)))


@command.command("retry")
@_IDS
@common_options
@click.pass_context
def retry(ctx: click.Context, *, ids: tuple[int, ...], as_json: bool, config_file: str | None) -> None:
    """Send messages again that are dead or held, or that wait for their next attempt.

    Messages that can be sent again are, and the exit code is 1 when one of them cannot.
    """
    run_commands(ctx, [("retry", str(number)) for number in ids], as_json=as_json, config_file=config_file)


@command.command("drop")
@_IDS
@common_options
@click.pass_context
def drop(ctx: click.Context, *, ids: tuple[int, ...], as_json: bool, config_file: str | None) -> None:
    """Give up messages that are dead or held, or that wait.

    Messages that can be dropped are, and the exit code is 1 when one of them cannot.
    """
    run_commands(ctx, [("drop", str(number)) for number in ids], as_json=as_json, config_file=config_file)


def _details(row: Row, zone: ZoneInfo) -> Iterator[str]:
    items, tries = row["items"], row["tries"]
    yield click.style(escape(f"message {row['id']} to {row['channel']}: {row['state']} ({row['kind']})"), bold=True)
    for item in items if isinstance(items, list) else ():
        yield escape(f"#{item['release']}  {item['title']}  → {', '.join(item['watchlists'])}")
    yield from map(escape, str(row.get("text", "")).split("\n") if "text" in row else ())
    for one in tries if isinstance(tries, list) else ():
        code = f" {one['code']}" if one["code"] else ""
        why = "; ".join(filter(None, (one["reason"], one["late"] and f"its node said later: {one['late']}")))
        yield escape(f"  {shown_time(one['at'], zone)}  {one['outcome'] or 'under way'}{code}  {why}".rstrip())


def _cells(zone: ZoneInfo, row: Row) -> list[object]:
    from monitor.cli.fit import cut

    items = row["items"]
    titles = [str(item["title"]) for item in items] if isinstance(items, list) else []
    more = f" and {len(titles) - 1} more" if len(titles) > 1 else ""
    what = cut(titles[0], 60) + more if titles else str(row.get("text", "")).partition("\n")[0]
    time = shown_time(row["sent_at"] or row["due"], zone)
    reason = row["reason"] or ""
    if row["state"] == "sent":
        twice = "may have arrived more than once: the result of an earlier attempt is unknown"
        reason = twice if row["uncertain"] else ""
    return [row["id"] or "", row["channel"], row["kind"], row["state"], row["attempts"], time, what, reason]
