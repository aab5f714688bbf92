"""`monitor show`: every version of one release, each with what it changed."""

from __future__ import annotations

from collections.abc import Sequence

import click

from monitor.cli.common import config_option, json_option, open_archive, print_json
from monitor.model import Edit
from monitor.ports import Row
from monitor.text import escape


@click.command()
@click.argument("release", type=click.IntRange(1, 2**63 - 1))
@json_option
@config_option
def command(*, release: int, as_json: bool, config_file: str | None) -> None:
    """Show every version of RELEASE (its number) with a word-level redline, its dumps and its alerts."""
    with open_archive(config_file) as archive:
        versions = archive.versions(release)
        events = archive.release_events(release)
        dumps = archive.shown_by(release)
    steps = [(before, row, _edits(before, row)) for before, row in zip(_heads_before(versions), versions, strict=True)]
    if as_json:
        print_json(_line(row, edits) for _, row, edits in steps)
        return
    for before, row, edits in steps:
        click.echo("\n".join([*_head(row), *_learned(before, row), *_painted(before, row, edits), ""]))
    for event in events:
        told = f", told: {', '.join(map(str, names))}" if isinstance(names := event["alert"], list) and names else ""
        click.echo(escape(f"{event['at']}  {event['kind']} in {event['dump_name']}: {event['reason']}{told}"))
    if dumps:
        click.echo(f"seen in {len(dumps)} dump{'s' * (len(dumps) > 1)}, last {dumps[-1]['at']} in {dumps[-1]['dump']}")


def _heads_before(versions: Sequence[Row]) -> list[Row | None]:
    """What was current when each version came; a stale view never was."""
    heads: list[Row | None] = [None]
    for row in versions[:-1]:
        heads.append(heads[-1] if row["kind"] == "stale" else row)
    return heads


def _edits(before: Row | None, row: Row) -> tuple[tuple[Edit, ...], tuple[tuple[str, str], ...]]:
    from monitor.compare.diff import redline

    if before is None:
        return (), ()
    lines = [redline(name, str(before[name]), str(row[name])) for name in ("title", "body")]
    edits = tuple(edit for line in lines if line.places for edit in line.edits)
    return edits, tuple(pair for line in lines for pair in line.numbers)


def _line(row: Row, edits: tuple[Sequence[Edit], Sequence[tuple[str, str]]]) -> dict[str, object]:
    spans, numbers = edits
    return {**row, "edits": [[edit.op, edit.old, edit.new] for edit in spans], "numbers": [list(p) for p in numbers]}


def _head(row: Row) -> list[str]:
    about = "  ".join(str(row[name]) for name in ("date", "category") if row[name])
    return [
        click.style(f"release {row['release']}, version {row['version']}: {row['kind']}", bold=True)
        + f"  {row['at']}  {escape(str(row['dump']))}",
        click.style(escape(str(row["title"])), bold=True) + (f"  ({escape(about)})" if about else ""),
    ]


def _learned(before: Row | None, row: Row) -> list[str]:
    """What differs beside title and text."""
    changed = [name for name in ("date", "category") if before is not None and before[name] != row[name]]
    return [escape(f"{name}: {before[name] or 'unknown'} → {row[name]}") for name in changed if before is not None]


def _painted(before: Row | None, row: Row, edits: tuple[Sequence[Edit], Sequence[tuple[str, str]]]) -> list[str]:
    spans, numbers = edits
    if before is not None and not spans and len(str(before["body"])) >= len(str(row["body"])):
        return ["(the words are the same)"]
    if not spans:
        return [_safe(str(row["body"]).strip())]
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
