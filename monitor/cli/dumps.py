"""`monitor dumps`: what was taken in, and what could not be read."""

from __future__ import annotations

import click

from monitor.cli.common import config_option, json_option, open_archive, print_json, print_table
from monitor.ports import Row


@click.command()
@click.option("--rejects", is_flag=True, help="List what could not be read, and why.")
@json_option
@config_option
def command(*, rejects: bool, as_json: bool, config_file: str | None) -> None:
    """List every take-in, oldest first."""
    with open_archive(config_file) as archive:
        rows = archive.rejects() if rejects else archive.dumps()
    if as_json:
        print_json(rows)
    elif not rows:
        click.echo("no rejects" if rejects else "no dumps yet")
    elif rejects:
        header = ("at", "source", "file", "line", "state", "reason", "text")
        print_table(header, [_reject_cells(row) for row in rows])
    else:
        print_table(("at", "source", "file", "status", "as of", "counts"), [_dump_cells(row) for row in rows])


def _reject_cells(row: Row) -> list[object]:
    text = str(row["text"])
    shown = text[:40] + ("…" if len(text) > 40 else "")
    return [row["at"], row["source"], row["path"], row["line"] or "", row["state"], row["reason"], shown]


def _dump_cells(row: Row) -> list[object]:
    counts = row["counts"]
    told = ", ".join(f"{n} {kind}" for kind, n in counts.items() if n) if isinstance(counts, dict) else ""
    return [row["at"], row["source"], row["path"], row["status"], row["as_of"], told]
