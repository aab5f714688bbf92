"""Show every version of one release, each with what it changed: `monitor show`."""

from __future__ import annotations

from functools import partial
from zoneinfo import ZoneInfo

import click

from monitor.cli.common import archive_of, common_options, load_for_reading, print_json
from monitor.inspect.redlines import Comparison
from monitor.inspect.show import ComparedVersion, compared_versions, version_rows
from monitor.notify.links import safe_link
from monitor.notify.redline import Marks, marked
from monitor.records import Archive, VersionRecord, read_all
from monitor.text import escape
from monitor.times import local_reason, local_time

_COLORED = Marks(
    deleted=lambda words: click.style(f"[-{words}-]", fg="red"),
    inserted=lambda words: click.style(f"{{+{words}+}}", fg="green", bold=True),
)


@click.command()
@click.argument("release", type=click.IntRange(1, 2**63 - 1))
@common_options
def command(*, release: int, as_json: bool, config_file: str | None) -> None:
    """Show every version of RELEASE (its number) with a word-level redline, its dumps and its alerts."""
    config = load_for_reading(config_file)
    zone = config.timezone
    with archive_of(config) as archive:
        if as_json:
            print_json(version_rows(archive, release))
            return
        for one in compared_versions(archive, release):
            click.echo("\n".join([*_heading(one.version, zone), *_metadata_changes(one.changes), *_text(one), ""]))
        _print_history(archive, release, zone)


def _print_history(archive: Archive, release: int, zone: ZoneInfo) -> None:
    """Print the events of a release, who was alerted, and in which dumps it was seen."""
    for event in read_all(partial(archive.release_events, release)):
        alerted = f", alerted: {', '.join(event.alert)}" if event.alert else ""
        reason = local_reason(event.reason, zone)
        click.echo(escape(f"{local_time(event.at, zone)}  {event.kind} in {event.dump}: {reason}{alerted}"))
    shown = list(read_all(partial(archive.shown_by, release)))
    if shown:
        last, more = shown[-1], "s" * (len(shown) > 1)
        click.echo(f"seen in {len(shown)} dump{more}, last {local_time(last.at, zone)} in {last.dump}")


def _heading(version: VersionRecord, zone: ZoneInfo) -> list[str]:
    link = safe_link(version.url) or escape(version.url or "")
    metadata = "  ".join(str(part) for part in (version.date, version.category) if part)
    return [
        click.style(f"release {version.release}, version {version.version}: {version.kind}", bold=True)
        + f"  {local_time(version.at, zone)}  {escape(version.dump)}",
        click.style(escape(version.title), bold=True) + (f"  ({escape(metadata)})" if metadata else ""),
        *([link] if link else []),
    ]


def _metadata_changes(changes: Comparison) -> list[str]:
    return [escape(f"{edit.field}: {edit.old or 'unknown'} → {edit.new or None}") for edit in changes.facts]


def _text(one: ComparedVersion) -> list[str]:
    edits, numbers = one.changes.edits, one.changes.numbers
    if one.before is not None and not edits and len(one.before.body) >= len(one.version.body):
        return ["(the words are the same)"]
    if not edits:
        return [_escape_lines(one.version.body.strip())]
    by_field = ([edit for edit in edits if edit.field == field] for field in ("title", "body"))
    lines = [marked(some, _COLORED, clean=_escape_lines).strip() for some in by_field]
    figures = [f"figures: {', '.join(f'{old} → {new}' for old, new in numbers)}"] if numbers else []
    return [line for line in lines if line] + figures


def _escape_lines(text: str) -> str:
    return "\n".join(map(escape, text.split("\n")))
