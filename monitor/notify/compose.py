"""Alerts of one dump → what each channel is told of them; items → a message, in parts where it grows long.

Pure. A message holds facts as they were scraped: whatever renders it must neutralise them first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from types import MappingProxyType

from monitor.model import Alert, Change, Edit, Hit, Item, Message, Notice, RelatedRelease, Snippet

_TITLE_LONGEST = 300  # characters; a title beyond that is a broken record or an attack
_TWIN_LONGEST = 120
_HIT_LONGEST = 80
_SNIPPETS = 3
_SNIPPET_SIDE = 75  # characters on each side of a hit: about 160 with an ordinary word between
_KEEP_LONGEST, _KEEP_ENDS = 16, 6  # words
_TOUCHED_LONGEST, _TOUCHED_ENDS = 80, 40
_EDITS_MOST = 60  # a rewritten release is read in full with `monitor show`, not in an alert
_LINES_PER_ITEM = 6  # a summary gives a release one line where other messages tell its facts
_LINE_LAYOUT = 60  # characters around the title in the shortest form of an item
_FIELD_ORDER = {"body": 0, "category": 1, "title": 2}  # the title is printed anyway


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """How much goes into one part of a message; a part always holds at least one item."""

    items: int
    characters: int  # of facts, and a line of layout for each item; the rest of the layout adds roughly a fifth


USUAL = Bound(items=20, characters=12_000)


def compose(
    alerts: Sequence[Alert],
    *,
    source: str,
    routes: Mapping[str, Sequence[str]],
    titles: Mapping[int, str] = MappingProxyType({}),
    urgent: AbstractSet[str] = frozenset(),
) -> tuple[Notice, ...]:
    """Channels in the order in which routes name them, notices in the order of the alerts.

    `routes` gives each watchlist its channels; `titles` names the related releases. An item names only the watchlists
    that are told through its channel; a channel none of whose watchlists are told gets nothing. A notice is urgent
    when one of them is.
    """
    found: list[Notice] = []
    for channel in dict.fromkeys(name for names in routes.values() for name in names):
        heard = frozenset(watchlist for watchlist, names in routes.items() if channel in names)
        heeded = [alert for alert in alerts if heard.intersection(alert.told)]
        items = [item_of(alert, heard=heard, source=source, titles=titles) for alert in heeded]
        found += [Notice(channel=channel, item=one, is_urgent=not urgent.isdisjoint(one.watchlists)) for one in items]
    return tuple(found)


def item_of(
    alert: Alert, *, heard: frozenset[str], source: str = "", titles: Mapping[int, str] = MappingProxyType({})
) -> Item:
    """The facts of one alert as the hearers of these watchlists get them."""
    change = alert.change
    hits = [hit for hit in alert.hits if hit.watchlist in heard]
    return Item(
        release=change.number,
        version=change.version,
        kind=change.kind,
        title=_clipped(change.after.title, _TITLE_LONGEST),
        date=change.after.date,
        category=change.after.category,
        watchlists=tuple(name for name in alert.told if name in heard),
        totals=tuple((name, count) for name, count in alert.totals if name in heard),
        words=_words(hits),
        snippets=_snippets(alert, hits),
        edits=condensed(change.edits),
        numbers=change.numbers,
        related=change.related,
        reason=change.reason,
        source=source,
        twins=tuple(
            RelatedRelease(number=n, title=_clipped(titles[n], _TWIN_LONGEST)) for n in change.related if n in titles
        ),
    )


def in_parts(whole: Message, items: Sequence[Item], bound: Bound) -> tuple[Message, ...]:
    """Copies of an empty message that share out the items, numbered; no items give no message.

    A summary keeps of each item what its one line tells.
    """
    if whole.kind == "summary":
        items = [_named_only(item) for item in items]
        bound = replace(bound, items=bound.items * _LINES_PER_ITEM)
    parts = list(_split(items, bound))
    return tuple(replace(whole, items=part, part=n, parts=len(parts)) for n, part in enumerate(parts, start=1))


def condensed(edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """The same edits with long stretches cut down to their two ends, and the end of a very long list left out."""
    short = tuple(_condensed(edit) for edit in edits[:_EDITS_MOST])
    if len(edits) <= _EDITS_MOST:
        return short
    return (*short, Edit(field=edits[_EDITS_MOST].field, op="keep", old=" … ", new=" … "))


def _named_only(item: Item) -> Item:
    return replace(item, totals=(), snippets=(), edits=(), numbers=(), words=(), related=(), twins=(), reason="")


def _split(items: Sequence[Item], bound: Bound) -> Iterator[tuple[Item, ...]]:
    part: list[Item] = []
    room = bound.characters
    for item in items:
        size = _size(item)
        if part and (len(part) == bound.items or size > room):
            yield tuple(part)
            part, room = [], bound.characters
        part.append(item)
        room -= size
    if part:
        yield tuple(part)


def _size(item: Item) -> int:
    facts = [item.title, item.category or "", item.reason, *item.watchlists, *item.words]
    facts += [text for s in item.snippets for text in (s.before, s.hit, s.after)]
    facts += [text for e in item.edits for text in ((e.new,) if e.op == "keep" else (e.old, e.new))]
    facts += [figure for pair in item.numbers for figure in pair]
    facts += [twin.title for twin in item.twins]
    return sum(map(len, facts)) + _LINE_LAYOUT


def _words(hits: Sequence[Hit]) -> tuple[str, ...]:
    """Matched words as they stand in the text; one that differs only in letter case is the same word."""
    first: dict[str, str] = {}
    for hit in hits:
        word = _clipped(" ".join(hit.text.split()), _HIT_LONGEST)
        first.setdefault(word.casefold(), word)
    return tuple(first.values())


def _snippets(alert: Alert, hits: Sequence[Hit]) -> tuple[Snippet, ...]:
    """Every watchlist in turn; of its hits those that the change touched, then the body's; none overlap."""
    touched = _touched(alert.change)
    best_first = sorted(hits, key=lambda hit: (not _is_within(hit, touched), _FIELD_ORDER.get(hit.field, 3)))
    chosen: list[Hit] = []
    for hit in _in_turn(best_first):
        if len(chosen) == _SNIPPETS:
            break
        if not any(_is_near(hit, other) for other in chosen):
            chosen.append(hit)
    return tuple(_snippet(_text_of(alert, hit), hit) for hit in chosen)


def _in_turn(hits: Sequence[Hit]) -> list[Hit]:
    """The first hit of each watchlist, then the second of each: no watchlist takes all the room."""
    count: Counter[str] = Counter()
    scan_schedule: list[tuple[int, Hit]] = []
    for hit in hits:
        scan_schedule.append((count[hit.watchlist], hit))
        count[hit.watchlist] += 1
    return [hit for _, hit in sorted(scan_schedule, key=lambda pair: pair[0])]


def _touched(change: Change) -> tuple[tuple[str, int, int], ...]:
    """Field, start and end of every stretch that was put in; edits carry no offsets, so the text is walked along."""
    stretches: list[tuple[str, int, int]] = []
    ends: dict[str, int] = {}
    for edit in change.edits:
        words = edit.new.strip()
        start = str(getattr(change.after, edit.field) or "").find(words, ends.get(edit.field, 0)) if words else -1
        if start < 0:
            continue
        ends[edit.field] = start + len(words)
        if edit.op != "keep":
            stretches.append((edit.field, start, start + len(words)))
    return tuple(stretches)


def _is_within(hit: Hit, stretches: Sequence[tuple[str, int, int]]) -> bool:
    return any(field == hit.field and hit.start < end and start < hit.end for field, start, end in stretches)


def _is_near(hit: Hit, other: Hit) -> bool:
    return hit.field == other.field and abs(hit.start - other.start) < 2 * _SNIPPET_SIDE


def _text_of(alert: Alert, hit: Hit) -> str:
    """The field a hit points into: as it is now, or as it was where the words stand only there."""
    now = getattr(alert.change.after, hit.field) or ""
    if now[hit.start : hit.end] == hit.text or alert.change.before is None:
        return str(now)
    return str(getattr(alert.change.before, hit.field) or "")


def _snippet(text: str, hit: Hit) -> Snippet:
    return Snippet(
        field=hit.field,
        before=_tail(text[: hit.start]),
        hit=_clipped(" ".join(hit.text.split()), _HIT_LONGEST),
        after=_head(text[hit.end :]),
    )


def _head(text: str) -> str:
    """The first whole words, blanks levelled, with a mark where text was left out."""
    if len(text) <= _SNIPPET_SIDE:
        return _levelled(text)
    room = text[: _SNIPPET_SIDE + 1]
    cut = max((at for at, char in enumerate(room) if char.isspace()), default=0)
    return _levelled(room[: cut or _SNIPPET_SIDE]) + " …"


def _tail(text: str) -> str:
    if len(text) <= _SNIPPET_SIDE:
        return _levelled(text)
    room = text[-_SNIPPET_SIDE - 1 :]
    cut = next((at + 1 for at, char in enumerate(room) if char.isspace()), len(room))
    return "… " + _levelled(room[cut:] if cut < len(room) else room[1:])


def _levelled(text: str) -> str:
    """Every run of blanks or line ends as one blank, those at the edges too: they part the hit from its neighbours."""
    inner = " ".join(text.split())
    if not inner:
        return " " if text else ""
    return (" " if text[0].isspace() else "") + inner + (" " if text[-1].isspace() else "")


def _condensed(edit: Edit) -> Edit:
    longest, ends = (_KEEP_LONGEST, _KEEP_ENDS) if edit.op == "keep" else (_TOUCHED_LONGEST, _TOUCHED_ENDS)
    return replace(edit, old=_ends(edit.old, longest, ends), new=_ends(edit.new, longest, ends))


def _ends(text: str, longest: int, ends: int) -> str:
    """A text of too many words as its two ends; the blanks at its edges stay, for spans are put together again."""
    words = text.split()
    if len(words) > longest:
        start = " " if text[0].isspace() else ""
        end = " " if text[-1].isspace() else ""
        text = f"{start}{' '.join(words[:ends])} … {' '.join(words[-ends:])}{end}"
    most = longest * 25  # characters, for "words" that no blank ever ends
    return text if len(text) <= most else f"{text[: most // 2]} … {text[-most // 2 :]}"


def _clipped(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
