"""List what REST can be asked for: each verb with its parameters and the function of `inspect` that answers it.

Parameters have the names of the command's options, and rows are those that the command prints with `--json`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from monitor.config import load_without_secrets
from monitor.config.checks import check_rules
from monitor.errors import UsageError
from monitor.health.daemon_state import STALE_AFTER
from monitor.inspect.alerts import alert_rows, message_rows
from monitor.inspect.check import check
from monitor.inspect.dumps import dump_cursor, dump_rows, reject_rows
from monitor.inspect.events import KINDS, event_rows
from monitor.inspect.explain import chosen_watchlists, explanation_rows
from monitor.inspect.match import RuleTrial, stored_candidates
from monitor.inspect.paging import Place, number_cursor
from monitor.inspect.places import parse_places
from monitor.inspect.releases import current_releases, found_releases, release_rows
from monitor.inspect.settings import setting_rows
from monitor.inspect.show import version_rows
from monitor.inspect.since import since_day, since_time
from monitor.inspect.status import channels_now, current_status
from monitor.inspect.watchlists import require_rule, unknown_watchlist, watchlist_rows
from monitor.model import MESSAGE_STATES
from monitor.records import EventFilter

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.config import Config
    from monitor.inspect.pending import ReadOnlyStores
    from monitor.ports import Row

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of an address."""

    name: str
    text: str  # what it is for
    schema: Mapping[str, object] = field(default_factory=lambda: {"type": "string"})
    is_repeated: bool = False  # it may be given several times


@dataclass(slots=True, kw_only=True)
class Call:
    """One request: what is asked for, and of what."""

    config: Config
    stores: ReadOnlyStores
    now: datetime
    values: Mapping[str, Sequence[str]]  # of the parameters that were given, and of the path
    place: Place
    until: float | None = None  # on the monotonic clock: when a scan stops for now; None: never
    stopped_at: str = ""  # where such a scan goes on; "": it came to its end

    def text(self, name: str) -> str | None:
        """Return the value of a parameter; None: it was not given."""
        return next(iter(self.values.get(name, ())), None)

    def choice(self, name: str, choices: Sequence[str]) -> str | None:
        """Return a value that is one of these. Raises UsageError."""
        text = self.text(name)
        if text is not None and text not in choices:
            raise UsageError(f"{name}={text[:40]}: choose from {', '.join(choices)}")
        return text

    def number(self, name: str) -> int:
        """Return a number of the path. Raises UsageError."""
        text = self.text(name) or ""
        if not (text.isascii() and text.isdecimal() and len(text) < 20 and 0 < int(text) < 2**63):
            raise UsageError(f"{text[:40]!r} is not the number of a {name}")
        return int(text)

    def scanned(self, items: Iterable[_Item], cursor: Callable[[_Item], object]) -> Iterator[_Item]:
        """Yield items until the time for a scan is over; at least one is yielded."""
        for item in items:
            yield item
            if self.until is not None and time.monotonic() > self.until:
                self.stopped_at = str(cursor(item))
                return


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One thing that can be read."""

    name: str
    path: str  # below /api/v1
    summary: str
    output: str  # the name of the schema of its rows
    read: Callable[[Call], Iterable[Row]]
    parameters: Sequence[Parameter] = ()
    cursor: Callable[[str], object] | None = None  # reads `before` and `after`; None: it is never more than one page
    scans: bool = False  # it reads many texts, such as those until enough of them fit
    asks_daemon: bool = False  # it may wait for the daemon's answer


def _events(call: Call) -> Iterator[Row]:
    wanted = EventFilter(
        since=since_time(call.text("since"), call.config.timezone),
        kind=call.choice("kind", KINDS) or "",
        watchlist=call.text("watchlist") or "",
        dump=call.text("dump") or "",
        source=call.text("source") or "",
        is_notified=call.choice("notified", ("1",)) == "1" or None,
    )
    is_empty, before = True, call.place.before
    place = replace(call.place, before=before.last if before else None)
    for row in event_rows(call.stores.archive, wanted, place):
        is_empty = False
        yield row
    is_whole = not call.place.after and call.place.before is None
    if is_empty and is_whole and wanted.watchlist and wanted.watchlist not in call.config.watchlists:
        raise unknown_watchlist(call.config, wanted.watchlist)


def _releases(call: Call) -> Iterator[Row]:
    day = since_day(call.text("since"), call.config.timezone)
    archive, words = call.stores.archive, call.values.get("words", ())
    if words:
        found = found_releases(call.config, archive, words, since=day, place=call.place)
    else:
        found = current_releases(archive, since=day, place=call.place)
    releases = call.scanned(found, lambda one: one.number)
    return release_rows(call.config, releases, watchlist=call.text("watchlist"))


def _show(call: Call) -> Iterator[Row]:
    return version_rows(call.stores.archive, call.number("release"))


def _explain(call: Call) -> Iterator[Row]:
    chosen = chosen_watchlists(call.config, call.text("watchlist"))
    return explanation_rows(call.config, call.stores.archive.head(call.number("release")), chosen)


def _match(call: Call) -> Iterator[Row]:
    query, name = call.text("query"), call.text("watchlist")
    if (query is None) == (name is None):
        raise UsageError("give one of query= and watchlist=: the rule to try")
    if name is not None:
        require_rule(call.config, name)
    trial = RuleTrial(call.config, query or name or "", is_query=name is None)
    day = since_day(call.text("since"), call.config.timezone)
    candidates = stored_candidates(call.stores.archive, since=day, place=call.place)
    return trial.rows(call.scanned(candidates, lambda one: one.number))


def _alerts(call: Call) -> Iterator[Row]:
    return alert_rows(call.config, call.stores, state=call.choice("state", MESSAGE_STATES), place=call.place)


def _check(call: Call) -> Iterable[Row]:
    file = call.config.file
    return check(lambda checks: load_without_secrets(file, checks=(check_rules, *checks))).rows()


_SINCE = Parameter(name="since", text="Only those since a day, a time or an age such as 7d.")
_DAY = Parameter(name="since", text="Only releases dated since a day or an age such as 90d.")
_WATCHLIST = Parameter(name="watchlist", text="Only those that this watchlist matches.")

VERBS: Sequence[Verb] = (
    Verb(
        name="events",
        path="/events",
        summary="What happened to releases.",
        output="events",
        read=_events,
        cursor=parse_places,
        parameters=(
            _SINCE,
            Parameter(name="kind", text="Only those of one kind.", schema={"type": "string", "enum": list(KINDS)}),
            _WATCHLIST,
            Parameter(name="dump", text="Only those of this dump."),
            Parameter(name="source", text="Only those of this source."),
            Parameter(
                name="notified",
                text="Only those that somebody was notified of.",
                schema={"type": "integer", "const": 1},
            ),
        ),
    ),
    Verb(
        name="releases",
        path="/releases",
        summary="The current releases, or those that contain some words.",
        output="releases",
        read=_releases,
        scans=True,
        cursor=number_cursor,
        parameters=(
            Parameter(
                name="words",
                text="A word that they contain, or with spaces a phrase; all of several.",
                is_repeated=True,
            ),
            _DAY,
            _WATCHLIST,
        ),
    ),
    Verb(
        name="show",
        path="/releases/{release}",
        summary="Every version of a release with its edits, oldest first.",
        output="show",
        read=_show,
    ),
    Verb(
        name="explain",
        path="/releases/{release}/explain",
        summary="How watchlists match a release, part by part.",
        output="explain",
        read=_explain,
        parameters=(Parameter(name="watchlist", text="Only this watchlist."),),
    ),
    Verb(
        name="match",
        path="/match",
        summary="The stored releases that a query or a watchlist matches; give one of the two.",
        output="match",
        read=_match,
        scans=True,
        cursor=number_cursor,
        parameters=(
            Parameter(name="query", text="The query to try."),
            Parameter(name="watchlist", text="The watchlist to try."),
            _DAY,
        ),
    ),
    Verb(
        name="alerts",
        path="/alerts",
        summary="The messages to channels, and what waits for its message, which has no number.",
        output="alerts",
        read=_alerts,
        cursor=number_cursor,
        parameters=(
            Parameter(
                name="state", text="Only those in this state.", schema={"type": "string", "enum": list(MESSAGE_STATES)}
            ),
        ),
    ),
    Verb(
        name="alert",
        path="/alerts/{message}",
        summary="One message with every attempt to send it.",
        output="alerts-show",
        read=lambda call: message_rows(call.stores, [call.number("message")]),
    ),
    Verb(
        name="channels",
        path="/channels",
        summary="The channels, their state and how much is pending on each.",
        output="channels",
        read=lambda call: channels_now(call.config, call.stores, now=call.now),
    ),
    Verb(
        name="watchlists",
        path="/watchlists",
        summary="The watchlists: rule, channels, mute and last match.",
        output="watchlists",
        read=lambda call: watchlist_rows(call.config, now=call.now),
    ),
    Verb(
        name="dumps",
        path="/dumps",
        summary="The ingested files.",
        output="dumps",
        read=lambda call: dump_rows(call.stores.archive, call.place),
        cursor=dump_cursor,
    ),
    Verb(
        name="rejects",
        path="/rejects",
        summary="What could not be read, and why.",
        output="rejects",
        read=lambda call: reject_rows(call.stores.archive, call.place),
        cursor=number_cursor,
    ),
    Verb(
        name="status",
        path="/status",
        summary="The daemon, the sources, the channels and the store.",
        output="status",
        read=lambda call: [current_status(call.config, call.stores, now=call.now, timeout=STALE_AFTER)],
        asks_daemon=True,
    ),
    Verb(
        name="check",
        path="/check",
        summary="The errors and warnings of the configuration on disk, without those of channels' addresses.",
        output="check",
        read=_check,
        scans=True,
    ),
    Verb(
        name="config",
        path="/config",
        summary="Every setting in force and its line in the file; secrets are hidden.",
        output="config-show",
        read=lambda call: setting_rows(call.config),
    ),
)
