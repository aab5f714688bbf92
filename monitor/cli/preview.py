"""Show how a file would be read, and the configuration that reads it so: `monitor preview`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.common import common_options, load_config, print_json, print_rows
from monitor.collect.formats.registry import NAMES
from monitor.errors import ConfigError
from monitor.inspect.rows import preview_row, preview_summary_row
from monitor.model import Record
from monitor.text import escape, plural

if TYPE_CHECKING:
    from monitor.collect.formats.base import Entry
    from monitor.config import Config
    from monitor.inspect.preview import Preview
    from monitor.inspect.survey import Survey
    from monitor.ports import Row

_SAMPLE = 60  # characters of an example
_BODY = 160  # characters of a text
_MOST = 20  # names that are not read


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--source", metavar="S", help="Read it exactly as this source does.")
@click.option("--format", "format_name", type=click.Choice(NAMES), help="Read it in this format.")
@click.option(
    "-n",
    "count",
    metavar="N",
    type=click.IntRange(min=0),
    help="How many records to show (default: 3; all with --json).",
)
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    *,
    file: Path,
    source: str | None,
    format_name: str | None,
    count: int | None,
    as_json: bool,
    config_file: str | None,
) -> None:
    """Show how FILE would be read, field by field, and print the configuration that reads it so; nothing is stored.

    Without --source no configuration is needed: the file says what it is. If there is one, its time zone counts. The
    exit code is 3 when something in FILE is rejected.
    """
    from monitor.inspect.preview import configuration, preview_of

    config = load_config(config_file) if source or config_file else _config_if_any()
    preview = preview_of(file, config=config, source=source, format_name=format_name)
    entries = preview.entries()
    if as_json:
        print_json(_rows(preview, entries, count))
    else:
        shown = _first(entries, 3 if count is None else count)
        _print_facts(preview)
        _print_fields(preview)
        _print_records(shown, preview)
        if lines := configuration(preview):
            click.echo(_heading("configuration"))
            click.echo(lines, nl=False)
    ctx.exit(3 if preview.survey.rejects else 0)


def _config_if_any() -> Config | None:
    """Return the configuration that gives the time zone; None: there is none that can be read."""
    try:
        return load_config(None)
    except ConfigError:
        return None


def _rows(preview: Preview, entries: Iterator[Entry], count: int | None) -> Iterator[Row]:
    from monitor.inspect.preview import configuration

    for number, entry in enumerate(entries):
        if count is None or number < count:
            yield preview_row(entry)
    yield preview_summary_row(preview, configuration(preview))


def _first(entries: Iterator[Entry], count: int) -> list[Record]:
    """Return the first records; all are read."""
    shown: list[Record] = []
    for entry in entries:
        if isinstance(entry, Record) and len(shown) < count:
            shown.append(entry)
    return shown


def _print_facts(preview: Preview) -> None:
    packing = "gzip, by its first bytes" if preview.is_packed else "none"
    encoding = f"{preview.encoding}, {preview.encoding_reason}" if preview.encoding else "none is recognised"
    click.echo(click.style(escape(f"{preview.path}: {plural(preview.size, 'byte')}"), bold=True))
    click.echo(escape(f"format    {preview.format}, {preview.reason}"))
    click.echo(escape(f"encoding  {encoding}"))
    click.echo(f"packing   {packing}")
    click.echo(f"timezone  {preview.source.options.format.timezone.key}, {preview.timezone_reason}")


def _print_fields(preview: Preview) -> None:
    survey = preview.survey
    if not survey.of:
        return
    click.echo(_heading("fields"))
    rows: list[Row] = [
        {
            "field": name,
            "from": each.expression or "-",
            "filled": f"{each.filled:,} of {survey.of:,}",
            "example": _short(" · ".join(each.examples[:2]), _SAMPLE),
        }
        for name, each in survey.fields.items()
    ]
    print_rows(rows, as_json=False, header=("FIELD", "FROM", "FILLED", "EXAMPLE"), cells=lambda row: [*row.values()])
    for line in _remarks(survey):
        click.echo(escape(line))


def _remarks(survey: Survey) -> Iterator[str]:
    """Yield what the fields of all records tell."""
    if survey.first:
        yield f"days: {survey.days}"
    if survey.ambiguous.filled:
        example = _example(survey.ambiguous.examples)
        yield f"{plural(survey.ambiguous.filled, 'date')} could be two days ('{example}'): write dates: mdy or dmy"
    if survey.unread.filled:
        example = _example(survey.unread.examples)
        yield f"{plural(survey.unread.filled, 'date')} cannot be read ('{example}'): no day is stored"
    if survey.relative.filled:
        yield f"links are relative ('{_example(survey.relative.examples)}'): write base:"
    if survey.fields["id"].filled:
        yield f"{plural(survey.fields['id'].filled, 'id')}, {len(survey.ids):,} of them different"
    unused = list(survey.unused().items())
    if unused:
        shown = [f"{name} ('{_short(sample, 30)}')" if sample else name for name, sample in unused[:_MOST]]
        yield f"not read: {', '.join(shown)}{', …' if len(unused) > _MOST else ''}"


def _print_records(shown: list[Record], preview: Preview) -> None:
    from monitor.inspect.preview import summary_of

    click.echo(_heading(summary_of(preview)))
    for reject in preview.rejects:
        place = f"line {reject.line}: " if reject.line else ""
        beginning = f": {_short(reject.text, _SAMPLE)}" if reject.text else ""
        click.echo(escape(f"rejected: {place}{reject.reason}{beginning}"))
    for record in shown:
        release = record.release
        click.echo(click.style(escape(f"{release.date or 'no day'!s:10}  {release.title}"), bold=True))
        about = " · ".join(filter(None, (release.category, release.url, release.ref and f"id {release.ref}")))
        for line in (about, _short(release.body, _BODY)):
            if line:
                click.echo(escape(f"  {line}"))


def _heading(text: str) -> str:
    return "\n" + click.style(text, bold=True)


def _example(examples: list[str]) -> str:
    return _short(examples[0], _SAMPLE) if examples else ""


def _short(text: str, length: int) -> str:
    line = " ".join(text[: 2 * length].split())
    return line if len(line) <= length and len(text) <= 2 * length else f"{line[:length].rstrip()}…"
