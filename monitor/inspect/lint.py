"""Warn about what a configuration allows but its author probably did not mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.config import Config, Diagnostics
from monitor.config.checks import earlier_names
from monitor.config.convert import RULE_KEYS, watchlists_of
from monitor.config.window_parsers import digest_text, interval_of
from monitor.errors import NotFound, StoreError
from monitor.inspect.pending import open_read_only, pending_counts
from monitor.inspect.watchlist_tests import failures
from monitor.match.inside import InsideWords
from monitor.match.matcher import Matcher, Watchlist
from monitor.model import Kind
from monitor.notify.schemes import scheme_of
from monitor.notify.time_windows import DailyTimes, Digest, Quiet, next_window, quiet_until
from monitor.records import Archive, read_all
from monitor.text import plural

SAMPLE = 2_000  # the last releases: a rule is judged by what is published now
_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)  # far from the nights on which clocks change
MIN_RELEASES = 10  # of fewer, neither "none" nor "most" means anything


def lint(config: Config, diagnostics: Diagnostics) -> None:
    """Add failing `tests:`, and all warnings about a configuration without an error; this `Check` comes last."""
    for path, message in failures(_with_sound_rules(config, diagnostics)):
        if not diagnostics.has_error(path):
            diagnostics.warning(path, message)
    if diagnostics.has_error():  # what is missing for that reason may be what a warning would be about
        return
    _check_channels_used(config, diagnostics)
    _check_operator(config, diagnostics)
    _check_timezone(config, diagnostics)
    _check_digests(config, diagnostics)
    _check_duplicates(config, diagnostics)
    # The first run creates the file; `check_shared_store` says why a shared store cannot be read.
    with suppress(StoreError if config.store else NotFound), open_read_only(config) as store:
        for path, message in earlier_names(config, store.source_states.renamed()):
            diagnostics.error(path, message)
        _check_sources_named(config, store.archive, diagnostics)
        _check_channels_named(config, store.archive, diagnostics)
        _check_ids(config, store.archive, diagnostics)
        _check_reach(config, store.archive, diagnostics)


def _with_sound_rules(config: Config, diagnostics: Diagnostics) -> Config:
    """Return the configuration with the watchlists whose rule has no error."""
    watchlists = {} if diagnostics.has_error("aliases") else config.watchlists
    sound = {
        name: one
        for name, one in watchlists.items()
        if not any(diagnostics.has_error(f"watchlists.{name}.{key}") for key in RULE_KEYS)
    }
    return config.model_copy(update={"watchlists": sound})


def _check_channels_used(config: Config, diagnostics: Diagnostics) -> None:
    """Warn about channels that no watchlist notifies, and watchlists that notify no channel."""
    notified: set[str] = set(config.operator.notify or ())
    for name, watchlist in config.watchlists.items():
        channels = tuple(config.channels) if watchlist.notify is None else watchlist.notify
        notified.update(channels)
        if not channels:
            diagnostics.warning(f"watchlists.{name}.notify", "notifies no channel: what it matches is recorded only")
    for name in config.channels:
        if name not in notified:
            diagnostics.warning(f"channels.{name}", "no watchlist notifies this channel; name it in a notify: list")


def _check_operator(config: Config, diagnostics: Diagnostics) -> None:
    """Warn once where no channel is named for problems of the monitor; the console shows the log beside its alerts."""
    named = [name for name, channel in config.channels.items() if scheme_of(channel.url) != "console"]
    if config.operator.notify is None and named:
        message = (
            "no channel is named for problems of the monitor itself, such as lost messages: the log, `monitor status`"
            f" and the page show them; write operator: {{notify: [{named[0]}]}}, or [] to leave it so"
        )
        diagnostics.warning("channels", message)


def _check_timezone(config: Config, diagnostics: Diagnostics) -> None:
    """Warn once about times of day where no time zone is written: people mean theirs, not UTC."""
    timed = next(_times_of_day(config), None)
    if timed and "timezone" not in config.model_fields_set:
        diagnostics.warning(timed, "is in UTC, because timezone: is not set: write for example timezone: Asia/Seoul")


def _times_of_day(config: Config) -> Iterator[str]:
    """Yield the settings that hold times of the week."""
    for name, channel in config.channels.items():
        yield from (f"channels.{name}.{key}" for key in ("digest", "quiet") if getattr(channel, key))
    for name, source in config.sources.items():
        if source.expect_every and source.expect_every.within:
            yield f"sources.{name}.expect_every"


def _check_digests(config: Config, diagnostics: Diagnostics) -> None:
    """Warn about a digest that is always in quiet hours: it is sent when they end, not when its own line says."""
    for name, channel in config.channels.items():
        parts = [part for each in channel.digest or () for part in _named_times(each)]
        for part in parts:
            if channel.quiet and _is_always_quiet((part,), channel.quiet, config.timezone):
                which = f"at {digest_text((part,))} " if len(parts) > 1 else ""
                message = f"{which}is within its quiet hours: it is sent when they end"
                diagnostics.warning(f"channels.{name}.digest", message)


def _named_times(daily: DailyTimes) -> Iterator[DailyTimes]:
    """Yield each time that the configuration names; those of an interval stand together."""
    if interval_of(daily.times):
        yield daily
    else:
        yield from (replace(daily, times=(at,)) for at in daily.times)


def _is_always_quiet(digest: Digest, quiet: Quiet, timezone: ZoneInfo) -> bool:
    at, last = _SOME_DAY, _SOME_DAY + timedelta(weeks=1)
    while at < last:
        at = next_window(digest, after=at, timezone=timezone)
        if quiet_until(quiet, at=at, timezone=timezone) is None:
            return False
    return True


def _check_duplicates(config: Config, diagnostics: Diagnostics) -> None:
    """Warn about watchlists with the same rule as another, and keywords that stand twice in one list."""
    first: dict[Watchlist, str] = {}
    for watchlist in watchlists_of(config):
        name = watchlist.name
        earlier = first.setdefault(replace(watchlist, name="", when=frozenset(Kind)), name)
        if earlier != name:
            diagnostics.warning(
                f"watchlists.{name}", f"has the same rule as '{earlier}'; one can notify all channels of both"
            )
        seen: set[str] = set()
        for number, keyword in enumerate(watchlist.keywords):
            if keyword not in seen:
                seen.add(keyword)
            else:
                diagnostics.warning(f"watchlists.{name}.keywords[{number}]", "is listed twice; remove one")


def _check_sources_named(config: Config, archive: Archive, diagnostics: Diagnostics) -> None:
    """Warn about a stored source that no config names: renamed, it looks new and alerts on all its releases again."""
    stored = {name: totals.releases for name, totals in archive.summary().sources.items()}
    renamed = {
        old: (name, f"sources.{name}.was[{number}]")
        for name, source in config.sources.items()
        for number, old in enumerate(source.was)
    }
    for old, count in stored.items():
        holds = f"the store holds {plural(count, 'release')} of '{old}'"
        if old in renamed and stored.get(renamed[old][0]):
            name, path = renamed[old]
            both = f"{holds} and {stored[name]:,} of '{name}'; they are merged, and releases of both appear twice"
            diagnostics.warning(path, both)
        elif old not in config.sources and old not in renamed:
            action = f"if it was renamed, write was: [{old}] below its new name, or all its alerts are sent again"
            diagnostics.warning("sources", f"{holds}, which is not configured; {action}")


def _check_channels_named(config: Config, archive: Archive, diagnostics: Diagnostics) -> None:
    """Warn about alerts for a channel that was renamed or removed: they will not be sent."""
    for name, count in pending_counts(archive.summary()).items():
        if name not in config.channels:
            wait = f"{count:,} alert{' waits' if count == 1 else 's wait'}"
            diagnostics.warning("channels", f"{wait} for '{name}', which is not configured, until max_age is over")


def _check_ids(config: Config, archive: Archive, diagnostics: Diagnostics) -> None:
    """Warn about a source whose ids hold something that changes with every dump, such as a token in a link."""
    for name, ids in archive.changed_ids().items():
        if name in config.sources and 2 * ids.changed >= ids.of:
            advice = "write map: {id: none}, or the part that stays (id: link&newsId)"
            message = f"{ids.changed} of {ids.of} ids of {name} changed while their texts stayed: {advice}"
            diagnostics.warning(f"sources.{name}", message)


def _check_reach(config: Config, archive: Archive, diagnostics: Diagnostics) -> None:
    """Warn about rules that match no stored release, and keywords that match most of them."""
    watchlists = watchlists_of(config)
    parts = {path: part for watchlist in watchlists for path, part in _parts(watchlist)}
    matcher = Matcher([*watchlists, *parts.values()], config.aliases)
    inside = InsideWords(list(parts.values()), config.aliases)
    seen, matched = Counter[str](), Counter[str]()  # releases of each source, and those that each rule matches
    for stored in read_all(archive.heads, after=archive.head_before_last(SAMPLE)):
        seen[stored.source] += 1
        inside.add(stored.release)
        matched.update({hit.watchlist for hit in matcher.scan(stored.release, source=stored.source)})
    for watchlist in watchlists:
        total = _total(watchlist, seen)
        if total >= MIN_RELEASES and not matched[watchlist.name]:
            diagnostics.warning(f"watchlists.{watchlist.name}", f"never matched: none of {total:,} stored releases")
    for path, part in parts.items():
        total = _total(part, seen)
        if total >= MIN_RELEASES and matched[path] * 2 > total:
            diagnostics.warning(path, f"broad: {matched[path]:,} of {total:,} stored releases match")
    for path, hint in inside.hints():
        diagnostics.warning(path, hint)


def _parts(watchlist: Watchlist) -> Iterator[tuple[str, Watchlist]]:
    """Yield each keyword, or the query, as a watchlist of its own, named by its place in the file."""
    if not watchlist.keywords:
        path = f"watchlists.{watchlist.name}.{'query' if watchlist.query else 'regex'}"
        yield path, replace(watchlist, name=path)
    for number, keyword in enumerate(watchlist.keywords):
        path = f"watchlists.{watchlist.name}.keywords[{number}]"
        yield path, replace(watchlist, name=path, keywords=(keyword,), min_hits=1)


def _total(watchlist: Watchlist, seen: Counter[str]) -> int:
    return sum(count for source, count in seen.items() if not watchlist.sources or source in watchlist.sources)
