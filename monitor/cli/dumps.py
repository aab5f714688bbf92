"""List the ingested files, or what could not be read: `monitor dumps`."""

from __future__ import annotations

from functools import partial
from zoneinfo import ZoneInfo

import click

from monitor.cli.common import archive_of, common_options, load_for_reading, print_rows, shown_time
from monitor.inspect.dumps import dump_rows, reject_rows
from monitor.ports import Row

_DUMP_HEADER = ("at", "source", "file", "status", "as of", "counts")
_REJECT_HEADER = ("at", "source", "file", "line", "state", "reason", "text")


@click.command()
@click.option("--rejects", is_flag=True, help="List what could not be read, and why.")
@common_options
def command(*, rejects: bool, as_json: bool, config_file: str | None) -> None:
    """List every ingested file, oldest first."""
    config = load_for_reading(config_file)
    zone = config.timezone
    with archive_of(config) as archive:
        if rejects:
            rows = reject_rows(archive)
            print_rows(
                rows, as_json=as_json, header=_REJECT_HEADER, cells=partial(_reject_cells, zone), none="no rejects"
            )
        else:
            rows = dump_rows(archive)
            print_rows(
                rows, as_json=as_json, header=_DUMP_HEADER, cells=partial(_dump_cells, zone), none="no dumps yet"
            )


def _reject_cells(zone: ZoneInfo, row: Row) -> list[object]:
    text = str(row["text"])
    excerpt = text[:40] + ("…" if len(text) > 40 else "")
    return [
        shown_time(row["at"], zone),
        row["source"],
        row["path"],
        row["line"] or "",
        row["state"],
        row["reason"],
        excerpt,
    ]


def _dump_cells(zone: ZoneInfo, row: Row) -> list[object]:
    counts = row["counts"]
    summary = ", ".join(f"{n} {kind}" for kind, n in counts.items() if n) if isinstance(counts, dict) else ""
    return [
        shown_time(row["at"], zone),
        row["source"],
        row["path"],
        row["status"],
        shown_time(row["as_of"], zone),
        summary,
    ]
