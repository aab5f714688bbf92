"""List what happened to releases, oldest first: `monitor events`."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

import click

from monitor.cli.common import archive_of, common_options, load_for_reading, parse_since, print_json, shown_time
from monitor.cli.fit import line_of, terminal_width
from monitor.inspect.events import KINDS, event_rows
from monitor.inspect.follow import EventFollower
from monitor.inspect.paging import Place
from monitor.inspect.rows import event_row
from monitor.inspect.watchlists import unknown_watchlist
from monitor.ports import Row
from monitor.records import EventFilter
from monitor.text import escape

POLL = 0.5  # seconds between two reads of --follow
_COLORS = {"new": "green", "changed": "yellow", "withdrawn": "red", "rejected": "red", "reappeared": "cyan"}


@click.command()
@click.option("--since", metavar="D", help="Only those since a day, a time or an age such as 7d.")
@click.option("--kind", type=click.Choice(KINDS), help="Only those of one kind.")
@click.option("--watchlist", metavar="W", default="", help="Only those that this watchlist matches.")
@click.option("--dump", metavar="F", default="", help="Only those of this dump, named as `monitor dumps` names it.")
@click.option("--source", metavar="S", default="", help="Only those of this source.")
@click.option("--notified", "is_notified", is_flag=True, help="Only those that somebody was notified of.")
@click.option("-n", "limit", type=click.IntRange(0, 2**31), help="Only the last N.")
@click.option("--follow", is_flag=True, help="Keep running and print new events.")
@common_options
def command(
    *, since: str | None, limit: int | None, follow: bool, as_json: bool, config_file: str | None, **filters: Any
) -> None:
    """List what happened to releases, oldest first. Times are in the configuration's time zone, in JSON in UTC."""
    config = load_for_reading(config_file)
    since_time = parse_since(since, config.timezone)
    wanted = EventFilter(since=since_time, **{name: text for name, text in filters.items() if text})
    with archive_of(config) as archive:
        follower = EventFollower(archive, wanted) if follow else None
        first = 0 if limit is None else archive.event_before_last(limit, wanted)
        rows = event_rows(archive, wanted, Place(after=first))
        last = _print(rows, as_json=as_json, zone=config.timezone, follower=follower)
        if not last and wanted.watchlist and wanted.watchlist not in config.watchlists:
            raise unknown_watchlist(config, wanted.watchlist)
        if not last and not as_json:
            click.echo("no events", err=True)
        while follower:
            time.sleep(POLL)
            _print(map(event_row, follower.news()), as_json=as_json, zone=config.timezone)


def _print(rows: Iterable[Row], *, as_json: bool, zone: ZoneInfo, follower: EventFollower | None = None) -> int:
    """Print events and return the id of the last; 0: there was none."""
    last, width = 0, terminal_width()
    for row in rows:
        last = int(str(row["id"]))
        if follower:
            follower.note(str(row["source"]), last)
        if as_json:
            print_json([row])
        else:
            click.echo(_line(row, zone, width))
    return last


def _line(row: Row, zone: ZoneInfo, width: int | None) -> str:
    alerted = f"  → {escape(', '.join(map(str, names)))}" if (names := row["alert"]) and isinstance(names, list) else ""
    number = f"#{row['release']}" if row["release"] else ""
    title = row["title"] or f"{row['dump']}: {row['reason']}"
    kind = click.style(f"{row['kind']!s:<10}", fg=_COLORS.get(str(row["kind"])), bold=True)
    before = f"{shown_time(row['at'], zone)}  {kind} {number:>6}  {row['date'] or '':10}  "
    return line_of(before, escape(str(title)), alerted, width)
