"""Render a message as blocks of Slack: a header, and for each release its facts, its text and its links.

Pure. Scraped text passes `mrkdwn`, so that nothing in it is markup, a mention, an emoji or a link. The limits are those
of https://docs.slack.dev/reference/block-kit/blocks, and one for the message as a whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from monitor.model import Item, Message
from monitor.notify import render
from monitor.notify.excerpts import Span, body, further_snippets, lead, spans_of
from monitor.notify.message_limit import SLACK_LENGTH, utf16_units
from monitor.notify.redline import MAX_HUNKS, Hunk, Marks, hunks, marked, unshown_figures
from monitor.notify.words import Words, words_of
from monitor.text import neutralise, spaced

MAX_BLOCKS = 50
MAX_HEADER = 150
MAX_SECTION = 3_000
_MAX_LINE = 2_900  # as Slack counts; some room is left for a mark that is closed
_MAX_TITLE = 300
_MAX_LINK = 1_200  # with its escapes
_MAX_FACT = 200
_MAX_TEXT = 2_000
_MAX_PAIRS = 12
_DETAILS = (None, 60, 40, 24, 16, 12, 8, 6, 5, 4, 3, 2, 1, 0)
_TITLES = (160, *range(152, 11, -4))
_GAP = "\u200b"  # Slack takes a mark for one only at the edge of a word; Korean words go on behind a hit
# What Slack would read as markup, and a character that looks like it. A backslash would not help there.
_LOOK_ALIKES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "*": "∗", "~": "∼", "`": "'"})
_ITALIC = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_EMOJI = re.compile(r":(?=[\w+'-]+:)")
_MARKS = Marks(
    deleted=f"{_GAP}~{{}}~{_GAP}".format, inserted=f"{_GAP}*{{}}*{_GAP}".format, hit=f"{_GAP}*{{}}*{_GAP}".format
)
_ENTITY = re.compile(r"&\w{0,3}$")

Block = dict[str, Any]


def payload(message: Message) -> dict[str, Any]:
    """Return what Slack gets: `text` for notifications, and the blocks, as full as they fit."""
    blocks: list[Block] = []
    for blocks in _forms(message):
        if _is_accepted(blocks):
            break
    text = mrkdwn(render.subject(message))
    return {"text": text, "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def with_blocks(request: dict[str, Any], message: Message) -> dict[str, Any]:
    """Return what a plugin is about to post, with blocks for its attachment; other requests stay as they are."""
    if "attachments" not in request:
        return request
    kept = {name: value for name, value in request.items() if name not in ("attachments", "mrkdwn")}
    return kept | payload(message)


def fits_blocks(message: Message) -> bool:
    """Return whether one message of Slack shows all items in full."""
    return _is_accepted(next(_forms(message)))


def mrkdwn(text: str) -> str:
    r"""Return scraped text as one line that Slack shows as it is; edges keep a space.

    >>> mrkdwn("<!channel> & *5* ~ a_b _c_ :skull:").encode("ascii", "backslashreplace")
    b'&lt;!channel&gt; &amp; \\u22175\\u2217 \\u223c a_b \\u02cdc\\u02cd :\\u200bskull:'
    """
    shown = _EMOJI.sub(f":{_GAP}", _ITALIC.sub("ˍ", spaced(text).translate(_LOOK_ALIKES)))
    return _GAP + shown if shown.startswith("&gt;") else shown  # Slack quotes a line that begins with it


def bold(text: str) -> str:
    """Return scraped text in bold."""
    inner = mrkdwn(neutralise(text))
    return _MARKS.hit(inner) if inner else ""


def _link(address: str, text: str) -> str:
    """Return a link; the text alone where there is no address, or one that Slack has no room for."""
    escaped = address.replace("&", "&amp;")
    shown = text.replace("|", "∣")  # it ends the address
    return f"<{escaped}|{shown}>" if address and len(escaped) <= _MAX_LINK else text


# --- blocks ------------------------------------------------------------------------------------------------------


def _is_accepted(blocks: Sequence[Block]) -> bool:
    return len(blocks) <= MAX_BLOCKS and utf16_units(json.dumps(blocks, ensure_ascii=False)) <= SLACK_LENGTH


def _header(message: Message) -> Block:
    """Return the heading; hostile text grows when it is made harmless, so less of it fits."""
    headings = (render.escape_chat_markup(render.subject(message, most=most)) for most in range(MAX_HEADER, 0, -5))
    heading = next(one for one in headings if utf16_units(one) <= MAX_HEADER)
    return {"type": "header", "text": {"type": "plain_text", "text": heading, "emoji": False}}


def _context(parts: Sequence[str]) -> Block:
    """Return a line in small print."""
    elements = [{"type": "mrkdwn", "text": part, "verbatim": True} for part in parts if part]
    return {"type": "context", "elements": elements}


def _sections(lines: Sequence[str]) -> Iterator[Block]:
    """Yield as few sections as hold the lines; each shows all of itself."""
    held: list[str] = []
    room = MAX_SECTION
    for line in lines:
        size = utf16_units(line) + 1
        if held and size > room:
            yield _section(held)
            held, room = [], MAX_SECTION
        held.append(line)
        room -= size
    if any(line.strip() for line in held):
        yield _section(held)


def _section(lines: Sequence[str]) -> Block:
    text = {"type": "mrkdwn", "text": "\n".join(lines), "verbatim": True}
    return {"type": "section", "text": text, "expand": True}  # without it Slack folds a long text


def _broken(line: str) -> Iterator[str]:
    """Yield a line in pieces that fit into a section; a mark that is open at the end of one is closed and opened."""
    most = _MAX_LINE if utf16_units(line) == len(line) else _MAX_LINE // 2  # characters
    while len(line) > most:
        cut = line.rfind(" ", 0, most) + 1 or len(_ENTITY.sub("", line[:most]))
        piece, line = line[:cut].rstrip(), line[cut:]
        for mark in "*~":
            if piece.count(mark) % 2:
                piece, line = f"{piece}{mark}", f"{mark}{line}"
        yield piece
    yield line


# --- messages ----------------------------------------------------------------------------------------------------


def _forms(message: Message) -> Iterator[list[Block]]:
    """Yield the blocks in full, and then in ever shorter forms, as `plain_text` does."""
    header, words = _header(message), words_of(message.language)
    if not message.items:
        lines = [piece for line in _system_lines(message, header) for piece in _broken(mrkdwn(line))]
        yield from ([header, *_sections(lines[:most])] for most in (len(lines), *range(min(len(lines), 40), -1, -5)))
        return
    if message.kind != "summary":
        yield from _detailed_forms(message, header, words)
    line = partial(_summary_line, page=message.page, words=words)
    yield from ([header, *_sections([line(item, most=most) for item in message.items])] for most in _TITLES)
    names = [mrkdwn(render.truncate(neutralise(item.title), _TITLES[-1]) or words.no_title) for item in message.items]
    yield [header, *_sections(names)]
    for count in range(len(names) - 1, -1, -10):
        left = mrkdwn(render.omitted_note(len(names) - count, message.page, words))
        yield [header, *_sections([*names[:count], left])]


def _system_lines(message: Message, header: Block) -> list[str]:
    """Return the lines below the header, and the first one too where the header cuts it."""
    first = render.first_line(message)
    is_shown = render.escape_chat_markup(first) in header["text"]["text"]
    return [*([] if is_shown else [first]), *render.further_lines(message)]


def _detailed_forms(message: Message, header: Block, words: Words) -> Iterator[list[Block]]:
    """Yield the items with all their details, and then with the first ones of each."""
    is_single = len(message.items) == 1
    is_titled = not is_single or not _names_title(header, message.items[0])
    above = [header] if is_single else [header, _context([mrkdwn(render.overview(message))])]
    rendered = [_rendered(item, message, words, is_titled=is_titled) for item in message.items]
    for most in _DETAILS:
        blocks = list(above)
        for one in rendered:
            blocks += [] if is_single else [{"type": "divider"}]
            cut = ["…"] if most is not None and len(one.details) > most else []
            blocks += [one.facts, *_sections([*one.title, *one.details[:most], *cut])]
        yield blocks


class _RenderedItem(NamedTuple):
    """An item in its parts."""

    facts: Block
    title: list[str]  # empty where the header shows it
    details: list[str]  # lines that fit into a section


def _rendered(item: Item, message: Message, words: Words, *, is_titled: bool) -> _RenderedItem:
    return _RenderedItem(
        facts=_context(_facts(item, message, words, is_linked=not is_titled)),
        title=[_title(item, words, message.page)] if is_titled else [],
        details=[piece for line in _detail_lines(item, message, words) for piece in _broken(line)],
    )


def _names_title(header: Block, item: Item) -> bool:
    """Return whether the header shows the whole title of an item, which then need not be said twice."""
    return bool(item.title) and render.escape_chat_markup(neutralise(item.title)) in header["text"]["text"]


def _title(item: Item, words: Words, page: str) -> str:
    title = render.truncate(neutralise(item.title), _MAX_TITLE) or words.no_title
    return f"*{_link(render.link(item) or render.release_link(item.release, page), mrkdwn(title))}*"


def _facts(item: Item, message: Message, words: Words, *, is_linked: bool) -> list[str]:
    """Return kind, day, category, source and dump, and then the links."""
    day = words.day(item.date) if item.date else words.undated
    is_said = len(message.items) > 1 and render.common_dump(message)
    origin = (item.source or message.source, "" if is_said else item.dump)
    facts = (words.kind(item.kind).upper(), day, item.category or "", *origin)
    shown = [mrkdwn(render.truncate(neutralise(fact), _MAX_FACT)) for fact in facts]
    page = render.release_link(item.release, message.page)
    command = mrkdwn(render.pointer(item.release))
    own = _link(page, mrkdwn(words.release.format(item.release))) if page else f"`{command}`"
    link = render.link(item) if is_linked else ""
    published = _link(link, mrkdwn(link.split("/")[2])) if link else ""
    return [" · ".join(filter(None, (f"*{shown[0]}*", *shown[1:]))), " · ".join(filter(None, (published, own)))]


def _summary_line(item: Item, most: int, page: str, words: Words) -> str:
    kind, day = words.kind(item.kind).upper(), words.day(item.date) if item.date else words.undated
    title = mrkdwn(render.truncate(neutralise(item.title), most) or words.no_title)
    address = render.release_link(item.release, page)
    own = _link(address, title) if address else f"{title} · `{render.pointer(item.release)}`"
    return f"• *{mrkdwn(kind)}* {day} {own}"


def _detail_lines(item: Item, message: Message, words: Words) -> Iterator[str]:
    """Yield what changed, how the text goes, what matched and what is related, as `plain_text` does."""
    places = hunks(item.edits)
    shown = places[:MAX_HUNKS]
    yield from (f"> {_hunk(hunk, words)}" for hunk in shown)
    if len(places) > len(shown):
        yield f"> {mrkdwn(words.more_places.format(len(places) - len(shown)))}"
    if unshown := unshown_figures(item, shown):
        pairs = [f"{mrkdwn(old)} → {mrkdwn(new)}" for old, new in render.figures(unshown, words)]
        yield f"{words.figures}: {render.joined(pairs, _MAX_PAIRS, words.more_listed)}"
    yield from map(mrkdwn, render.notes(item, words))
    text = replace(item, body=item.body[:SLACK_LENGTH])
    yield from filter(None, map(_quoted, body(text) if text.body else [lead(item, shown)]))
    for one in further_snippets(item, shown):
        yield _quoted(spans_of(one))
    yield _matched(item, words)
    yield from _related(item, message, words)


def _hunk(hunk: Hunk, words: Words) -> str:
    """Return a changed place, with removed words struck out and added ones bold."""
    label = words.field(hunk.field)
    edits = [replace(edit, old=edit.old[:_MAX_TEXT], new=edit.new[:_MAX_TEXT]) for edit in words.dated(hunk.edits)]
    text = marked(edits, _MARKS, clean=mrkdwn).strip().replace(f"~{_GAP}{_GAP}*", "~ *")
    return f"{label and mrkdwn(label) + ': '}{text}"


def _quoted(spans: Iterable[Span]) -> str:
    """Return scraped text on one line, with its hits in bold."""
    return "".join(bold(text) if is_hit else mrkdwn(text) for text, is_hit in spans).strip()


def _matched(item: Item, words: Words) -> str:
    found = ", ".join(filter(None, (bold(word).strip(_GAP) for word in item.words)))
    names = mrkdwn(", ".join(map(neutralise, render.match_counts(item))))
    return f"{words.matched}: {found} [{names}]" if found else f"{words.watchlists}: {names}"


def _related(item: Item, message: Message, words: Words) -> Iterator[str]:
    for twin in item.twins:
        address = render.release_link(twin.number, message.page)
        yield f"{words.resembles}: {_link(address, f'{twin.number} “{mrkdwn(neutralise(twin.title))}”')}"
    if numbers := render.untitled(item):
        yield f"{words.resembles}: {render.joined([*map(str, numbers)], _MAX_PAIRS, words.more_listed)}"
