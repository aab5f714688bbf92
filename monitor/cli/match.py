"""Try a query or a watchlist on every stored release, or on one dump: `monitor match`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.common import archive_of, common_options, is_terminal, load_for_reading, parse_since_day, print_json
from monitor.cli.progress import with_bar
from monitor.model import Alert
from monitor.notify.compose import item_of
from monitor.text import escape

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.inspect.backtest import Candidate
    from monitor.match.matcher import Watchlist


@click.command()
@click.argument("rule", metavar="QUERY|NAME")
@click.option("--query", "is_query", is_flag=True, help="Read it as a query even where a watchlist has that name.")
@click.option("--since", metavar="D", help="Only releases dated since a day or an age such as 90d.")
@click.option("--file", metavar="DUMP", type=click.Path(path_type=Path), help="Try it on this dump only.")
@common_options
def command(
    *, rule: str, is_query: bool, since: str | None, file: Path | None, as_json: bool, config_file: str | None
) -> None:
    """Try a QUERY, or the watchlist NAME, on every stored release: show what matches and how many alerts there were.

    With --file: on the releases of one dump, which is read and not stored.
    """
    from monitor.inspect.match import RuleTrial

    config = load_for_reading(config_file)
    trial = RuleTrial(config, rule, is_query=is_query)
    candidates = _candidates(config, parse_since_day(since, config.timezone), file)
    if as_json:
        print_json(trial.rows(candidates))
        return
    for candidate, alert in trial.matches(candidates):
        click.echo("\n".join(_lines(candidate, alert, trial.watchlist)) + "\n")
    click.echo(click.style(trial.counts.sentence(), bold=True))
    for hint in trial.hints():
        click.echo(escape(hint))


def _candidates(config: Config, day: date | None, file: Path | None) -> Iterable[Candidate]:
    from monitor.inspect.backtest import dump_candidates

    if file is None:
        return _stored(config, day)
    candidates, unread = dump_candidates(config, file)
    if unread:
        what = "1 record cannot be read as a release" if unread == 1 else f"{unread} records cannot be read as releases"
        click.echo(escape(f"monitor: {file}: {what}"), err=True)
    return [one for one in candidates if day is None or (one.release.date and one.release.date >= day)]


def _stored(config: Config, day: date | None) -> Iterator[Candidate]:
    from monitor.inspect.match import stored_candidates

    with archive_of(config) as archive:
        total = archive.count_heads(since=day)
        yield from with_bar(stored_candidates(archive, since=day), total=total, label="releases")


def _lines(candidate: Candidate, alert: Alert, watchlist: Watchlist) -> Iterator[str]:
    item = item_of(alert, watchlists=frozenset({watchlist.name}))
    number = f"#{candidate.number}  " if candidate.number else ""
    yield click.style(escape(f"{number}{item.date or 'no day'!s:10}  {item.title}"), bold=True)
    for snippet in item.snippets:
        hit = escape(snippet.hit)
        marked = click.style(hit, fg="yellow", bold=True) if is_terminal() else f"“{hit}”"
        yield f"  {snippet.field}: {escape(snippet.before)}{marked}{escape(snippet.after)}"
    hits = sum(count for _, count in alert.totals)
    yield f"  {hits} {'hit' if hits == 1 else 'hits'}: {escape(', '.join(item.words))}"
