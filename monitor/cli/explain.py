"""Explain how each watchlist matches one release: `monitor explain`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from monitor.cli.common import archive_of, common_options, load_config, print_json, unknown_watchlist
from monitor.inspect.rows import explanation_row
from monitor.text import escape

if TYPE_CHECKING:
    from monitor.match.explain import Explanation
    from monitor.match.matcher import Watchlist


@click.command()
@click.argument("release", type=click.IntRange(1, 2**63 - 1))
@click.argument("watchlist", required=False)
@common_options
def command(*, release: int, watchlist: str | None, as_json: bool, config_file: str | None) -> None:
    """Explain how WATCHLIST, or each watchlist, matches RELEASE (its number): which part matched where, or failed."""
    from monitor.config.convert import watchlists_of
    from monitor.match.explain import explain

    config = load_config(config_file)
    chosen = [one for one in watchlists_of(config) if watchlist in (None, one.name)]
    if watchlist is not None and not chosen:
        raise unknown_watchlist(config, watchlist)
    with archive_of(config) as archive:
        stored = archive.head(release)
    if not as_json:
        click.echo(click.style(escape(f"release {release}: {stored.release.title}"), bold=True))
    for one in chosen:
        explanation = _with_sources(explain(one, stored.release, config.aliases), one, stored.source)
        if as_json:
            print_json([explanation_row(release, one.name, explanation)])
        else:
            click.echo("\n".join(_lines(one.name, explanation)))


def _with_sources(explanation: Explanation, watchlist: Watchlist, source: str) -> Explanation:
    """Return the explanation, with a failed part where the watchlist leaves out the source of this release."""
    if not watchlist.sources or source in watchlist.sources:
        return explanation
    from monitor.match.explain import QueryPart

    names = ", ".join(sorted(watchlist.sources))
    part = QueryPart(text=f"sources: {names}", matched=False, why=f"the release is of {source}")
    return replace(explanation, matched=False, parts=(*explanation.parts, part))


def _lines(name: str, explanation: Explanation) -> Iterator[str]:
    matches = click.style("matches", fg="green") if explanation.matched else click.style("does not match", fg="red")
    yield f"\n{click.style(escape(name), bold=True)}: {matches}"
    yield f"  read as: {escape(explanation.query)}"
    for part in explanation.parts:
        mark = click.style("✓", fg="green") if part.matched else click.style("✗", fg="red")
        yield f"  {mark} {escape(part.text)}: {escape(part.why)}"
