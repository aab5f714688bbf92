"""List the current releases, all or those that contain some words: `monitor releases`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

import click

from monitor.cli.common import archive_of, common_options, load_for_reading, parse_since_day, print_json
from monitor.cli.fit import line_of, terminal_width
from monitor.cli.progress import with_bar
from monitor.ports import Row
from monitor.text import escape

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.records import Stored


@click.command()
@click.argument("words", nargs=-1)
@click.option("--since", metavar="D", help="Only releases dated since a day or an age such as 90d.")
@click.option("--watchlist", metavar="W", help="Only those that this watchlist matches.")
@common_options
def command(
    *, words: tuple[str, ...], since: str | None, watchlist: str | None, as_json: bool, config_file: str | None
) -> None:
    """List the current releases, oldest first; with WORDS those that have all of them in title, body or category.

    Each word finds what it finds as a keyword of a watchlist; one with spaces is a phrase. The watchlists shown are
    those that match now, as they are configured now.
    """
    from monitor.inspect.releases import release_rows

    config = load_for_reading(config_file)
    found = _found(config, words, parse_since_day(since, config.timezone))
    _print(release_rows(config, found, watchlist=watchlist), as_json=as_json)


def _found(config: Config, words: Sequence[str], day: date | None) -> Iterator[Stored]:
    from monitor.inspect.releases import current_releases, found_releases

    with archive_of(config) as archive:
        if words:
            yield from found_releases(config, archive, words, since=day)
        else:
            total = archive.count_heads(since=day)
            yield from with_bar(current_releases(archive, since=day), total=total, label="releases")


def _print(rows: Iterator[Row], *, as_json: bool) -> None:
    if as_json:
        print_json(rows)
        return
    count, width = 0, terminal_width()
    for count, row in enumerate(rows, 1):  # noqa: B007 - used below
        click.echo(_line(row, width))
    if not count:
        click.echo("no releases", err=True)


def _line(row: Row, width: int | None) -> str:
    names = row["watchlists"]
    matching = f"  → {', '.join(map(str, names))}" if isinstance(names, list) and names else ""
    number = f"#{row['release']}"
    state = click.style("  withdrawn", fg="red") if row["state"] == "withdrawn" else ""
    before = f"{number:>6}  {row['date'] or ''!s:10}  "
    return line_of(before, escape(str(row["title"])), f"{state}{escape(matching)}", width)
