"""`monitor dumps`: what was taken in, and what could not be read."""

from __future__ import annotations

from collections.abc import Iterator

import click

from monitor.cli.common import config_option, json_option, open_archive, print_json, print_table
from monitor.inspect.rows import dump_row, reject_row
from monitor.ports import Archive, Row
from monitor.records import read_all

_DUMP_HEADER = ("at", "source", "file", "status", "as of", "counts")
_REJECT_HEADER = ("at", "source", "file", "line", "state", "reason", "text")


@click.command()
@click.option("--rejects", is_flag=True, help="List what could not be read, and why.")
@json_option
@config_option
def command(*, rejects: bool, as_json: bool, config_file: str | None) -> None:
    """List every take-in, oldest first."""
    with open_archive(config_file) as archive:
        listed = map(reject_row, read_all(archive.rejects)) if rejects else _dump_rows(archive)
        if as_json:
            print_json(listed)
        elif rejects:
            print_table(_REJECT_HEADER, map(_reject_cells, listed), none="no rejects")
        else:
            print_table(_DUMP_HEADER, map(_dump_cells, listed), none="no dumps yet")


def _dump_rows(archive: Archive) -> Iterator[Row]:
    return (dump_row(record.report) for record in read_all(archive.dumps))


def _reject_cells(row: Row) -> list[object]:
    text = str(row["text"])
    shown = text[:40] + ("…" if len(text) > 40 else "")
    return [row["at"], row["source"], row["path"], row["line"] or "", row["state"], row["reason"], shown]


def _dump_cells(row: Row) -> list[object]:
    counts = row["counts"]
    told = ", ".join(f"{n} {kind}" for kind, n in counts.items() if n) if isinstance(counts, dict) else ""
    return [row["at"], row["source"], row["path"], row["status"], row["as_of"], told]
