"""A message → the HTML page of a mail: one column, inline styles, nothing that is fetched from anywhere.

Pure. Every scraped word is neutralised and then escaped by `_safe`; markup stands in this file and nowhere else. Both
colours of every coloured thing are set, so it reads well on a light and on a dark ground even where a mail program
drops the style sheet, which only adds a dark dress.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from monitor.model import Edit, Item, Kind, Message, Snippet
from monitor.notify.redline import Hunk, hunks
from monitor.notify.render import (
    Block,
    clipped,
    counted,
    evidence,
    figures,
    fitted,
    further_lines,
    heading,
    matching,
    more,
    named,
    neutralise,
    pointer,
    sections,
    spaced,
    subject,
)

ROOM = 90_000  # bytes of UTF-8; widespread mail programs hide what comes after 102 kB
_HUNKS_MOST = 12
_FIGURES_MOST = 12
_PREVIEW_LONGEST = 140
_FIGURE = re.compile(r"(\d[\d.,:/]*(?:\d|%)|\d%?)")
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")

_FONT = (
    "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,'Helvetica Neue',Arial,"
    "'Apple SD Gothic Neo','Malgun Gothic','Noto Sans KR','Noto Sans CJK KR',sans-serif"
)
_MONO = "font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono',monospace"
_WRAP = "word-wrap:break-word;overflow-wrap:anywhere"
_DIM = "color:#57606a"
_CODE = (
    f'class="code" style="{_MONO};font-size:12px;background:#eef0f3;color:#3a424b;padding:2px 6px;border-radius:4px"'
)
_TINT = "padding:1px 2px;border-radius:3px"
_DEL = f'class="del" style="background:#ffdcd9;color:#8a1620;text-decoration:line-through;{_TINT}"'
_INS = f'class="ins" style="background:#cdf2d6;color:#0b4a20;text-decoration:none;{_TINT}"'
_HIT = f'class="hit" style="background:#ffef9e;color:#3b2f00;{_TINT}"'
_PILLS = {  # white on each of them has a contrast of 5 or more
    Kind.NEW: "#19703e",
    Kind.CHANGED: "#8f5200",
    Kind.COMPLETED: "#1d5fbf",
    Kind.ENRICHED: "#6a4bbd",
    Kind.WITHDRAWN: "#b3261e",
    Kind.REAPPEARED: "#0c6b75",
}
_OTHER_PILL = "#57606a"
_DARK = (
    "[lang=ko]{word-break:keep-all}@media (prefers-color-scheme:dark){"
    ".ground{background:#111316!important}"
    ".card{background:#1c1f23!important;color:#e6e8eb!important;border-color:#2f343a!important}"
    ".row{border-color:#2f343a!important}"
    ".dim{color:#a4acb6!important}"
    ".quote{border-color:#4a525c!important}"
    ".lines{background:#24282d!important}"
    ".code{background:#2a2f35!important;color:#c9d0d8!important}"
    ".del{background:#57191d!important;color:#ffc7c2!important}"
    ".ins{background:#12432a!important;color:#b6f0c8!important}"
    ".hit{background:#5a4a00!important;color:#ffeea3!important}"
    "}"
)


def page(message: Message) -> str:
    """A whole document; where ROOM runs out, items shrink to their headlines, and what still does not fit is counted.

    No scraped word can add or end an element or an attribute.
    """
    rows = _rows(message) if message.items else [_note_row(message)]
    preview = " · ".join(item.title for item in message.items[:3]) or " ".join(further_lines(message))
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f'<meta name="color-scheme" content="light dark">\n<meta name="supported-color-schemes" content="light dark">\n'
        f"<title>{_safe(subject(message))}</title>\n<style>:root{{color-scheme:light dark}}{_DARK}</style>\n</head>\n"
        f'<body class="ground" style="margin:0;padding:0;background:#f3f4f6">\n'
        f'<div style="display:none;max-height:0;overflow:hidden">{_safe(clipped(preview, _PREVIEW_LONGEST))}</div>\n'
        f'<table role="presentation" class="ground" width="100%" cellpadding="0" cellspacing="0" border="0" '
        f'style="background:#f3f4f6"><tr><td align="center" style="padding:20px 8px">\n'
        f'<table role="presentation" class="card" width="640" cellpadding="0" cellspacing="0" border="0" '
        f'style="width:100%;max-width:640px;table-layout:fixed;background:#ffffff;color:#1f2328;'
        f"border:1px solid #dfe3e8;border-radius:10px;border-collapse:separate;"
        f'text-align:left;{_FONT};font-size:15px;line-height:1.55;{_WRAP}">\n'
        + "\n".join(rows)
        + f"\n{_foot(message)}\n</table>\n</td></tr></table>\n</body>\n</html>\n"
    )


def _rows(message: Message) -> list[str]:
    blocks = list(_blocks(message))
    texts, left = fitted(blocks, ROOM, size=lambda text: len(text.encode()))
    return [
        _head(message),
        *texts,
        *([_row(f'<p class="dim" style="margin:0;{_DIM}">{_safe(more(left))}</p>')] * bool(left)),
    ]


def _head(message: Message) -> str:
    label = heading(message)
    above = f'<p class="dim" style="margin:0 0 4px;font-size:13px;{_DIM}">{_safe(label)}</p>' if label else ""
    sources = list(dict.fromkeys(item.source for item in message.items if item.source)) or [message.source]
    part = f" · part {message.part} of {message.parts}" if message.parts > 1 else ""
    below = f"{', '.join(map(neutralise, sources))} · {named(message.items)}{part}"
    what = counted(message.items) + (" release" if len(message.items) == 1 else "")
    return (
        f'<tr><td style="padding:22px 26px 18px">{above}'
        f'<h1 style="margin:0;font-size:22px;line-height:1.3;font-weight:700">{_safe(what)}</h1>'
        f'<p class="dim" style="margin:4px 0 0;font-size:13px;{_DIM}">{_safe(below)}</p></td></tr>'
    )


def _note_row(message: Message) -> str:
    lines = "<br>".join(map(_safe, further_lines(message)))
    return (
        '<tr><td style="padding:22px 26px 18px">'
        f'<h1 style="margin:0;font-size:19px;line-height:1.35;font-weight:700">'
        f"{_safe(subject(message).removeprefix('[monitor] '))}</h1>"
        + (f'<p style="margin:12px 0 0">{lines}</p>' if lines else "")
        + "</td></tr>"
    )


def _foot(message: Message) -> str:
    told = (
        ""
        if message.kind == "summary" or not message.items
        else (f"<code {_CODE}>monitor show NUMBER</code> prints a release whole, with its history.<br>")
    )
    return _row(
        f'<p class="dim" style="margin:0;font-size:12px;line-height:1.7;{_DIM}">{told}'
        f"Sent by monitor to the channel {_safe(message.channel)}.</p>"
    )


def _blocks(message: Message) -> Iterator[Block]:
    """The items in order; the heading of a source belongs to the first item below it."""
    for source, items in sections(message):
        above = _source_row(source, items) if source else ""
        level = "h3" if source else "h2"
        for item in items:
            line = _line_row(item)
            full = line if message.kind == "summary" else _row("".join(_parts(item, level)))
            yield Block(full=above + full, short=above + line)
            above = ""


def _source_row(source: str, items: Sequence[Item]) -> str:
    return (
        f'<tr><td class="row lines" style="padding:9px 26px;border-top:1px solid #e4e7eb;background:#f6f7f9">'
        f'<h2 style="margin:0;font-size:14px;line-height:1.4;font-weight:700">{_safe(source)} '
        f'<span class="dim" style="font-weight:400;{_DIM}">{_safe(counted(items))}</span></h2></td></tr>'
    )


def _row(inner: str) -> str:
    return f'<tr><td class="row" style="padding:18px 26px;border-top:1px solid #e4e7eb">{inner}</td></tr>'


def _line_row(item: Item) -> str:
    return (
        f'<tr><td class="row" style="padding:9px 26px;border-top:1px solid #e4e7eb">{_pill(item.kind)} '
        f'<span class="dim" style="font-size:13px;{_DIM}">{_day(item)}</span> '
        f"<span{_tongue(item.title)}>{_title(item)}</span> <code {_CODE}>{pointer(item.release)}</code></td></tr>"
    )


def _parts(item: Item, level: str) -> Iterator[str]:
    category = f" · {_safe(item.category)}" if item.category else ""
    yield f'<p class="dim" style="margin:0;font-size:13px;{_DIM}">{_pill(item.kind)}&nbsp; {_day(item)}{category}</p>'
    style = "margin:7px 0 0;font-size:18px;line-height:1.35;font-weight:700"
    yield f'<{level}{_tongue(item.title)} style="{style}">{_title(item)}</{level}>'
    yield _matched(item)
    yield from (_quoted(snippet) for snippet in item.snippets if snippet.field != "title")
    yield from _redlined(item)
    yield from _because(item)
    yield f'<p style="margin:12px 0 0"><code {_CODE}>{pointer(item.release)}</code></p>'


def _pill(kind: Kind) -> str:
    ground = _PILLS.get(kind, _OTHER_PILL)
    return (
        f'<span style="display:inline-block;padding:1px 9px;border-radius:9px;background:{ground};color:#ffffff;'
        f'font-size:11px;line-height:18px;font-weight:700;letter-spacing:.06em">{kind.value.upper()}</span>'
    )


def _day(item: Item) -> str:
    return item.date.isoformat() if item.date else "undated"


def _title(item: Item) -> str:
    return _safe(item.title) or "(no title)"


def _matched(item: Item) -> str:
    words = ", ".join(f"<strong{_tongue(word)}>{_safe(word)}</strong>" for word in item.words)
    names = _safe(", ".join(matching(item)))
    told = f"matched {words} · {names}" if words else f"watchlists: {names}"
    return f'<p class="dim" style="margin:4px 0 0;font-size:13px;{_DIM}">{told}</p>'


def _quoted(snippet: Snippet) -> str:
    label = "" if snippet.field == "body" else _label(snippet.field)
    text = snippet.before + snippet.hit + snippet.after
    style = "margin:10px 0 0;padding:0 0 0 12px;border-left:3px solid #cfd5dc"
    return (
        f'<p{_tongue(text)} class="quote" style="{style}">{label}{_edged(snippet.before)}'
        f"<mark {_HIT}>{_safe(snippet.hit)}</mark>{_edged(snippet.after)}</p>"
    )


def _redlined(item: Item) -> Iterator[str]:
    every = hunks(item.edits)
    if not every:
        return
    shown = [_hunk(hunk) for hunk in every[:_HUNKS_MOST]]
    if len(every) > _HUNKS_MOST:
        shown.append(f'<p class="dim" style="margin:6px 0;{_DIM}">… and {len(every) - _HUNKS_MOST} more places</p>')
    style = "margin:12px 0 0;padding:5px 14px;background:#f6f7f9;border-radius:8px"
    yield f'<div class="lines" style="{style}">{"".join(shown)}</div>'


def _hunk(hunk: Hunk) -> str:
    label = "" if hunk.field == "body" else _label(hunk.field)
    words = "".join(map(_stroke, hunk.edits))
    return f'<p{_tongue("".join(edit.new for edit in hunk.edits))} style="margin:6px 0">{label}{words}</p>'


def _stroke(edit: Edit) -> str:
    """Words that stayed as they are; others struck out, put in, or both, with the blanks around them outside."""
    if edit.op == "keep":
        return _edged(edit.new)
    gone, come = edit.old.strip(), edit.new.strip()
    marked = [f"<del {_DEL}>{_bold_figures(gone)}</del>"] if gone else []
    marked += [f"<ins {_INS}>{_bold_figures(come)}</ins>"] if come else []
    sides = [side for side in (edit.old, edit.new) if side]
    start = " " if any(side[0].isspace() for side in sides) else ""
    end = " " if any(side[-1].isspace() for side in sides) else ""
    return start + " ".join(marked) + end


def _because(item: Item) -> Iterator[str]:
    if item.numbers:
        told = _listed(_figure(old, new) for old, new in figures(item))
        yield f'<p style="margin:10px 0 0;font-size:14px">{_label("figures")}{told}</p>'
    if evidence(item):
        told = f"{_EVIDENCE.get(item.kind, 'why')}: {evidence(item)}"
        yield f'<p dir="auto" class="dim" style="margin:8px 0 0;font-size:13px;{_DIM}">{_safe(told)}</p>'
    yield from (f'<p style="margin:8px 0 0;font-size:14px">{line}</p>' for line in _resembling(item))


def _resembling(item: Item) -> Iterator[str]:
    yield from (_label("resembles") + _twin(twin.number, twin.title) for twin in item.twins)
    told = {twin.number for twin in item.twins}
    numbers = [str(number) for number in item.related if number not in told]
    if numbers:
        yield _label("resembles") + ", ".join(numbers)


_EVIDENCE = dict.fromkeys((Kind.CHANGED, Kind.COMPLETED, Kind.ENRICHED, Kind.REAPPEARED), "same release")


def _label(word: str) -> str:
    return f'<span class="dim" style="font-size:13px;{_DIM}">{_safe(word)}:</span> '


def _figure(old: str, new: str) -> str:
    return f"<del {_DEL}>{_safe(old)}</del> → <ins {_INS}><strong>{_safe(new)}</strong></ins>"


def _listed(words: Iterable[str]) -> str:
    every = list(words)
    surplus = [f"{len(every) - _FIGURES_MOST} more"] if len(every) > _FIGURES_MOST else []
    return ", &nbsp;".join([*every[:_FIGURES_MOST], *surplus])


def _twin(number: int, title: str) -> str:
    return f"<span{_tongue(title)}>“{_safe(title)}”</span> <code {_CODE}>{pointer(number)}</code>"


def _bold_figures(text: str) -> str:
    pieces = _FIGURE.split(neutralise(text))  # figures at the odd places
    return "".join(f"<strong>{_safe(piece)}</strong>" if n % 2 else escape(piece) for n, piece in enumerate(pieces))


def _tongue(text: str) -> str:
    """Attributes of an element that holds scraped text: its language where the script tells, its own direction."""
    return ' lang="ko" dir="auto"' if _HANGUL.search(text) else ' dir="auto"'


def _safe(text: str) -> str:
    return escape(neutralise(text))


def _edged(text: str) -> str:
    return escape(spaced(text))
