"""Configuration text → the same text with secrets taken out, every other column where it was."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SCHEME = re.compile(r"[A-Za-z][\w+.-]*://")
_URL = re.compile(r"""([A-Za-z][\w+.-]*://)[^\s"']+""")
_REFERENCE = re.compile(r"\$\{(?:[A-Za-z_]\w*|(?:file|credential):[^}]*)\}")  # no default: that would be a value
_URL_KEY = re.compile(r"""\burl["']?\s*:""")
_NAMED = ("sources", "channels", "watchlists")  # under these the user's own names follow, which are no keys
_OPEN_KEYS = ("rate", "max_per_hour", "quiet", "digest", "max_age", "on_uncertain", "html", "every")


def is_secret_place(path: tuple[str | int, ...]) -> bool:
    """Whether a value at this path may be a secret: any `url`, and beside one whatever could be a mistyped one."""
    path = tuple(key for key in path if key != "<<")  # what is merged stands in the table itself
    keys = path[:1] + path[2:] if path[:1] and path[0] in _NAMED else path
    if "url" in keys:
        return True
    return path[:1] in (("channels",), ("heartbeat",)) and not any(key in _OPEN_KEYS for key in keys[1:2])


def mask_secret(text: str) -> str:
    """All that may be shown of a secret: its scheme, or the reference that stands for it."""
    scheme = _SCHEME.match(text)
    start = scheme.group() if scheme else ""
    return text if not text.strip() or text == start or _REFERENCE.fullmatch(text) else f"{start}…"


def mask_urls(text: str) -> str:
    """Any text without what follows a `scheme://`."""
    return _URL.sub(r"\1…", text)


def mask_urls_aligned(line: str) -> str:
    """As `mask_urls`, filled up with blanks so that columns stay true."""
    return _URL.sub(lambda match: f"{match[1]}…".ljust(len(match[0])), line)


def mask_span(line: str, start: int, end: int) -> str:
    """One line with the secret value from start to end, quotes included, made unreadable; columns stay true."""
    value = line[start:end]
    before = value[:1] if value[:1] in ("'", '"') else ""
    after = value[-1:] if len(value) > 1 and value[-1:] in ("'", '"') else ""
    inner = value[len(before) : len(value) - len(after)]
    return line[:start] + f"{before}{mask_secret(inner)}{after}".ljust(len(value)) + line[end:]


def is_below_url(lines: Sequence[str]) -> bool:
    """Whether the last of these lines stands, by its indentation, below a line that holds a `url`."""
    depth = _indentation(lines[-1])
    for line in reversed(lines[:-1]):
        if line.strip() and _indentation(line) < depth:
            depth = _indentation(line)
            if _URL_KEY.search(line):
                return True
    return False


def mask_unparsed(line: str, *, is_inside_secret: bool) -> str:
    """A line that no parser understood: it ends where a secret could begin.

    is_inside_secret: the line may go on with a `url` from further up.
    """
    ends = [match.end() for match in (_URL_KEY.search(line), _SCHEME.search(line)) if match]
    if ends:
        return line[: min(ends)] + "…"
    return "…" if is_inside_secret else line


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())
