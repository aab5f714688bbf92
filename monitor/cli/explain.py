"""Explain how each watchlist matches one release: `monitor explain`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from monitor.cli.common import archive_of, common_options, load_for_reading, print_json
from monitor.text import escape

if TYPE_CHECKING:
    from monitor.match.explain import Explanation


@click.command()
@click.argument("release", type=click.IntRange(1, 2**63 - 1))
@click.argument("watchlist", required=False)
@common_options
def command(*, release: int, watchlist: str | None, as_json: bool, config_file: str | None) -> None:
    """Explain how WATCHLIST, or each watchlist, matches RELEASE (its number): which part matched where, or failed."""
    from monitor.inspect.explain import chosen_watchlists, explanation_rows, explanations

    config = load_for_reading(config_file)
    chosen = chosen_watchlists(config, watchlist)
    with archive_of(config) as archive:
        stored = archive.head(release)
    if as_json:
        print_json(explanation_rows(config, stored, chosen))
        return
    click.echo(click.style(escape(f"release {release}: {stored.release.title}"), bold=True))
    for one, explanation in explanations(config, stored, chosen):
        click.echo("\n".join(_lines(one.name, explanation)))


def _lines(name: str, explanation: Explanation) -> Iterator[str]:
    matches = click.style("matches", fg="green") if explanation.matched else click.style("does not match", fg="red")
    yield f"\n{click.style(escape(name), bold=True)}: {matches}"
    yield f"  read as: {escape(explanation.query)}"
    for part in explanation.parts:
        mark = click.style("✓", fg="green") if part.matched else click.style("✗", fg="red")
        yield f"  {mark} {escape(part.text)}: {escape(part.why)}"
