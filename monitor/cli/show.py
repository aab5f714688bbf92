"""Show every version of one release, each with what it changed: `monitor show`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

import click

from monitor.cli.common import archive_of, common_options, load_for_store, print_json
from monitor.inspect.rows import version_row
from monitor.model import Edit, Kind
from monitor.notify.links import safe_link
from monitor.records import Archive, VersionRecord, read_all
from monitor.text import escape
from monitor.times import rfc3339

_Diff = tuple[tuple[Edit, ...], tuple[tuple[str, str], ...]]  # spans, and figures that differ


@click.command()
@click.argument("release", type=click.IntRange(1, 2**63 - 1))
@common_options
def command(*, release: int, as_json: bool, config_file: str | None) -> None:
    """Show every version of RELEASE (its number) with a word-level redline, its dumps and its alerts."""
    with archive_of(load_for_store(config_file)) as archive:
        compared = _compared(read_all(partial(archive.versions, release)))
        if as_json:
            print_json(version_row(version, *diff) for _, version, diff in compared)
            return
        for before, version, diff in compared:
            lines = [*_heading(version), *_metadata_changes(before, version), *_text(before, version, diff), ""]
            click.echo("\n".join(lines))
        _print_history(archive, release)


def _compared(versions: Iterable[VersionRecord]) -> Iterator[tuple[VersionRecord | None, VersionRecord, _Diff]]:
    """Yield each version with the current one before it and their diff; a stale version is never the current one."""
    head = None
    for version in versions:
        yield head, version, _diff(head, version)
        head = head if version.kind is Kind.STALE else version


def _diff(before: VersionRecord | None, version: VersionRecord) -> _Diff:
    from monitor.compare.diff import redline

    if before is None:
        return (), ()
    lines = [redline("title", before.title, version.title), redline("body", before.body, version.body)]
    edits = tuple(edit for line in lines if line.places for edit in line.edits)
    return edits, tuple(pair for line in lines for pair in line.numbers)


def _print_history(archive: Archive, release: int) -> None:
    """Print the events of a release, who was alerted, and in which dumps it was seen."""
    for event in read_all(partial(archive.release_events, release)):
        alerted = f", alerted: {', '.join(event.alert)}" if event.alert else ""
        click.echo(escape(f"{rfc3339(event.at)}  {event.kind} in {event.dump}: {event.reason}{alerted}"))
    shown = list(read_all(partial(archive.shown_by, release)))
    if shown:
        last, more = shown[-1], "s" * (len(shown) > 1)
        click.echo(f"seen in {len(shown)} dump{more}, last {rfc3339(last.at)} in {last.dump}")


def _heading(version: VersionRecord) -> list[str]:
    link = safe_link(version.url) or escape(version.url or "")
    metadata = "  ".join(str(part) for part in (version.date, version.category) if part)
    return [
        click.style(f"release {version.release}, version {version.version}: {version.kind}", bold=True)
        + f"  {rfc3339(version.at)}  {escape(version.dump)}",
        click.style(escape(version.title), bold=True) + (f"  ({escape(metadata)})" if metadata else ""),
        *([link] if link else []),
    ]


def _metadata_changes(before: VersionRecord | None, version: VersionRecord) -> list[str]:
    if before is None:
        return []
    pairs = {"date": (before.date, version.date), "category": (before.category, version.category)}
    return [escape(f"{name}: {old or 'unknown'} → {new}") for name, (old, new) in pairs.items() if old != new]


def _text(before: VersionRecord | None, version: VersionRecord, diff: _Diff) -> list[str]:
    edits, numbers = diff
    if before is not None and not edits and len(before.body) >= len(version.body):
        return ["(the words are the same)"]
    if not edits:
        return [_escape_lines(version.body.strip())]
    lines = ["".join(_styled(edit) for edit in edits if edit.field == field).strip() for field in ("title", "body")]
    figures = [f"figures: {', '.join(f'{old} → {new}' for old, new in numbers)}"] if numbers else []
    return [line for line in lines if line] + figures


def _styled(edit: Edit) -> str:
    if edit.op == "keep":
        return _escape_lines(edit.new)
    space = " " if (edit.old or edit.new)[:1].isspace() else ""
    deleted = click.style(f"[-{_escape_lines(edit.old.strip())}-]", fg="red") if edit.old else ""
    inserted = click.style(f"{{+{_escape_lines(edit.new.strip())}+}}", fg="green", bold=True) if edit.new else ""
    return space + " ".join(part for part in (deleted, inserted) if part)


def _escape_lines(text: str) -> str:
    return "\n".join(map(escape, text.split("\n")))
