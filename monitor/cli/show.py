"""`monitor show`: every version of one release, each with what it changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

import click

from monitor.cli.common import config_option, json_option, open_archive, print_json
from monitor.inspect.rows import version_row
from monitor.model import Edit, Kind
from monitor.ports import Archive
from monitor.records import VersionRecord, read_all
from monitor.text import escape
from monitor.times import rfc3339

_Edits = tuple[tuple[Edit, ...], tuple[tuple[str, str], ...]]  # spans, and figures that differ


@click.command()
@click.argument("release", type=click.IntRange(1, 2**63 - 1))
@json_option
@config_option
def command(*, release: int, as_json: bool, config_file: str | None) -> None:
    """Show every version of RELEASE (its number) with a word-level redline, its dumps and its alerts."""
    with open_archive(config_file) as archive:
        steps = _steps(read_all(partial(archive.versions, release)))
        if as_json:
            print_json(version_row(version, *edits) for _, version, edits in steps)
            return
        for before, version, edits in steps:
            click.echo("\n".join([*_head(version), *_learned(before, version), *_painted(before, version, edits), ""]))
        _print_history(archive, release)


def _steps(versions: Iterable[VersionRecord]) -> Iterator[tuple[VersionRecord | None, VersionRecord, _Edits]]:
    """Yield each version with the one that was current before, and how they differ; a stale view is never current."""
    head = None
    for version in versions:
        yield head, version, _edits(head, version)
        head = head if version.kind is Kind.STALE else version


def _edits(before: VersionRecord | None, version: VersionRecord) -> _Edits:
    from monitor.compare.diff import redline

    if before is None:
        return (), ()
    lines = [redline("title", before.title, version.title), redline("body", before.body, version.body)]
    edits = tuple(edit for line in lines if line.places for edit in line.edits)
    return edits, tuple(pair for line in lines for pair in line.numbers)


def _print_history(archive: Archive, release: int) -> None:
    """Print what happened to a release, who was told, and which dumps showed it."""
    for event in read_all(partial(archive.release_events, release)):
        told = f", told: {', '.join(event.alert)}" if event.alert else ""
        click.echo(escape(f"{rfc3339(event.at)}  {event.kind} in {event.dump}: {event.reason}{told}"))
    count, last = 0, None
    for last in read_all(partial(archive.shown_by, release)):  # noqa: B007 - told below
        count += 1
    if last:
        click.echo(f"seen in {count} dump{'s' * (count > 1)}, last {rfc3339(last.at)} in {last.dump}")


def _head(version: VersionRecord) -> list[str]:
    about = "  ".join(str(part) for part in (version.date, version.category) if part)
    return [
        click.style(f"release {version.release}, version {version.version}: {version.kind}", bold=True)
        + f"  {rfc3339(version.at)}  {escape(version.dump)}",
        click.style(escape(version.title), bold=True) + (f"  ({escape(about)})" if about else ""),
    ]


def _learned(before: VersionRecord | None, version: VersionRecord) -> list[str]:
    """What differs beside title and text."""
    if before is None:
        return []
    pairs = {"date": (before.date, version.date), "category": (before.category, version.category)}
    return [escape(f"{name}: {old or 'unknown'} → {new}") for name, (old, new) in pairs.items() if old != new]


def _painted(before: VersionRecord | None, version: VersionRecord, edits: _Edits) -> list[str]:
    spans, numbers = edits
    if before is not None and not spans and len(before.body) >= len(version.body):
        return ["(the words are the same)"]
    if not spans:
        return [_safe(version.body.strip())]
    lines = ["".join(_span(edit) for edit in spans if edit.field == field).strip() for field in ("title", "body")]
    figures = [f"figures: {', '.join(f'{old} → {new}' for old, new in numbers)}"] if numbers else []
    return [line for line in lines if line] + figures


def _span(edit: Edit) -> str:
    if edit.op == "keep":
        return _safe(edit.new)
    lead = " " if (edit.old or edit.new)[:1].isspace() else ""
    deleted = click.style(f"[-{_safe(edit.old.strip())}-]", fg="red") if edit.old else ""
    inserted = click.style(f"{{+{_safe(edit.new.strip())}+}}", fg="green", bold=True) if edit.new else ""
    return lead + " ".join(part for part in (deleted, inserted) if part)


def _safe(text: str) -> str:
    """Line breaks stay; whatever else a terminal would obey is escaped."""
    return "\n".join(escape(line) for line in text.split("\n"))
