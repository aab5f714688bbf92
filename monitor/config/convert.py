"""Turn sections of the configuration into the values that the other parts work with.

`monitor status` needs the policies alone, so the matcher and the folders are loaded where they are needed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from monitor.notify.retry import DEFAULT_RETRY_POLICY, RetryPolicy
from monitor.notify.schemes import rate_of
from monitor.notify.send_time import Policy
from monitor.ports import Retention

if TYPE_CHECKING:
    from monitor.collect.fetching.fetcher import FetchOptions
    from monitor.collect.source import Source
    from monitor.config import Config
    from monitor.config.models import Fetch
    from monitor.match.watchlist import Watchlist

RULE_KEYS = ("keywords", "query", "regex", "exclude", "fields", "on_change", "min_hits", "case", "inflect", "sources")


def policy_of(config: Config, name: str, *, retry_policy: RetryPolicy = DEFAULT_RETRY_POLICY) -> Policy:
    """Return the delivery policy of a configured channel."""
    channel = config.channels[name]
    return Policy(
        timezone=config.timezone,
        max_age=channel.max_age,
        rate=channel.rate or rate_of(channel.url),
        max_per_hour=channel.max_per_hour,
        digest=channel.digest or (),
        quiet=channel.quiet or (),
        holds_uncertain=channel.on_uncertain == "hold",
        retry_policy=retry_policy,
    )


def watchlists_of(config: Config) -> tuple[Watchlist, ...]:
    """Return the configured watchlists for the matcher, in the order of the file, but those with a withheld rule."""
    from monitor.match.watchlist import Watchlist

    return tuple(
        Watchlist(
            name=name,
            keywords=watchlist.keywords,
            query=watchlist.query,
            regex=watchlist.regex,
            exclude=watchlist.exclude,
            fields=watchlist.fields,
            when=frozenset(watchlist.when),
            on_change=watchlist.on_change,
            min_hits=watchlist.min_hits,
            sources=frozenset(watchlist.sources or ()),
            case=watchlist.case,
            inflect=watchlist.inflect,
        )
        for name, watchlist in config.watchlists.items()
        if not is_rule_withheld(config, name)
    )


def is_rule_withheld(config: Config, watchlist: str) -> bool:
    """Return whether a part of a watchlist's rule is not known: `Config.withheld` names it, or there is none."""
    rule, start = config.watchlists[watchlist], f"watchlists.{watchlist}."
    if not (rule.keywords or rule.query or rule.regex):
        return True
    return any(path.startswith(start) and path[len(start) :].startswith(RULE_KEYS) for path in config.withheld)


def sources_of(config: Config) -> tuple[Source, ...]:
    """Return the configured sources for ingestion, in the order of the file."""
    from monitor.collect.formats.fields import FIELDS, FormatOptions
    from monitor.collect.source import Source, SourceOptions
    from monitor.collect.watching.folder import Folder

    return tuple(
        Source(
            folder=Folder(
                source=name,
                path=os.fsencode(source.path),
                files=source.files,
                ignore=(*source.ignore, *config.watch.ignore),
                is_recursive=source.recursive,
                follows_links=config.watch.follow_symlinks,
            ),
            options=SourceOptions(
                timezone=source.timezone or config.timezone,
                format=FormatOptions(
                    format=source.format,
                    records=source.records or (),
                    map={name: each for name in FIELDS if (each := getattr(source.map, name)) is not None},
                    timezone=source.timezone or config.timezone,
                    dates=source.dates,
                    html=source.html,
                    base=source.base or "",
                    empty=source.empty,
                    delimiter=source.delimiter,
                    columns=source.columns,
                    between=source.between or "",
                ),
                categories=source.categories,
                as_of=source.as_of,
                max_record=source.max_record,
                drop=source.drop,
                listings=source.listings,
            ),
            encoding=source.encoding,
            max_file=source.max_file,
            wants_baseline=(source.first_run or config.first_run) == "baseline",
            fetch=None if source.fetch is None else _fetch_options_of(source.fetch),
        )
        for name, source in config.sources.items()
    )


def _fetch_options_of(fetch: Fetch) -> FetchOptions:
    from monitor.collect.fetching.fetcher import FetchOptions

    return FetchOptions(
        url=fetch.url,
        every=fetch.every,
        headers=fetch.headers,
        allow_private=fetch.allow_private,
        keep=fetch.keep,
    )


def retention_of(config: Config) -> Retention:
    """Return how long stored data is kept; None in a field: forever."""
    kept = config.retention
    return Retention(versions=kept.versions, messages=kept.messages, events=kept.events)
