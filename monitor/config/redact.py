"""Redact secrets in text of the configuration; excerpts keep their columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

_SCHEME = re.compile(r"[A-Za-z][\w+.-]*://")
_URL = re.compile(r"""([A-Za-z][\w+.-]*://)[^\s"']+""")
_REFERENCE = re.compile(r"\$\{(?:[A-Za-z_]\w*|(?:file|credential):[^}]*)\}")  # no default: that would be a value
_BAD_REFERENCE = re.compile(
    r"\$\{(?!(?:[A-Za-z_]\w*(?::-[^}]*)?|(?:file|credential):[^}]*)(?:\}|$))[^}]+"
)  # perhaps ${TOKEN}
_SECRET_KEY = re.compile(r"""\b(?:url|headers|store|users)["']?\s*:""")
_KEY = re.compile(r"""(?:^|[\s{,\[-])(["']?)([^\s"'{}\[\],:#]+)\1\s*:(?=[\s"'{\[]|$)""")
_PROPERTIES = re.compile(r"^\s*(?:[&*!]\S*\s*)*")  # anchors, aliases and tags before a value
_WORD = re.compile(r"[^\W\d]{1,20}|\D{1,8}")
_NAMED = ("sources", "channels", "watchlists")  # sections whose keys are names of the user's choice
_LISTS_OF_NAMES = ("aliases", "listings")  # keys that hold such names as well
# Every key that a configuration may have, but those that hold secrets; a test compares them with the models.
SETTINGS = frozenset((
    "aliases", "allow_private", "anonymous", "as_of", "base", "between", "body", "case", "categories", "category",
    "channels", "columns", "date", "dates", "delimiter", "digest", "drop", "empty", "encoding", "events", "every",
    "exclude", "expect_every", "fetch", "fields", "files", "first_run", "follow_symlinks", "format", "health",
    "heartbeat", "hosts", "html", "id", "ignore", "inflect", "keep", "keywords", "language", "listen", "listings",
    "map", "match", "max_age", "max_file", "max_per_hour", "max_record", "messages", "min_hits", "mode", "no_match",
    "node", "notify", "on_change", "on_uncertain", "operator", "partial_grace", "path", "pooler", "query", "quiet",
    "rate", "records", "recursive", "regex", "rescan", "retention", "settle", "sources", "state", "tests", "timezone",
    "title", "urgent", "versions", "was", "watch", "watchlists", "web", "when",
))  # fmt: skip
# The values of these and of all below them are secrets.
SECRET_SETTINGS = frozenset(("url", "headers", "store", "users"))
_SECRET_SECTIONS = (("channels",), ("heartbeat",), ("sources", "fetch"))  # but for the open keys
_LIKENESS = 0.8  # of a mistyped setting, as difflib's ratio
_OPEN_KEYS = frozenset((
    "rate", "max_per_hour", "quiet", "digest", "max_age", "on_uncertain", "html", "body", "language", "every", "keep",
    "allow_private",
))  # fmt: skip


def is_secret_place(path: tuple[str | int, ...]) -> bool:
    """Return whether a value at this path may be a secret: any `url` or header, and any key that is no setting."""
    keys = _settings_of(path)
    if keys in (("sources", "map", "url"), ("web", "url")):  # the name of a field; an address that people are told
        return False
    if not SECRET_SETTINGS.isdisjoint(keys) or not all(map(_is_setting, keys)):
        return True
    sections = [keys[: len(section)] == section for section in _SECRET_SECTIONS]
    depth = 2 if sections[-1] else 1
    return any(sections) and not any(key in _OPEN_KEYS for key in keys[depth : depth + 1])


def is_secret_key(path: tuple[str | int, ...]) -> bool:
    """Return whether the last key of this path may be a secret itself: no setting, no name and no plain word."""
    key = str(path[-1])
    is_name = len(_settings_of(path)) == len(_settings_of(path[:-1]))
    return not (
        is_name or key in SECRET_SETTINGS or _is_setting(key) or _WORD.fullmatch(key) or _REFERENCE.fullmatch(key)
    )


def shown_key(key: str) -> str:
    """Return what may be shown of a key that may be a secret."""
    return f"{key[:3]}…"


def _settings_of(path: tuple[str | int, ...]) -> tuple[str, ...]:
    """Return the keys of a path that are no names of the user's choice; merged keys belong to the mapping itself."""
    keys = tuple(key for key in path if isinstance(key, str) and key != "<<")
    if keys[:1] and keys[0] in _NAMED:
        keys = keys[:1] + keys[2:]
    lists = [at for at, key in enumerate(keys) if key in _LISTS_OF_NAMES]
    return keys[: lists[0] + 1] + keys[lists[0] + 2 :] if lists else keys


@lru_cache(maxsize=1024)
def _is_setting(key: str) -> bool:
    """Return whether a key is a setting, or a mistyped one."""
    if key in SETTINGS or not _WORD.fullmatch(key):
        return key in SETTINGS
    from difflib import get_close_matches

    return bool(get_close_matches(key.lower(), SETTINGS, 1, _LIKENESS))


def mask_secret(text: str) -> str:
    """Return what may be shown of a secret: its scheme, or the reference that was written for it."""
    scheme = _SCHEME.match(text)
    start = scheme.group() if scheme else ""
    return text if not text.strip() or text == start or _REFERENCE.fullmatch(text) else f"{start}…"


def mask_urls(text: str) -> str:
    """Mask what follows a `scheme://` in any text, and what is no reference in `${…}`."""
    return _BAD_REFERENCE.sub("${…", _URL.sub(r"\1…", text))


def mask_urls_aligned(line: str) -> str:
    """Mask the same and pad with spaces, so that columns stay the same."""
    line = _URL.sub(lambda match: f"{match[1]}…".ljust(len(match[0])), line)
    return _BAD_REFERENCE.sub(lambda match: "${…".ljust(len(match[0])), line)


def mask_spans(line: str, spans: Iterable[tuple[int, int]]) -> str:
    """Mask the values between these columns of a line, in order, quotes included; columns stay the same."""
    return _replaced(line, spans, _masked)


def without_comment(line: str, values: Iterable[tuple[int, int]]) -> str:
    """Cut a line where its comment begins: at a `#` outside these spans of values, which are in order."""
    at = _replaced(line, values, lambda value: " " * len(value)).find("#")
    return line if at < 0 else line[:at]


def _replaced(line: str, spans: Iterable[tuple[int, int]], replacement: Callable[[str], str]) -> str:
    parts, done = [], 0
    for start, end in spans:
        parts += [line[done:start], replacement(line[start:end])]
        done = end
    return "".join((*parts, line[done:]))


def _masked(value: str) -> str:
    before = value[:1] if value[:1] in ("'", '"') else ""
    after = value[-1:] if len(value) > 1 and value[-1:] in ("'", '"') else ""
    inner = value[len(before) : len(value) - len(after)]
    return f"{before}{mask_secret(inner)}{after}".ljust(len(value))


def may_be_secret(lines: Sequence[str]) -> bool:
    """Return whether the last of these lines may be, or may continue, a secret.

    So it is below `url`, `headers`, `users` or the value of no setting, by its indentation; or it has no key and is
    below no setting.
    """
    depth, parent = _indentation(lines[-1]), ""
    for line in reversed(lines[:-1]):
        if line.strip() and _indentation(line) < depth:
            depth = _indentation(line)
            if _SECRET_KEY.search(line) or _secret_value(line) is not None:
                return True
            parent = parent or line
    is_key = _KEY.search(lines[-1]) or _SECRET_KEY.search(lines[-1])
    is_below_setting = any(_is_setting(found[2]) for found in _KEY.finditer(parent))
    return not (is_key or is_below_setting or any(map(_is_setting, re.findall(r"\w+", lines[-1]))))


def mask_unparsed(line: str, *, is_inside_secret: bool) -> str:
    """Cut a line that cannot be parsed where a comment or a secret could begin.

    is_inside_secret: the line may be a secret, or continue one.
    """
    if is_inside_secret:
        return "…"
    line = line.partition("#")[0]
    secret = _secret_value(line)
    ends = [found.end() for found in (_SECRET_KEY.search(line), _SCHEME.search(line)) if found]
    ends += [] if secret is None else [secret]
    return line[: min(ends)] + "…" if ends else mask_urls(line)


def _secret_value(line: str) -> int | None:
    """Return where the value of a key begins that is no setting; keys below it are no such value."""
    for found in _KEY.finditer(line):
        value = _PROPERTIES.sub("", line[found.end() :])
        is_open = not value.strip(" [#") or value[0] in "{#" or _SCHEME.match(value)
        if not is_open and not _is_setting(found[2]):
            return found.end() if _WORD.fullmatch(found[2]) else found.start(2)
    return None


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())
