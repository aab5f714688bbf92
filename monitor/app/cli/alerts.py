"""`monitor alerts`: the messages to channels and how they fared."""

from __future__ import annotations

import click

from monitor.app.cli.common import config_option, json_option, open_archive, print_json, print_table
from monitor.model import MESSAGE_STATES
from monitor.ports import Row


@click.command()
@click.option("--state", type=click.Choice(MESSAGE_STATES), help="Only those in this state.")
@json_option
@config_option
def command(*, state: str | None, as_json: bool, config_file: str | None) -> None:
    """List the messages to channels, oldest first."""
    with open_archive(config_file) as archive:
        rows = archive.messages(state)
    if as_json:
        print_json(rows)
    elif rows:
        print_table(
            ("id", "channel", "kind", "state", "tries", "due or sent", "what", "reason"), list(map(_cells, rows))
        )
    else:
        click.echo("no messages")


def _cells(row: Row) -> list[object]:
    items = row["items"]
    titles = [str(item["title"]) for item in items] if isinstance(items, list) else []
    what = (
        titles[0][:60] + (f" and {len(titles) - 1} more" if len(titles) > 1 else "") if titles else row.get("text", "")
    )
    is_ok = row["state"] == "sent"
    return [
        row["id"],
        row["channel"],
        row["kind"],
        row["state"],
        row["attempts"],
        row["sent_at"] or row["due"],
        what,
        "" if is_ok else row["reason"] or "",
    ]
