"""Serve events as feeds, Atom and JSON Feed, for readers that ask again and again.

One entry is one event and never changes: readers overlook an entry that is updated in place. So a feed of which the
newest event is known already has nothing new, and is answered without reading more.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from monitor import __version__
from monitor.config import web_options_of
from monitor.errors import NotFound, StoreDamaged, UsageError
from monitor.inspect.feed_events import FeedEvent, feed_events, rule_events, rule_finder
from monitor.inspect.hits import HitFinder
from monitor.inspect.places import newest_places
from monitor.inspect.tested_rule import TestedRule, read_rule
from monitor.inspect.timeline import SHOWN
from monitor.inspect.watchlists import unknown_watchlist
from monitor.records import EventFilter, EventRecord
from monitor.times import rfc3339, timestamp
from monitor.web import markup, timeline
from monitor.web.pages import fill, site_of
from monitor.web.tokens import PARAMETER

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.inspect.pending import ReadOnlyStores

SIZE = 50  # entries
RULE_EVENTS = 500  # that are read for the feed of a rule
_MAX_TITLE = 300  # characters
_TYPES = {"atom": "application/atom+xml", "json": "application/feed+json"}
FILTERS = ("kind", "watchlist", "source", "notified", "on", "since", "dump")
_NO_EVENT = datetime(1970, 1, 1, tzinfo=UTC)  # when a feed without an entry was updated: Atom wants a time
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Feed:
    """What a feed holds."""

    title: str
    page: str  # path of the page that shows the same
    wanted: EventFilter
    rule: TestedRule | None = None  # that an event matches besides; None: any event


class _Entry(NamedTuple):
    """One event as a reader shows it."""

    id: str
    address: str
    title: str
    updated: str
    source: str
    watchlists: Sequence[str]
    content: str  # HTML


def events_feed(request: Request) -> Response:
    """Answer with the newest events that pass the filter of an address, as the timeline has it. Raises UsageError."""
    site = site_of(request)
    query = _query(request, FILTERS)
    asked = timeline.read(query, site.config, now=site.now())
    words = ", ".join(f"{name} {value}" for name, value in query.items())
    feed = _Feed(title=words or "events", page=_with_query("/", query), wanted=asked.wanted)
    return _answer(request, feed)


def watchlist_feed(request: Request) -> Response:
    """Answer with the newest events of which somebody was notified because of a watchlist. Raises NotFound."""
    name, config = request.path_params["name"], site_of(request).config
    _query(request, ())
    if name not in config.watchlists:
        raise unknown_watchlist(config, name)
    page = _with_query("/", {"watchlist": name, "notified": "1"})
    return _answer(request, _Feed(title=name, page=page, wanted=EventFilter(watchlist=name, is_notified=True)))


def source_feed(request: Request) -> Response:
    """Answer with the newest events of a source. Raises NotFound."""
    name, config = request.path_params["name"], site_of(request).config
    _query(request, ())
    if name not in config.sources:
        raise NotFound(f"there is no source {name!r}; the configuration has {', '.join(config.sources)}")
    page = _with_query("/", {"source": name})
    return _answer(request, _Feed(title=name, page=page, wanted=EventFilter(source=name, kinds=SHOWN)))


async def rule_feed(request: Request) -> Response:
    """Answer with those of the last events that a query or /regular expression/ matches. Raises UsageError.

    It waits as the rule tester does: few texts are read at once.
    """
    async with site_of(request).rules.slots:
        return await run_in_threadpool(_rule_feed, request)


def _rule_feed(request: Request) -> Response:
    rule = _query(request, ("q",)).get("q", "").strip()
    if not rule:
        raise UsageError("q: give a query or a /regular expression/")
    read = read_rule(rule, aliases=site_of(request).config.aliases)
    page = _with_query("/rules", {"q": rule})
    return _answer(request, _Feed(title=rule, page=page, wanted=EventFilter(kinds=SHOWN), rule=read))


def _query(request: Request, known: Sequence[str]) -> Mapping[str, str]:
    """Return the parameters of a feed's address, without its token. Raises UsageError for one that is not known."""
    query = {name: value for name, value in request.query_params.items() if name != PARAMETER}
    for name in query:
        if name not in known:
            raise UsageError(f"{name}: this feed has {'only ' + ', '.join(known) if known else 'no parameters'}")
    return {name: value for name, value in query.items() if value}


def _answer(request: Request, feed: _Feed) -> Response:
    """Answer with a feed; where its newest event is known to the reader, one row is read and nothing is rendered."""
    site = site_of(request)
    config, kind = site.config, request.path_params["format"]
    if kind not in _TYPES:
        raise HTTPException(404)
    with site.stores() as stores:
        store_id = site.caches.counts.made("store id", stores, lambda: _namespace(stores.archive.store_id()))
        newest = next(iter(stores.archive.page(feed.wanted, limit=1)), None)
        place = _place(request, config)
        headers = _validators(store_id, newest, _places(stores, feed.wanted), config, place)
        if _is_known(request, headers, newest):
            return Response(status_code=304, headers=headers)
        finder = site.caches.finders.made("watchlists", config, lambda: HitFinder.of_watchlists(config))
        entries = [_entry(one, store_id, place.home) for one in _found(stores, finder, feed)]
    values = {
        "id": _urn(store_id, place.name),
        "title": f"monitor: {_line(feed.title)}",
        "updated": rfc3339(_time(newest)) or "",
        "address": place.address,
        "page": place.home + feed.page,
    }
    write = _atom if kind == "atom" else _json
    return Response(write(values, entries), media_type=_TYPES[kind], headers=headers)


class _Place(NamedTuple):
    """Where a feed is."""

    home: str  # the address of the timeline, without its last slash
    address: str
    name: str  # the same at every address and in both formats


def _place(request: Request, config: Config) -> _Place:
    home = (web_options_of(config).url or str(request.base_url)).rstrip("/")
    path, query = quote(request.scope["path"]), request.query_params.multi_items()
    public = [pair for pair in query if pair[0] != PARAMETER]
    return _Place(
        home=home,
        address=home + _with_query(path, query),
        name=_with_query(path.rpartition(".")[0], public),
    )


def _places(stores: ReadOnlyStores, wanted: EventFilter) -> Sequence[tuple[str, int]]:
    """Return where the events of each source end, in a store in which an older event may come behind a newer one."""
    newest = newest_places(stores.archive).own if stores.nodes else {}
    return sorted((name, last) for name, last in newest.items() if wanted.source in ("", name))


def _validators(
    store_id: uuid.UUID, newest: EventRecord | None, places: object, config: Config, place: _Place
) -> Mapping[str, str]:
    """Return the headers that a reader repeats; everything that the answer is made of is in them."""
    state = (_key(newest) if newest else "", str(store_id), sorted(map(repr, config.stamps.items())), __version__)
    tag = hashlib.sha256(json.dumps([*state, *place, places]).encode()).hexdigest()[:32]
    return {
        "ETag": f'"{tag}"',
        "Last-Modified": format_datetime(_time(newest), usegmt=True),
        "Cache-Control": "private, no-cache",
    }


def _is_known(request: Request, headers: Mapping[str, str], newest: EventRecord | None) -> bool:
    """Return whether the reader has this state of the feed (RFC 9110, 13.2.2): a tag counts more than a time."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        known = [tag.strip().removeprefix("W/") for tag in tags.split(",")]
        return "*" in known or headers["ETag"] in known
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
        return _time(newest).replace(microsecond=0) <= since
    except (ValueError, TypeError, OverflowError):  # no date, or one without a zone
        return False


def _found(stores: ReadOnlyStores, finder: HitFinder, feed: _Feed) -> Iterator[FeedEvent]:
    archive = stores.archive
    if feed.rule is None:
        return feed_events(archive, finder, archive.page(feed.wanted, limit=SIZE))
    events = rule_events(archive, feed.rule, archive.page(feed.wanted, limit=RULE_EVENTS))
    return feed_events(archive, rule_finder(feed.rule), list(islice(events, SIZE)))


def _entry(found: FeedEvent, store_id: uuid.UUID, home: str) -> _Entry:
    event = found.event
    title = (event.title or "(no title)") if event.release else event.reason
    return _Entry(
        id=_urn(store_id, _key(event)),
        address=f"{home}/events/{event.id}",
        title=f"{event.kind}: {_line(title)}",
        updated=rfc3339(event.at) or "",
        source=_line(event.source),
        watchlists=tuple(map(_line, event.watchlists)),
        content=_printable(fill("feed_content.html.j2", found=found, reason=_line(event.reason))),
    )


def _atom(feed: Mapping[str, str], entries: Sequence[_Entry]) -> str:
    """Return an Atom feed (RFC 4287)."""
    return fill("feed.atom.j2", feed=feed, entries=entries, version=__version__)


def _json(feed: Mapping[str, str], entries: Sequence[_Entry]) -> str:
    """Return a JSON Feed 1.1."""
    items = [
        {
            "id": entry.id,
            "url": entry.address,
            "title": entry.title,
            "content_html": entry.content,
            "date_published": entry.updated,
            "date_modified": entry.updated,
            "authors": [{"name": entry.source}],
            "tags": list(entry.watchlists),
        }
        for entry in entries
    ]
    head = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed["title"],
        "home_page_url": feed["page"],
        "feed_url": feed["address"],
    }
    return json.dumps({**head, "items": items}, ensure_ascii=False)


def _namespace(store_id: str) -> uuid.UUID:
    try:
        return uuid.UUID(store_id)
    except ValueError:
        raise StoreDamaged("the state store is damaged: it does not say which store it is") from None


def _key(event: EventRecord) -> str:
    """Return what names an event for ever: after a restore another one may get its number."""
    return f"event:{event.id}:{timestamp(event.at)}:{event.release or 0}:{event.version or 0}"


def _urn(store_id: uuid.UUID, name: str) -> str:
    return uuid.uuid5(store_id, name).urn


def _time(newest: EventRecord | None) -> datetime:
    return newest.at if newest else _NO_EVENT


def _line(text: str) -> str:
    """Return one harmless line of text, shortened."""
    line = markup.clean(text if len(text) <= _MAX_TITLE else f"{text[:_MAX_TITLE]} …")
    return _printable(line.unescape()).strip()


def _printable(text: str) -> str:
    """Replace what XML cannot carry."""
    return _NOT_IN_XML.sub("\ufffd", text)


def _with_query(path: str, query: Mapping[str, str] | Sequence[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
