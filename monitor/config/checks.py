"""Check watchlists, folders and channels of a valid configuration; each problem is reported at its word."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from monitor.errors import UsageError
from monitor.match.keywords import keyword_fault
from monitor.match.query import QueryFault, alias_fault, ambiguity_warning
from monitor.match.regex import read_pattern
from monitor.notify.channels import check_channel, check_service

if TYPE_CHECKING:
    from monitor.config import Config, Diagnostics

_HIDDEN = "is not valid: the value comes from a reference and is not shown, so check it where it is set"


def check_rules(config: Config, diagnostics: Diagnostics) -> None:
    """Report every keyword, query, regular expression and alias that is not valid, and warn about unclear queries."""
    aliases = _valid_aliases(config, diagnostics)
    for name, watchlist in config.watchlists.items():
        path = f"watchlists.{name}"
        _check_keywords(watchlist.keywords, f"{path}.keywords", diagnostics)
        _check_keywords(watchlist.exclude, f"{path}.exclude", diagnostics)
        if watchlist.query:
            _check_query(config, f"{path}.query", watchlist.query, aliases, diagnostics)
        if watchlist.regex:
            _check_regex(config, f"{path}.regex", watchlist.regex, diagnostics)


def check_folders(config: Config, diagnostics: Diagnostics) -> None:
    """Warn about missing folders: the daemon waits for them, forever if the path is mistyped."""
    for name, source in config.sources.items():
        if not source.path.is_dir():
            diagnostics.warning(
                f"sources.{name}.path",
                "this folder does not exist: create it, because the monitor waits until it appears",
            )


def check_channels(config: Config, diagnostics: Diagnostics) -> None:
    """Report channels whose URL no service accepts; this loads Apprise, so only `monitor check` calls it."""
    for name, problem in _problems(config, check_channel):
        diagnostics.error(f"channels.{name}.url", problem)


def check_services(config: Config, diagnostics: Diagnostics) -> None:
    """Report channels of unknown services such as `jsn://`, so that a reload keeps the configuration in effect."""
    for name, problem in _problems(config, check_service):
        diagnostics.error(f"channels.{name}.url", problem)


def warn_about_services(config: Config, diagnostics: Diagnostics) -> None:
    """Warn about channels of unknown services: at a start, the other channels are better than none."""
    for name, problem in _problems(config, check_service):
        diagnostics.warning(f"channels.{name}.url", problem)


def _problems(config: Config, check: Callable[..., str | None]) -> Iterator[tuple[str, str]]:
    found = ((name, check(channel.url, html=channel.html)) for name, channel in config.channels.items())
    return ((name, problem) for name, problem in found if problem)


def _valid_aliases(config: Config, diagnostics: Diagnostics) -> Mapping[str, Sequence[str]]:
    """Return the valid aliases and report the others, whose names then count as ordinary words."""
    valid = {}
    for name, entries in config.aliases.items():
        problem = alias_fault(name, entries, config.aliases)
        if problem is None:
            valid[name] = entries
        else:
            number, message = problem
            diagnostics.error(f"aliases.{name}" + (f"[{number}]" if number >= 0 else ""), message)
    return valid


def _check_keywords(keywords: Sequence[str], path: str, diagnostics: Diagnostics) -> None:
    for number, keyword in enumerate(keywords):
        problem = keyword_fault(keyword)
        if problem:
            diagnostics.error(f"{path}[{number}]", problem)


def _check_query(
    config: Config, path: str, query: str, aliases: Mapping[str, Sequence[str]], diagnostics: Diagnostics
) -> None:
    try:
        warning = ambiguity_warning(query, aliases)
    except QueryFault as error:
        _note_query_error(config, path, query, error, diagnostics)
        return
    if warning and not config.is_interpolated(path):
        diagnostics.warning(path, warning)


def _note_query_error(config: Config, path: str, query: str, error: QueryFault, diagnostics: Diagnostics) -> None:
    if config.is_interpolated(path):
        diagnostics.error(path, _HIDDEN)
        return
    place = diagnostics.place_in(path, query, error.column - 1)
    if place:
        diagnostics.add(place, path, error.message)
    else:
        diagnostics.error(path, f"{error.message} (column {error.column} of the query)")


def _check_regex(config: Config, path: str, regex: str, diagnostics: Diagnostics) -> None:
    try:
        read_pattern(regex, fields=())
    except UsageError as error:
        diagnostics.error(path, _HIDDEN if config.is_interpolated(path) else error.message)
