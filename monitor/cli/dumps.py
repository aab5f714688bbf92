"""List the ingested files, or what could not be read: `monitor dumps`."""

from __future__ import annotations

import click

from monitor.cli.common import archive_of, common_options, load_for_store, print_rows
from monitor.inspect.dumps import dump_rows, reject_rows
from monitor.ports import Row

_DUMP_HEADER = ("at", "source", "file", "status", "as of", "counts")
_REJECT_HEADER = ("at", "source", "file", "line", "state", "reason", "text")


@click.command()
@click.option("--rejects", is_flag=True, help="List what could not be read, and why.")
@common_options
def command(*, rejects: bool, as_json: bool, config_file: str | None) -> None:
    """List every ingested file, oldest first."""
    with archive_of(load_for_store(config_file)) as archive:
        if rejects:
            rows = reject_rows(archive)
            print_rows(rows, as_json=as_json, header=_REJECT_HEADER, cells=_reject_cells, none="no rejects")
        else:
            rows = dump_rows(archive)
            print_rows(rows, as_json=as_json, header=_DUMP_HEADER, cells=_dump_cells, none="no dumps yet")


def _reject_cells(row: Row) -> list[object]:
    text = str(row["text"])
    excerpt = text[:40] + ("…" if len(text) > 40 else "")
    return [row["at"], row["source"], row["path"], row["line"] or "", row["state"], row["reason"], excerpt]


def _dump_cells(row: Row) -> list[object]:
    counts = row["counts"]
    summary = ", ".join(f"{n} {kind}" for kind, n in counts.items() if n) if isinstance(counts, dict) else ""
    return [row["at"], row["source"], row["path"], row["status"], row["as_of"], summary]
