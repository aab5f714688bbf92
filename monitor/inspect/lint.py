"""A configuration and its store → warnings about what is allowed and probably not meant.

What needs the store is left out where there is none yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from monitor.config.convert import watchlists_of
from monitor.errors import NotFound
from monitor.inspect.pending import open_read_only, undelivered
from monitor.inspect.watchlist_tests import failures
from monitor.match.matcher import Matcher, Watchlist
from monitor.model import Kind
from monitor.notify.time_windows import next_window, quiet_until
from monitor.records import read_all

if TYPE_CHECKING:
    from monitor.config import Config, Diagnostics
    from monitor.ports import Archive

LOOKED_AT = 2_000  # the last releases; a rule is judged by what comes in these days
_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)  # far from the nights on which clocks are moved
FEWEST = 10  # of fewer releases, neither "none" nor "most" says anything


def lint(config: Config, findings: Diagnostics) -> None:
    """Note failing `tests:` and every warning; a `Check` that comes last: a faulty rule cannot be tried."""
    findings.raise_errors()
    for failure in failures(config):
        findings.warning(failure.path, failure.message)
    _check_channels_used(config, findings)
    _check_digests(config, findings)
    _check_twins(config, findings)
    _check_store(config, findings)


def _check_channels_used(config: Config, findings: Diagnostics) -> None:
    """Channels that no watchlist tells, and watchlists that tell no channel."""
    heard: set[str] = set(config.operator.notify or ())
    for name, watchlist in config.watchlists.items():
        channels = tuple(config.channels) if watchlist.notify is None else watchlist.notify
        heard.update(channels)
        if not channels:
            findings.warning(f"watchlists.{name}.notify", "tells no channel: what it matches is recorded only")
    for name in config.channels:
        if name not in heard:
            findings.warning(f"channels.{name}", "no watchlist tells this channel; name it in a notify: list")


def _check_digests(config: Config, findings: Diagnostics) -> None:
    """A digest at an hour of peace is told when that ends, which is not what its own line says."""
    for name, channel in config.channels.items():
        if channel.digest and channel.quiet:
            moment = next_window(channel.digest, after=_SOME_DAY, timezone=config.timezone)
            if quiet_until(channel.quiet, at=moment, timezone=config.timezone):
                findings.warning(f"channels.{name}.digest", "lies in its quiet hours: it is told when these end")


def _check_twins(config: Config, findings: Diagnostics) -> None:
    """Watchlists that look for the same as another, and keywords that stand twice in one list."""
    first: dict[Watchlist, str] = {}
    for watchlist in watchlists_of(config):
        name = watchlist.name
        earlier = first.setdefault(replace(watchlist, name="", when=frozenset(Kind)), name)
        if earlier != name:
            findings.warning(f"watchlists.{name}", f"has the same rule as '{earlier}'; one can tell both audiences")
        for number, keyword in enumerate(watchlist.keywords):
            if keyword in watchlist.keywords[:number]:
                findings.warning(f"watchlists.{name}.keywords[{number}]", "stands twice in this list; leave one out")


def _check_store(config: Config, findings: Diagnostics) -> None:
    """What only the store can tell."""
    try:
        with open_read_only(config) as store:
            _check_sources_named(config, store.archive, findings)
            _check_channels_named(config, store.archive, findings)
            _check_reach(config, store.archive, findings)
    except NotFound:
        return


def _check_sources_named(config: Config, archive: Archive, findings: Diagnostics) -> None:
    """A source that was renamed looks new, and all its releases would be told again."""
    held = {name: totals.releases for name, totals in archive.summary().sources.items()}
    heirs = {
        old: (name, f"sources.{name}.was[{number}]")
        for name, source in config.sources.items()
        for number, old in enumerate(source.was)
    }
    for old, count in held.items():
        told = f"the store holds {count:,} release{'' if count == 1 else 's'} of '{old}'"
        if old in heirs and held.get(heirs[old][0]):
            name, path = heirs[old]
            both = f"{told} and {held[name]:,} of '{name}'; they are put together, and what both hold stands twice"
            findings.warning(path, both)
        elif old not in config.sources and old not in heirs:
            cure = f"was it renamed? then write was: [{old}] below its new name, or all of it is told again"
            findings.warning("sources", f"{told}, which no source here is named; {cure}")


def _check_channels_named(config: Config, archive: Archive, findings: Diagnostics) -> None:
    """What waits on a channel that was renamed or taken out waits in vain."""
    for name, count in undelivered(archive.summary()).items():
        if name not in config.channels:
            wait = f"{count:,} alert{' waits' if count == 1 else 's wait'}"
            findings.warning("channels", f"{wait} for '{name}', which no channel here is named, until max_age is over")


def _check_reach(config: Config, archive: Archive, findings: Diagnostics) -> None:
    """Rules that match none of the stored releases, and words that stand in most of them."""
    watchlists = watchlists_of(config)
    parts = {path: part for watchlist in watchlists for path, part in _parts(watchlist)}
    seen, matched = _counted(Matcher([*watchlists, *parts.values()], config.aliases), archive)
    for watchlist in watchlists:
        total = _total(watchlist, seen)
        if total >= FEWEST and not matched[watchlist.name]:
            findings.warning(f"watchlists.{watchlist.name}", f"never matched: none of {total:,} stored releases")
    for path, part in parts.items():
        total = _total(part, seen)
        if total >= FEWEST and matched[path] * 2 > total:
            findings.warning(path, f"broad: {matched[path]:,} of {total:,} stored releases match")


def _parts(watchlist: Watchlist) -> Iterator[tuple[str, Watchlist]]:
    """Each keyword, or the query, as a watchlist of its own, named by its place in the file."""
    if not watchlist.keywords:
        path = f"watchlists.{watchlist.name}.{'query' if watchlist.query else 'regex'}"
        yield path, replace(watchlist, name=path)
    for number, keyword in enumerate(watchlist.keywords):
        path = f"watchlists.{watchlist.name}.keywords[{number}]"
        yield path, replace(watchlist, name=path, keywords=(keyword,), min_hits=1)


def _counted(rules: Matcher, archive: Archive) -> tuple[Counter[str], Counter[str]]:
    """How many releases each source has, and how many of them each watchlist matches."""
    seen, matched = Counter[str](), Counter[str]()
    for stored in read_all(archive.heads, after=archive.head_before_last(LOOKED_AT)):
        seen[stored.source] += 1
        matched.update({hit.watchlist for hit in rules.scan(stored.release, source=stored.source)})
    return seen, matched


def _total(watchlist: Watchlist, seen: Counter[str]) -> int:
    return sum(count for source, count in seen.items() if not watchlist.sources or source in watchlist.sources)
