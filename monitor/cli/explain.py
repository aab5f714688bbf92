"""`monitor explain`: how each watchlist reads one release."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from monitor.cli.common import archive_of, config_option, json_option, load_config, no_watchlist, print_json
from monitor.text import escape

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.match.explain import Explanation
    from monitor.match.matcher import Watchlist

_LARGEST = 2**63 - 1  # what SQLite takes for a number


@click.command()
@click.argument("release", type=click.IntRange(1, _LARGEST))
@click.argument("watchlist", required=False)
@json_option
@config_option
def command(*, release: int, watchlist: str | None, as_json: bool, config_file: str | None) -> None:
    """Show how WATCHLIST, or each of them, reads RELEASE (its number): which part matched where, which part failed."""
    from monitor.match.explain import explain

    config = load_config(config_file)
    chosen = _chosen(config, watchlist)
    with archive_of(config) as archive:
        stored = archive.head(release)
    found = [(one.name, _heard(explain(one, stored.release, config.aliases), one, stored.source)) for one in chosen]
    if as_json:
        print_json(_line(release, name, explanation) for name, explanation in found)
        return
    click.echo(click.style(escape(f"release {release}: {stored.release.title}"), bold=True))
    for name, explanation in found:
        click.echo("\n".join(_told(name, explanation)))


def _chosen(config: Config, name: str | None) -> tuple[Watchlist, ...]:
    from monitor.config.convert import watchlists_of

    every = watchlists_of(config)
    chosen = tuple(one for one in every if name in (None, one.name))
    if name is not None and not chosen:
        raise no_watchlist(config, name)
    return chosen


def _heard(explanation: Explanation, watchlist: Watchlist, source: str) -> Explanation:
    """The same, unless the watchlist leaves this release's source out: then that is why it does not match."""
    if not watchlist.sources or source in watchlist.sources:
        return explanation
    from monitor.match.explain import QueryPart

    names = ", ".join(sorted(watchlist.sources))
    part = QueryPart(text=f"sources: {names}", matched=False, why=f"the release is of {source}")
    return replace(explanation, matched=False, parts=(*explanation.parts, part))


def _line(release: int, name: str, explanation: Explanation) -> dict[str, object]:
    parts = [{"text": part.text, "matched": part.matched, "why": part.why} for part in explanation.parts]
    return {
        "release": release,
        "watchlist": name,
        "matched": explanation.matched,
        "query": explanation.query,
        "parts": parts,
    }


def _told(name: str, explanation: Explanation) -> Iterator[str]:
    yield f"\n{click.style(escape(name), bold=True)}: {_verdict(matched=explanation.matched)}"
    yield f"  read as: {escape(explanation.query)}"
    for part in explanation.parts:
        mark = click.style("✓", fg="green") if part.matched else click.style("✗", fg="red")
        yield f"  {mark} {escape(part.text)}: {escape(part.why)}"


def _verdict(*, matched: bool) -> str:
    return click.style("matches", fg="green") if matched else click.style("does not match", fg="red")
