"""Build the notices of one dump's alerts for each channel, and split a long message into parts.

Pure. A message holds facts as they were scraped: whatever renders it must neutralise them first.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import chain, count
from types import MappingProxyType

from monitor.frozen import dataclass
from monitor.model import Alert, Change, Edit, Hit, Item, Kind, Message, Notice, RelatedRelease, Release, Snippet
from monitor.notify.words import ENGLISH
from monitor.text import keep_edge_spaces

_MAX_TITLE = 300  # characters; a title beyond that is a broken record or an attack
_MAX_RELATED_TITLE = 120
_MAX_LEAD = 200
_MAX_BODY = 20_000
_MAX_SCANNED = 2_000  # characters of a text that a lead is looked for in: spaces in it may be many
_MAX_HIT = 80
_MAX_SNIPPETS = 3
_SNIPPET_SIDE = 75  # characters on each side of a hit: about 160 with an ordinary word between
_MAX_KEPT, _KEPT_ENDS = 16, 6  # words
_MAX_CHANGED, _CHANGED_ENDS = 80, 40
_MAX_EDITS = 60  # a rewritten release is read in full with `monitor show`, not in an alert
_MAX_PARTS = 999  # the length of the number of a part while it is not known
_LINES_PER_ITEM = 6  # a summary gives a release one line, other messages several
_LINE_LAYOUT = 60  # characters around the title in the shortest form of an item
_FIELD_ORDER = {"body": 0, "category": 1, "title": 2}  # the title is printed anyway

_Spans = tuple[list[int], list[int]]  # starts and ends, both ascending


@dataclass(frozen=True, slots=True, kw_only=True)
class PartLimit:
    """The most that one part of a message holds; a part always holds at least one item."""

    items: int
    characters: int  # of facts, and a line of layout for each item; the rest of the layout adds roughly a fifth
    fits: Callable[[Message], bool] = lambda _message: True  # whether the channel shows all of a message


DEFAULT_PART_LIMIT = PartLimit(items=20, characters=12_000)


def compose(
    alerts: Sequence[Alert],
    *,
    source: str,
    routes: Mapping[str, Sequence[str]],
    dump: str = "",
    titles: Mapping[int, str] = MappingProxyType({}),
    urgent: AbstractSet[str] = frozenset(),
    full_text: AbstractSet[str] = frozenset(),
) -> tuple[Notice, ...]:
    """Return the notices by channel, in the order of `routes`, then in the order of the alerts.

    `routes` gives each watchlist its channels; `titles` names the related releases; `full_text` are the channels whose
    items hold the whole text. An item names only the watchlists that alert its channel, and its notice is urgent when
    one of them is.
    """
    found: list[Notice] = []
    for channel in dict.fromkeys(name for names in routes.values() for name in names):
        routed = frozenset(watchlist for watchlist, names in routes.items() if channel in names)
        most = _MAX_BODY if channel in full_text else 0
        for alert in alerts:
            if not routed.isdisjoint(alert.notified):
                item = item_of(alert, watchlists=routed, source=source, titles=titles, dump=dump, most_of_body=most)
                found.append(Notice(channel=channel, item=item, is_urgent=not urgent.isdisjoint(item.watchlists)))
    return tuple(found)


def item_of(
    alert: Alert,
    *,
    watchlists: frozenset[str],
    source: str = "",
    titles: Mapping[int, str] = MappingProxyType({}),
    dump: str = "",
    most_of_body: int = 0,
) -> Item:
    """Return the facts of one alert that concern these watchlists, with so many characters of the text."""
    change, edits = alert.change, _all_edits(alert.change)
    titled = [number for number in change.related if number in titles]
    hits = [hit for hit in alert.hits if hit.watchlist in watchlists]
    return Item(
        release=change.number,
        version=change.version,
        kind=change.kind,
        title=_truncated(change.after.title, _MAX_TITLE),
        date=change.after.date,
        category=change.after.category,
        watchlists=tuple(name for name in alert.notified if name in watchlists),
        totals=tuple(total for total in alert.totals if total[0] in watchlists),
        words=_words(hits),
        snippets=_snippets(change, edits, hits),
        edits=shorten_edits(edits),
        numbers=change.numbers,
        related=change.related,
        reason=change.reason,
        source=source,
        url=change.after.url,
        ref=change.after.ref,
        twins=tuple(RelatedRelease(number=n, title=_truncated(titles[n], _MAX_RELATED_TITLE)) for n in titled),
        lead=_lead(change.after),
        body=shorten(change.after.body, most_of_body) if most_of_body else "",
        dump=dump,
        is_reverted=change.reverted,
        may_be_older=change.may_be_older,
    )


def in_parts(whole: Message, items: Sequence[Item], limit: PartLimit) -> tuple[Message, ...]:
    """Split the items over numbered copies of an empty message; without items there is none.

    A summary keeps of each item what its one line shows.
    """
    if whole.kind == "summary":
        items = [
            replace(
                item, totals=(), snippets=(), edits=(), numbers=(), words=(), related=(), twins=(), reason="", lead="",
                body="",
            )
            for item in items
        ]  # fmt: skip
        limit = replace(limit, items=limit.items * _LINES_PER_ITEM)
    longest = replace(whole, part=_MAX_PARTS, parts=_MAX_PARTS)
    parts = list(_split(items, limit, fits=lambda some: limit.fits(replace(longest, items=tuple(some)))))
    return tuple(replace(whole, items=part, part=n, parts=len(parts)) for n, part in enumerate(parts, start=1))


def trial_message(channel: str) -> Message:
    """Return a message that only shows whether its channel works; it passes quiet hours."""
    return Message(channel=channel, kind="test", source="", text=ENGLISH.trial.format(channel), is_urgent=True)


def shorten_edits(edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """Cut long texts down to their two ends, and a very long list to its beginning."""
    short: list[Edit] = []
    for edit in edits[:_MAX_EDITS]:
        limit, ends = (_MAX_KEPT, _KEPT_ENDS) if edit.op == "keep" else (_MAX_CHANGED, _CHANGED_ENDS)
        old = _ends(edit.old, limit, ends)
        new = old if edit.new == edit.old else _ends(edit.new, limit, ends)
        short.append(Edit(field=edit.field, op=edit.op, old=old, new=new))
    if len(edits) > _MAX_EDITS:
        short.append(Edit(field=edits[_MAX_EDITS].field, op="keep", old=" … ", new=" … "))
    return tuple(short)


def _split(
    items: Sequence[Item], limit: PartLimit, *, fits: Callable[[Sequence[Item]], bool]
) -> Iterator[tuple[Item, ...]]:
    """Yield the parts, each with as many items as fit; one that fits nowhere is a part of its own."""
    start = 0
    while start < len(items):
        part = items[start : _end(items, start, limit)]
        if len(part) > 1 and not fits(part):
            counts = range(2, len(part))
            part = part[: 1 + bisect_left(counts, x=True, key=lambda count: not fits(part[:count]))]
        yield tuple(part)
        start += len(part)


def _end(items: Sequence[Item], start: int, limit: PartLimit) -> int:
    """Return where a part that begins at `start` ends at the latest."""
    end, room = start + 1, limit.characters - _size(items[start])
    while end < min(len(items), start + limit.items) and (size := _size(items[end])) <= room:
        end, room = end + 1, room - size
    return end


def _size(item: Item) -> int:
    facts = [item.title, item.category or "", item.reason, item.body or item.lead, *item.watchlists, *item.words]
    facts += [text for s in item.snippets for text in (s.before, s.hit, s.after)]
    facts += [text for e in item.edits for text in ((e.new,) if e.op == "keep" else (e.old, e.new))]
    facts += [*chain.from_iterable(item.numbers), *(one.title for one in item.twins)]
    return sum(map(len, facts)) + _LINE_LAYOUT


def _words(hits: Sequence[Hit]) -> tuple[str, ...]:
    """Return the matched words as they stand in the text; letter case does not make another word."""
    first: dict[str, str] = {}
    for text in dict.fromkeys(hit.text for hit in hits):
        word = _truncated(" ".join(text.split()), _MAX_HIT)
        first.setdefault(word.casefold(), word)
    return tuple(first.values())


def _lead(release: Release) -> str:
    """Return how the text begins, after a first line that repeats the title."""
    text = release.body[:_MAX_SCANNED]
    first, _, rest = text.lstrip().partition("\n")
    title = release.title.split()
    if first.split(None, len(title)) == title and rest.strip():
        text = rest
    return shorten(" ".join(text.split(None, _MAX_LEAD // 2)), _MAX_LEAD)  # more words have no room, however short


def _all_edits(change: Change) -> tuple[Edit, ...]:
    """Return the edits of a change with those of date and category, and the text that completes a cut one."""
    title = [edit for edit in change.edits if edit.field == "title"]
    others = [edit for edit in change.edits if edit.field != "title"]
    return (*title, *_fact_edits(change), *(others or _completion(change)))


def _fact_edits(change: Change) -> Iterator[Edit]:
    for name in ("date", "category") if change.before else ():
        old, new = (str(getattr(release, name) or "") for release in (change.before, change.after))
        if old != new:
            yield Edit(field=name, op="replace" if old and new else "insert" if new else "delete", old=old, new=new)


def _completion(change: Change) -> Iterator[Edit]:
    """Yield the last words that were known, and those that follow them; nothing where the known text differs."""
    if change.kind is not Kind.COMPLETED or change.before is None:
        return
    known, text = change.before.body.rstrip(" .…\n"), change.after.body
    if text.startswith(known):
        kept = text[: len(known)] if not text[len(known) : len(known) + 1].isalnum() else known.rpartition(" ")[0]
        yield Edit(field="body", op="keep", old=kept, new=kept)
        yield Edit(field="body", op="insert", old="", new=text[len(kept) :])


def _snippets(change: Change, edits: Sequence[Edit], hits: Sequence[Hit]) -> tuple[Snippet, ...]:
    """Choose from each watchlist in turn, first hits in changed text, then in the body; none overlap."""
    chosen: list[Hit] = []
    for hit in _in_turn(_ranked(hits, _added_spans(change, edits))):
        if len(chosen) == _MAX_SNIPPETS:
            break
        if not any(hit.field == one.field and abs(hit.start - one.start) < 2 * _SNIPPET_SIDE for one in chosen):
            chosen.append(hit)
    return tuple(_snippet(change, hit) for hit in chosen)


def _ranked(hits: Sequence[Hit], added: Mapping[str, _Spans]) -> Sequence[Hit]:
    """Return the hits in added text, then the others; of each the body's, then the category's, then the title's."""
    ranks: dict[tuple[bool, str], list[Hit]] = {}
    for hit in hits:
        is_added = False
        if spans := added.get(hit.field):
            starts, ends = spans
            at = bisect_right(ends, hit.start)  # the first span that ends behind the start of the hit
            is_added = at < len(ends) and starts[at] < hit.end
        ranks.setdefault((not is_added, hit.field), []).append(hit)
    order = sorted(ranks, key=lambda rank: (rank[0], _FIELD_ORDER.get(rank[1], 3)))
    return [hit for rank in order for hit in ranks[rank]]


def _in_turn(hits: Sequence[Hit]) -> Sequence[Hit]:
    """Return the first hit of each watchlist, then the second ones …"""
    if not hits or all(hit.watchlist == hits[0].watchlist for hit in hits):
        return hits
    turns: defaultdict[str, Iterator[int]] = defaultdict(count)
    return sorted(hits, key=lambda hit: next(turns[hit.watchlist]))


def _added_spans(change: Change, edits: Sequence[Edit]) -> Mapping[str, _Spans]:
    """Return for each field where text was added; edits carry no offsets, so the text is searched."""
    spans: dict[str, _Spans] = {}
    reached: dict[str, int] = {}
    for edit in edits:
        words = edit.new.strip()
        start = str(getattr(change.after, edit.field) or "").find(words, reached.get(edit.field, 0)) if words else -1
        if start < 0:
            continue
        reached[edit.field] = end = start + len(words)
        if edit.op != "keep":
            starts, ends = spans.setdefault(edit.field, ([], []))
            starts.append(start)
            ends.append(end)
    return spans


def _snippet(change: Change, hit: Hit) -> Snippet:
    """Return a hit in its text: the new one, or the old one where the words stand only there."""
    text = str(getattr(change.after, hit.field) or "")
    if text[hit.start : hit.end] != hit.text and change.before is not None:
        text = str(getattr(change.before, hit.field) or "")
    return Snippet(
        field=hit.field,
        before=_tail(text[: hit.start]),
        hit=_truncated(" ".join(hit.text.split()), _MAX_HIT),
        after=_head(text[hit.end :]),
    )


def _head(text: str) -> str:
    """Return the first whole words, single-spaced, with a mark where text was left out."""
    shown, mark = text, ""
    if len(text) > _SNIPPET_SIDE:
        cut = _last_space(text[: _SNIPPET_SIDE + 1])
        shown, mark = text[: cut or _SNIPPET_SIDE], " …"
    return keep_edge_spaces(" ".join(shown.split()), shown) + mark


def _tail(text: str) -> str:
    """Return the last whole words: the first ones of the text read backwards."""
    return _head(text[-_SNIPPET_SIDE - 1 :][::-1])[::-1]


def _ends(text: str, limit: int, ends: int) -> str:
    """Cut a text of more than `limit` words down to its two ends; spaces at its edges stay, for edits are joined."""
    first = text.split(None, limit)
    if len(first) > limit:
        text = keep_edge_spaces(f"{' '.join(first[:ends])} … {' '.join(text.rsplit(None, ends)[-ends:])}", text)
    most = limit * 25  # characters, for "words" that no space ever ends
    return text if len(text) <= most else f"{text[: most // 2]} … {text[-most // 2 :]}"


def shorten(text: str, limit: int) -> str:
    """Cut a text after a whole word; a mark says that some of it is missing.

    >>> shorten("The third round ended on Monday.", 20)
    'The third round …'
    """
    if len(text) <= limit:
        return text
    shown = text[: limit - 1]
    cut = _last_space(shown)
    return shown[: cut or limit - 2].rstrip() + " …"


def _last_space(text: str) -> int:
    """Return where the last space of a text stands; 0: it has none."""
    if not text or text[-1].isspace():
        return max(len(text) - 1, 0)
    return max(len(text) - len(text.rsplit(None, 1)[-1]) - 1, 0)


def _truncated(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
