"""Shape values as the lines that commands print with `--json`; the output schemas fix their field names and formats.

A time is UTC in whole seconds, a day is YYYY-MM-DD.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from monitor.model import MESSAGE_STATES, ChannelState, Edit, IngestReport, Kind
from monitor.ports import Row
from monitor.records import EventRecord, MessageRecord, RejectRecord, SourceTotals, Stored, Summary, VersionRecord
from monitor.times import rfc3339


def event_row(event: EventRecord) -> Row:
    """Return a line of `events`."""
    return {
        "id": event.id,
        "at": rfc3339(event.at),
        "source": event.source,
        "dump": event.dump,
        "kind": str(event.kind),
        "release": event.release,
        "version": event.version,
        "title": event.title,
        "date": _day(event.date),
        "category": event.category,
        "watchlists": list(event.watchlists),
        "alert": list(event.alert),
        "fields": list(event.fields),
        "numbers": [list(pair) for pair in event.numbers],
        "reverted": event.reverted,
        "related": list(event.related),
        "reason": event.reason,
    }


def version_row(version: VersionRecord, edits: Sequence[Edit], numbers: Sequence[tuple[str, str]]) -> Row:
    """Return a line of `show`; edits, numbers: against the text that was current before."""
    return {
        "release": version.release,
        "version": version.version,
        "kind": str(version.kind),
        "at": rfc3339(version.at),
        "dump": version.dump,
        "title": version.title,
        "date": _day(version.date),
        "category": version.category,
        "body": version.body,
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
        "date": _day(stored.release.date),
        "category": stored.release.category,
        "state": stored.state,
        "watchlists": list(watchlists),
    }


def message_row(message: MessageRecord) -> Row:
    """Return a line of `alerts`; only a system message has a text."""
    line = {
        "id": message.id,
        "channel": message.channel,
        "kind": message.kind,
        "state": message.state,
        "attempts": message.attempts,
        "due": rfc3339(message.due),
        "reason": message.reason,
        "sent_at": rfc3339(message.sent_at),
        "items": [
            {"release": item.release, "version": item.version, "title": item.title, "watchlists": list(item.watchlists)}
            for item in message.items
        ],
        "uncertain": message.uncertain,
    }
    return {**line, "text": message.text} if message.kind == "system" else line


def dump_row(report: IngestReport) -> Row:
    """Return a line of `dumps` and of `ingest`."""
    return {
        "id": report.dump,
        "source": report.source,
        "path": report.name,
        "sha256": report.sha256.hex(),
        "status": report.status,
        "size": report.size,
        "encoding": report.encoding,
        "as_of": rfc3339(report.as_of),
        "at": rfc3339(report.at),
        "counts": {str(kind): report.counts.get(kind, 0) for kind in Kind},
    }


def reject_row(reject: RejectRecord) -> Row:
    """Return a line of `dumps --rejects`."""
    return {
        "id": reject.id,
        "source": reject.source,
        "path": reject.dump,
        "line": reject.line,
        "offset": reject.offset,
        "reason": reject.reason,
        "text": reject.text,
        "state": reject.state,
        "at": rfc3339(reject.at),
    }


def channel_row(name: str, channel_state: ChannelState, *, state: str, is_muted: bool, pending: int) -> Row:
    """Return a line of `channels`; state: ok, failing, muted, open, refused or unconfigured."""
    return {
        "name": name,
        "state": state,
        "pending": pending,
        "failures": channel_state.failures,
        "opened_until": rfc3339(channel_state.opened_until) if state == "open" else None,
        "muted_until": rfc3339(channel_state.muted_until) if is_muted else None,
        "last_reason": channel_state.reason or None,
    }


def source_row(
    name: str, path: str, totals: SourceTotals, *, is_there: bool, watch: Row, silent_since: datetime | None
) -> Row:
    """Return one of the `sources` of `status`."""
    return {
        "name": name,
        "path": path,
        "is_there": is_there,
        "watch": watch,
        "dumps": totals.dumps,
        "releases": totals.releases,
        "rejected": totals.rejected,
        "held": totals.held,
        "last_dump": rfc3339(totals.last_at),
        "silent_since": rfc3339(silent_since),
    }


def releases_row(
    total: int, summary: Summary, *, days: Mapping[Kind, Sequence[int]], muted: Mapping[str, datetime]
) -> Row:
    """Return the `releases` of `status`; muted: watchlists. A kind without any event in these days is left out."""
    return {
        "total": total,
        "events": {str(kind): count for kind, count in summary.events.items()},
        "days": {str(kind): list(counts) for kind, counts in days.items() if any(counts)},
        "muted_watchlists": {name: rfc3339(until) for name, until in muted.items()},
    }


def outbox_row(summary: Summary) -> Row:
    """Return the `outbox` of `status`: messages by state. A notice that waits for its message is pending, too."""
    counts = dict.fromkeys(MESSAGE_STATES, 0)
    for (_, state), count in summary.messages.items():
        counts[state] += count
    return {**counts, "pending": counts["pending"] + sum(summary.notices.values())}


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
