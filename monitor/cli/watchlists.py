"""List the watchlists: `monitor watchlists`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

import click

from monitor.cli.common import common_options, load_for_reading, print_rows, shown_time
from monitor.ports import Row

_HEADER = ("name", "rule", "notifies", "muted until", "last match")


@click.command()
@common_options
def command(*, as_json: bool, config_file: str | None) -> None:
    """List the watchlists in the order of the file: the rule, whom it notifies, its mute and what it matched last."""
    from monitor.inspect.watchlists import watchlist_rows

    config = load_for_reading(config_file)
    rows = watchlist_rows(config, now=datetime.now(UTC))
    print_rows(rows, as_json=as_json, header=_HEADER, cells=partial(_cells, config.timezone), none="no watchlists")


def _cells(zone: ZoneInfo, row: Row) -> list[object]:
    notify, last, rule = row["notify"], row["last_match"], str(row["rule"])
    names = ", ".join(notify) if isinstance(notify, list) else ""
    what = f"{shown_time(last['at'], zone)}  {last['kind']}  {last['title']}" if isinstance(last, Mapping) else "never"
    return [row["name"], rule[:60] + ("…" if len(rule) > 60 else ""), names, shown_time(row["muted_until"], zone), what]
