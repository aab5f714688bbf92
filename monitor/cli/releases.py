"""List the current releases, all or those that contain some words: `monitor releases`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import click

from monitor.cli.common import archive_of, common_options, load_config, parse_since_day, print_json, unknown_watchlist
from monitor.cli.progress import with_bar
from monitor.inspect.rows import release_row
from monitor.ports import Row
from monitor.records import PAGE, Stored, read_all
from monitor.text import escape

if TYPE_CHECKING:
    from monitor.config import Config


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
    config = load_config(config_file)
    rows = _rows(config, words, parse_since_day(since, config.timezone), watchlist)
    if as_json:
        print_json(rows)
        return
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007 - used below
        click.echo(_line(row))
    if not count:
        click.echo("no releases", err=True)


def _rows(config: Config, words: Sequence[str], day: date | None, watchlist: str | None) -> Iterator[Row]:
    from monitor.config.convert import watchlists_of
    from monitor.match.matcher import Matcher

    every = watchlists_of(config)
    if watchlist is not None and watchlist not in config.watchlists:
        raise unknown_watchlist(config, watchlist)
    matcher = Matcher(every, config.aliases)
    for stored in _stored(config, words, day):
        names = {hit.watchlist for hit in matcher.scan(stored.release, source=stored.source)}
        if watchlist is None or watchlist in names:
            yield release_row(stored, [one.name for one in every if one.name in names])


def _stored(config: Config, words: Sequence[str], day: date | None) -> Iterator[Stored]:
    from monitor.match.search import search_query

    with archive_of(config) as archive:
        if words:
            found = archive.search(search_query(words, config.aliases), since=day)
            for start in range(0, len(found), PAGE):
                yield from archive.heads_of(found[start : start + PAGE])
            return
        total = archive.count_heads(since=day)
        yield from with_bar(read_all(partial(archive.heads, since=day)), total=total, label="releases")


def _line(row: Row) -> str:
    names = row["watchlists"]
    matching = f"  → {', '.join(map(str, names))}" if isinstance(names, list) and names else ""
    number = f"#{row['release']}"
    state = click.style("  withdrawn", fg="red") if row["state"] == "withdrawn" else ""
    return f"{number:>6}  {row['date'] or ''!s:10}  {escape(str(row['title']))}{state}{escape(matching)}"
