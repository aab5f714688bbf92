"""Redact secrets in text of the configuration; excerpts keep their columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SCHEME = re.compile(r"[A-Za-z][\w+.-]*://")
_URL = re.compile(r"""([A-Za-z][\w+.-]*://)[^\s"']+""")
_REFERENCE = re.compile(r"\$\{(?:[A-Za-z_]\w*|(?:file|credential):[^}]*)\}")  # no default: that would be a value
_URL_KEY = re.compile(r"""\burl["']?\s*:""")
_NAMED = ("sources", "channels", "watchlists")  # sections whose keys are names of the user's choice
_OPEN_KEYS = ("rate", "max_per_hour", "quiet", "digest", "max_age", "on_uncertain", "html", "every")


def is_secret_place(path: tuple[str | int, ...]) -> bool:
    """Return whether a value at this path may be a secret: any `url`, and any key that may be a mistyped one."""
    path = tuple(key for key in path if key != "<<")  # merged keys belong to the mapping itself
    keys = path[:1] + path[2:] if path[:1] and path[0] in _NAMED else path
    if "url" in keys:
        return True
    return path[:1] in (("channels",), ("heartbeat",)) and not any(key in _OPEN_KEYS for key in keys[1:2])


def mask_secret(text: str) -> str:
    """Return what may be shown of a secret: its scheme, or the reference that was written for it."""
    scheme = _SCHEME.match(text)
    start = scheme.group() if scheme else ""
    return text if not text.strip() or text == start or _REFERENCE.fullmatch(text) else f"{start}…"


def mask_urls(text: str) -> str:
    """Mask what follows a `scheme://` in any text."""
    return _URL.sub(r"\1…", text)


def mask_urls_aligned(line: str) -> str:
    """Mask URLs and pad with spaces, so that columns stay the same."""
    return _URL.sub(lambda match: f"{match[1]}…".ljust(len(match[0])), line)


def mask_span(line: str, start: int, end: int) -> str:
    """Mask the value between two columns of a line, quotes included; columns stay the same."""
    value = line[start:end]
    before = value[:1] if value[:1] in ("'", '"') else ""
    after = value[-1:] if len(value) > 1 and value[-1:] in ("'", '"') else ""
    inner = value[len(before) : len(value) - len(after)]
    return line[:start] + f"{before}{mask_secret(inner)}{after}".ljust(len(value)) + line[end:]


def is_below_url(lines: Sequence[str]) -> bool:
    """Return whether the last of these lines is, by its indentation, below a line with a `url`."""
    depth = _indentation(lines[-1])
    for line in reversed(lines[:-1]):
        if line.strip() and _indentation(line) < depth:
            depth = _indentation(line)
            if _URL_KEY.search(line):
                return True
    return False


def mask_unparsed(line: str, *, is_inside_secret: bool) -> str:
    """Cut a line that cannot be parsed where a secret could begin.

    is_inside_secret: the line may continue a `url` of an earlier line.
    """
    ends = [match.end() for match in (_URL_KEY.search(line), _SCHEME.search(line)) if match]
    if ends:
        return line[: min(ends)] + "…"
    return "…" if is_inside_secret else line


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())
