"""`monitor match`: what a rule would have told, tried on every stored release or on one dump."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.common import (
    archive_of,
    config_option,
    is_terminal,
    json_option,
    load_config,
    print_json,
    since_day,
)
from monitor.cli.progress import with_bar
from monitor.model import Alert, Snippet
from monitor.records import read_all
from monitor.text import escape

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.inspect.backtest import Candidate
    from monitor.match.matcher import Matcher, Watchlist


@click.command()
@click.argument("rule", metavar="QUERY|NAME")
@click.option("--query", "is_query", is_flag=True, help="Read it as a query even where a watchlist has that name.")
@click.option("--since", "since_", metavar="D", help="Only releases dated since a day or an age such as 90d.")
@click.option("--file", "file", metavar="DUMP", type=click.Path(path_type=Path), help="Try it on this dump only.")
@json_option
@config_option
def command(
    *, rule: str, is_query: bool, since_: str | None, file: Path | None, as_json: bool, config_file: str | None
) -> None:
    """Try a QUERY, or the watchlist NAME, on every stored release: what it finds and how often it would have told.

    With --file: on the releases of one dump, which is read and not stored.
    """
    from monitor.inspect.backtest import BacktestCounts, backtest, watchlist_for

    config = load_config(config_file)
    watchlist = watchlist_for(config, rule, is_query=is_query)
    tally = BacktestCounts()
    rules = _prepared(watchlist, config)
    found = backtest(rules, _candidates(config, since_day(since_, config.timezone), file), tally)
    if as_json:
        print_json(_line(*one) for one in found)
        return
    for candidate, alert in found:
        click.echo("\n".join(_told(candidate, alert, watchlist)) + "\n")
    click.echo(click.style(tally.sentence(), bold=True))


def _prepared(watchlist: Watchlist, config: Config) -> Matcher:
    """Raises QueryFault that shows the spot where the query goes wrong."""
    from monitor.config import caret_excerpt
    from monitor.match.matcher import Matcher
    from monitor.match.query import QueryFault

    try:
        return Matcher([watchlist], config.aliases)
    except QueryFault as fault:
        fault.excerpt = caret_excerpt(watchlist.query, fault.column)
        raise


def _candidates(config: Config, day: date | None, file: Path | None) -> Iterable[Candidate]:
    from monitor.inspect.backtest import dumped

    if file is None:
        return _of_store(config, day)
    candidates, unread = dumped(config, file)
    if unread:
        what = "1 record cannot be read as a release" if unread == 1 else f"{unread} records cannot be read as releases"
        click.echo(escape(f"monitor: {file}: {what}"), err=True)
    return [one for one in candidates if day is None or (one.release.date and one.release.date >= day)]


def _of_store(config: Config, day: date | None) -> Iterator[Candidate]:
    from monitor.inspect.backtest import stored

    with archive_of(config) as archive:
        total = archive.count_heads(since=day)
        yield from with_bar(stored(read_all(partial(archive.heads, since=day))), total=total, label="releases")


def _line(candidate: Candidate, alert: Alert) -> dict[str, object]:
    release = candidate.release
    return {
        "release": candidate.number,
        "version": candidate.version,
        "title": release.title,
        "date": release.date,
        "hits": [{"text": hit.text, "field": hit.field, "start": hit.start, "end": hit.end} for hit in alert.hits],
        "total": _total(alert),
    }


def _told(candidate: Candidate, alert: Alert, watchlist: Watchlist) -> Iterator[str]:
    from monitor.notify.compose import item_of

    item = item_of(alert, heard=frozenset({watchlist.name}))
    number = f"#{candidate.number}  " if candidate.number else ""
    yield click.style(escape(f"{number}{item.date or 'no day'!s:10}  {item.title}"), bold=True)
    for snippet in item.snippets:
        yield f"  {snippet.field}: {_marked(snippet)}"
    hits = _total(alert)
    yield f"  {hits} {'hit' if hits == 1 else 'hits'}: {escape(', '.join(item.words))}"


def _total(alert: Alert) -> int:
    """Places in the text; of very many not all are kept as hits."""
    return sum(count for _, count in alert.totals)


def _marked(snippet: Snippet) -> str:
    hit = escape(snippet.hit)
    shown = click.style(hit, fg="yellow", bold=True) if is_terminal() else f"»{hit}«"
    return escape(snippet.before) + shown + escape(snippet.after)
