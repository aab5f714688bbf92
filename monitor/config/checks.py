"""Check watchlists, folders and channels of a valid configuration; each problem is reported at its word.

Each check loads what it asks, because most configurations have no query and most commands check no channel.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from monitor.config.convert import sources_of
from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.config import Config, Diagnostics
    from monitor.config.models import Source

_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)
_HIDDEN = "is not valid: the value comes from a reference and is not shown, so check it where it is set"


def check_rules(config: Config, diagnostics: Diagnostics) -> None:
    """Report every keyword, query, regular expression, alias and column that is not valid; warn of unclear queries."""
    _check_columns(config, diagnostics)
    aliases = _valid_aliases(config, diagnostics)
    for name, watchlist in config.watchlists.items():
        path = f"watchlists.{name}"
        _check_keywords(watchlist.keywords, f"{path}.keywords", diagnostics)
        _check_keywords(watchlist.exclude, f"{path}.exclude", diagnostics)
        if watchlist.query:
            _check_query(config, name, aliases, diagnostics)
        if watchlist.regex:
            _check_regex(config, f"{path}.regex", watchlist.regex, diagnostics)


def earlier_names(config: Config, renamed: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield path and fault of each source whose name was given up. renamed: the present names, by the earlier ones."""
    for name, source in config.sources.items():
        now = renamed.get(name)
        if now and now not in source.was and not is_declared_new(source):
            fault = (
                f"a node that shares the store has renamed '{name}' to '{now}', and under the old name all of it would"
                f" alert again: write {now}: with was: [{name}] here, too; for a new source of this name, was: []"
            )
            yield f"sources.{name}", fault


def is_declared_new(source: Source) -> bool:
    """Return whether `was: []` says that a source has nothing to do with an earlier one of its name."""
    return not source.was and "was" in source.model_fields_set


def check_folders(config: Config, diagnostics: Diagnostics) -> None:
    """Warn about missing folders, for which the daemon waits, and about names that the source itself does not read."""
    for name, source in config.sources.items():
        if not source.path.is_dir() and source.fetch is None:
            message = "this folder does not exist: create it, because the monitor waits until it appears"
            diagnostics.warning(f"sources.{name}.path", message)
    from monitor.collect.fetching.fetcher import fetcher_of

    sources = [one for one in sources_of(config) if not diagnostics.has_error(f"sources.{one.name}")]
    for number, one in enumerate(sources):
        made = fetcher_of(one).name_at(_ANY_TIME) if one.fetch else ""
        path = one.folder.path + b"/" + os.fsencode(made)
        taker = next((other.name for other in sources[:number] if made and other.folder.holds(path)), "")
        if taker:
            message = f"what it fetches is read as of source '{taker}', which stands first: use separate folders"
            diagnostics.warning(f"sources.{one.name}.path", message)
        if made and not one.folder.matches(os.fsencode(made)):
            message = f"a download is named as in {made}, which is none of these: add a pattern such as *.txt"
            diagnostics.warning(f"sources.{one.name}.files", message)


def check_channels(config: Config, diagnostics: Diagnostics) -> None:
    """Report channels whose URL no service accepts; this loads Apprise, so only `monitor check` calls it."""
    from monitor.notify.channels import check_channel

    _check_urls(config, check_channel, diagnostics.error)


def check_services(config: Config, diagnostics: Diagnostics) -> None:
    """Report channels of unknown services such as `jsn://`, so that a reload keeps the configuration in effect."""
    from monitor.notify.channels import check_service

    _check_urls(config, check_service, diagnostics.error)


def warn_about_services(config: Config, diagnostics: Diagnostics) -> None:
    """Warn about channels of unknown services: at a start, the other channels are better than none."""
    from monitor.notify.channels import check_service

    _check_urls(config, check_service, diagnostics.warning)


def _check_urls(config: Config, check: Callable[..., str | None], note: Callable[[str, str], None]) -> None:
    for name, channel in config.channels.items():
        problem = check(channel.url, html=channel.html)
        if problem:
            note(f"channels.{name}.url", problem)


def _valid_aliases(config: Config, diagnostics: Diagnostics) -> Mapping[str, Sequence[str]]:
    """Return the valid aliases and report the others, whose names then count as ordinary words."""
    if not config.aliases:
        return {}
    from monitor.match.query import alias_faults

    faults = alias_faults(config.aliases)
    for name, fault in faults.items():
        if fault:
            number, message = fault
            diagnostics.error(f"aliases.{name}" + (f"[{number}]" if number >= 0 else ""), message)
    return {name: entries for name, entries in config.aliases.items() if faults[name] is None}


def _check_columns(config: Config, diagnostics: Diagnostics) -> None:
    """Report fields that are read from a column which `columns:` does not have."""
    for source, settings in config.sources.items():
        is_known = settings.columns and not diagnostics.has_error(f"sources.{source}.columns")
        fields = [(name, expression) for name, expression in settings.map if expression and is_known]
        for name, expression in fields:
            lacking = [term.name for term in expression.terms if term.path and term.name not in settings.columns]
            if lacking:
                there = ", ".join(settings.columns)
                message = f"columns: has no '{lacking[0]}'; write one of {there}"
                path = f"sources.{source}.map.{name}"
                diagnostics.error(path, _HIDDEN if config.is_interpolated(path) else message)


def _check_keywords(keywords: Sequence[str], path: str, diagnostics: Diagnostics) -> None:
    from monitor.match.keywords import keyword_fault

    for number, keyword in enumerate(keywords):
        problem = keyword_fault(keyword)
        if problem:
            diagnostics.error(f"{path}[{number}]", problem)


def _check_query(config: Config, name: str, aliases: Mapping[str, Sequence[str]], diagnostics: Diagnostics) -> None:
    from monitor.match.query import QueryFault, ambiguity_warning

    query, path = config.watchlists[name].query, f"watchlists.{name}.query"
    is_hidden = config.is_interpolated(path)
    try:
        warning = ambiguity_warning(query, aliases)
    except QueryFault as error:
        place = diagnostics.place_in(path, query, error.column - 1)
        if is_hidden:
            diagnostics.error(path, _HIDDEN)
        elif place:
            diagnostics.add(place, path, error.message)
        else:
            diagnostics.error(path, f"{error.message} (column {error.column} of the query)")
    else:
        if warning and not is_hidden:
            diagnostics.warning(path, warning)


def _check_regex(config: Config, path: str, regex: str, diagnostics: Diagnostics) -> None:
    from monitor.match.regex import read_pattern

    try:
        read_pattern(regex, fields=())
    except UsageError as error:
        diagnostics.error(path, _HIDDEN if config.is_interpolated(path) else error.message)
