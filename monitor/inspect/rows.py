"""Shape values as the lines that commands print with `--json`; the output schemas fix their field names and formats.

A time is UTC in whole seconds, a day is YYYY-MM-DD.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from monitor.model import MESSAGE_STATES, Kind, Reject
from monitor.times import rfc3339

if TYPE_CHECKING:
    from pathlib import Path

    from _typeshed import DataclassInstance

    from monitor.channel_health import ChannelState
    from monitor.collect.formats.base import Entry
    from monitor.config.settings import Setting
    from monitor.errors import Diagnostic
    from monitor.ingest_values import IngestReport
    from monitor.inspect.backtest import Candidate
    from monitor.inspect.preview import Preview
    from monitor.inspect.watchlists import WatchlistState
    from monitor.match.explain import Explanation
    from monitor.model import Alert, Edit
    from monitor.page_records import AttemptRecord, LateDump, SourceTotals, Summary
    from monitor.ports import Row
    from monitor.records import EventRecord, MessageRecord, RejectRecord, Stored, VersionRecord

_UNSTORED = ("missing", "ids", "unread_dates", "unread_date")  # what a report says of an ingest alone


def attempt_row(attempt: AttemptRecord) -> Row:
    """Return one of the `tries` of `alerts show`."""
    return _fields(attempt)


def event_row(event: EventRecord) -> Row:
    """Return a line of `events`."""
    return _fields(event)


def version_row(version: VersionRecord, edits: Sequence[Edit], numbers: Sequence[tuple[str, str]]) -> Row:
    """Return a line of `show`; edits, numbers: against the text that was current before."""
    return {
        **_fields(version),
        "edits": [[edit.op, edit.old, edit.new] for edit in edits],
        "numbers": [list(pair) for pair in numbers],
    }


def release_row(stored: Stored, watchlists: Sequence[str]) -> Row:
    """Return a line of `releases`; watchlists: those that match now."""
    return {
        "release": stored.number,
        "version": stored.version,
        "source": stored.source,
        "title": stored.release.title,
        "date": _json_value(stored.release.date),
        "category": stored.release.category,
        "state": stored.state,
        "url": stored.release.url,
        "ref": stored.release.ref,
        "watchlists": list(watchlists),
    }


def match_row(candidate: Candidate, alert: Alert) -> Row:
    """Return a line of `match`; total: places in the text, of which not all are kept as hits when there are many."""
    return {
        "release": candidate.number,
        "version": candidate.version,
        "title": candidate.release.title,
        "date": _json_value(candidate.release.date),
        "hits": [{"text": hit.text, "field": hit.field, "start": hit.start, "end": hit.end} for hit in alert.hits],
        "total": sum(count for _, count in alert.totals),
        "url": candidate.release.url,
        "ref": candidate.release.ref,
    }


def preview_row(entry: Entry) -> Row:
    """Return a line of `preview` about a record or a reject."""
    if isinstance(entry, Reject):
        return {"kind": "reject", **_fields(entry, is_tail="unfinished")}
    release = entry.release
    names = ("title", "date", "category", "url", "ref", "body")
    row = {name: _json_value(getattr(release, name)) for name in names}
    return {"kind": "record", "line": entry.line, "offset": entry.offset, **row}


def preview_summary_row(preview: Preview, configuration: str) -> Row:
    """Return the last line of `preview`, about all records."""
    survey = preview.survey
    return {
        "kind": "summary",
        "file": str(preview.path),
        "size": preview.size,
        "format": preview.format,
        "format_reason": preview.reason,
        "encoding": preview.encoding or None,
        "encoding_reason": preview.encoding_reason or None,
        "packing": "gzip" if preview.is_packed else None,
        "timezone": preview.source.options.format.timezone.key,
        "records": survey.records,
        "rejects": survey.rejects,
        "fields": [
            {"field": name, "from": each.expression or None, "filled": each.filled, "examples": each.examples}
            for name, each in survey.fields.items()
        ],
        "of": survey.of,
        "first_day": _json_value(survey.first),
        "last_day": _json_value(survey.last),
        "dates_ambiguous": survey.ambiguous.filled,
        "dates_unread": survey.unread.filled,
        "links_relative": survey.relative.filled,
        "ids_differ": len(survey.ids),
        "unused": [{"name": name, "sample": sample or None} for name, sample in survey.unused().items()],
        "configuration": configuration or None,
    }


def explanation_row(release: int, watchlist: str, explanation: Explanation) -> Row:
    """Return a line of `explain`."""
    return {"release": release, "watchlist": watchlist, **_fields(explanation)}


def diagnostic_row(diagnostic: Diagnostic) -> Row:
    """Return a line of `check`."""
    return {name: getattr(diagnostic, name) for name in ("severity", "file", "line", "column", "path", "message")}


def watchlist_row(watchlist: WatchlistState) -> Row:
    """Return a line of `watchlists`."""
    last = watchlist.last
    names = ("id", "at", "kind", "release", "version", "title")
    row = _fields(watchlist, last="last_match", is_urgent="urgent")
    return {**row, "last_match": {name: _json_value(getattr(last, name)) for name in names} if last else None}


def setting_row(file: Path, setting: Setting) -> Row:
    """Return a line of `config show`."""
    return {
        "path": setting.path,
        "value": setting.value,
        "file": str(file) if setting.line else None,
        "line": setting.line,
    }


def message_row(message: MessageRecord) -> Row:
    """Return a line of `alerts`; only a message about the monitor itself has a text."""
    unprinted = {"created_at", "expires_at"} | (set() if message.kind in ("system", "test") else {"text"})
    return {name: value for name, value in _fields(message).items() if name not in unprinted}


def dump_row(report: IngestReport) -> Row:
    """Return a line of `dumps` and of `ingest`."""
    counts = {str(kind): report.counts.get(kind, 0) for kind in Kind}
    row = {**_fields(report, dump="id", name="path"), "sha256": report.sha256.hex(), "counts": counts}
    return {name: value for name, value in row.items() if name not in _UNSTORED}


def reject_row(reject: RejectRecord) -> Row:
    """Return a line of `dumps --rejects`."""
    return _fields(reject, dump="path")


def channel_row(
    name: str,
    channel_state: ChannelState,
    *,
    state: str,
    is_muted: bool,
    messages: Mapping[str, int],
    pending: int,
    delays: Sequence[tuple[datetime, str, int]],
) -> Row:
    """Return a line of `channels`.

    state: ok, failing, muted, open, refused or unconfigured. messages: by state. delays: until when notices wait, for
    what and how many.
    """
    return {
        "name": name,
        "state": state,
        "pending": pending,
        "failures": channel_state.failures,
        "opened_until": rfc3339(channel_state.opened_until) if state == "open" else None,
        "muted_until": rfc3339(channel_state.muted_until) if is_muted else None,
        "last_reason": channel_state.reason or None,
        "dead": messages.get("dead", 0),
        "held": messages.get("held", 0),
        "waits": [{"due": rfc3339(due), "reason": reason, "count": count} for due, reason, count in delays],
    }


def totals_row(totals: SourceTotals) -> Row:
    """Return what is stored of one of the `sources` of `status`."""
    return _fields(totals, last_at="last_dump")


def late_row(late: LateDump | None) -> Row | None:
    """Return the `late_dump` of one of the `sources` of `status`."""
    return _fields(late) if late else None


def outbox_row(summary: Summary) -> Row:
    """Return the `outbox` of `status`: messages by state. A notice that waits for its message is pending, too."""
    counts = dict.fromkeys(MESSAGE_STATES, 0)
    for (_, state), count in summary.messages.items():
        counts[state] += count
    return {**counts, "pending": counts["pending"] + sum(summary.notices.values())}


def _fields(value: DataclassInstance, **renamed: str) -> dict[str, object]:
    """Return the fields of a value as JSON values, under their own names or under those given here."""
    return {renamed.get(each.name, each.name): _json_value(getattr(value, each.name)) for each in fields(value)}


def _json_value(value: object) -> object:
    match value:
        case datetime():
            return rfc3339(value)
        case date():
            return value.isoformat()
        case StrEnum():
            return str(value)
        case tuple():
            return [_json_value(one) for one in value]
    return _fields(value) if is_dataclass(value) and not isinstance(value, type) else value
