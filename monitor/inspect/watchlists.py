"""List the watchlists, for `watchlists`: the rule as it is written, whom it notifies, and what it matched last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from monitor.errors import ConfigError, NotFound, WrongState
from monitor.frozen import dataclass
from monitor.inspect.rows import watchlist_row
from monitor.page_records import DayCount
from monitor.ports import Row
from monitor.records import EventRecord

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.inspect.pending import ReadOnlyStores


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchlistState:
    """A watchlist as it is written, with what came of it so far."""

    name: str
    form: str  # keywords | query | regex
    rule: str  # as it is written; what comes from a reference is shown as the reference
    exclude: tuple[str, ...]  # likewise
    sources: tuple[str, ...] | None  # None: all
    notify: tuple[str, ...]  # channels; empty: its matches are recorded only
    is_urgent: bool
    muted_until: datetime | None  # None: it is not muted
    matched: int  # events that it ever matched
    notified: int  # of these, those that somebody was notified of because of it
    last: EventRecord | None  # the newest event that it matched; None: it never matched


def watchlists(config: Config, stores: ReadOnlyStores | None, *, now: datetime) -> Iterator[WatchlistState]:
    """Yield the configured watchlists in the order of the file; stores None: there is no store yet."""
    mutes: Mapping[str, datetime] = stores.channel_states.mutes(now=now) if stores else {}
    totals = stores.archive.watchlist_totals() if stores else {}
    last = stores.archive.last_matches() if stores else {}
    for name, watchlist in config.watchlists.items():
        form = next((form for form in ("query", "regex") if getattr(watchlist, form)), "keywords")
        yield WatchlistState(
            name=name,
            form=form,
            rule=_rule(config, name, form),
            exclude=_words(config, name, "exclude"),
            sources=watchlist.sources,
            notify=tuple(config.channels) if watchlist.notify is None else watchlist.notify,
            is_urgent=watchlist.urgent,
            muted_until=mutes.get(name),
            matched=totals.get(name, DayCount()).events,
            notified=totals.get(name, DayCount()).notified,
            last=last.get(name),
        )


def watchlist_rows(config: Config, *, now: datetime) -> Iterator[Row]:
    """Yield a line of `watchlists` for each, in the order of the file."""
    from monitor.inspect.pending import open_read_only

    with suppress(NotFound), open_read_only(config) as stores:
        yield from map(watchlist_row, watchlists(config, stores, now=now))
        return
    yield from map(watchlist_row, watchlists(config, None, now=now))


def require_rule(config: Config, name: str) -> None:
    """Raise NotFound for an unknown watchlist, and for one whose rule is not known ConfigError or WrongState."""
    from monitor.config.convert import is_rule_withheld

    if name not in config.watchlists:
        raise unknown_watchlist(config, name)
    if is_rule_withheld(config, name):
        if faults := tuple(one for one in config.faults if f"{one.path}.".startswith(f"watchlists.{name}.")):
            raise ConfigError(faults)
        what = f"the rule of watchlist {name!r} comes from a reference, which is not replaced here"
        raise WrongState(f"{what}; `monitor match {name}` knows it", where=name)


def unknown_watchlist(config: Config, name: str) -> NotFound:
    """Return the error that names the watchlists which exist."""
    return NotFound(f"there is no watchlist {name!r}; the configuration has {', '.join(config.watchlists) or 'none'}")


def _rule(config: Config, name: str, form: str) -> str:
    if form == "keywords":
        return ", ".join(_words(config, name, form))
    text = _shown(config, f"watchlists.{name}.{form}", getattr(config.watchlists[name], form))
    return f"/{text}/" if form == "regex" else text


def _words(config: Config, name: str, key: str) -> tuple[str, ...]:
    words = getattr(config.watchlists[name], key)
    return tuple(_shown(config, f"watchlists.{name}.{key}[{number}]", word) for number, word in enumerate(words))


def _shown(config: Config, path: str, value: str) -> str:
    return config.reference(path) if config.is_interpolated(path) else value
