"""A located tree → the same tree with `${…}` in its values filled from environment, files and credentials.

It happens after parsing: what a variable holds can never become YAML. Keys are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from monitor.config.diagnostics import Diagnostics
from monitor.config.yaml_tree import Entry, KeyPath, MappingNode, Node, ScalarNode, SequenceNode, dotted, is_text

_MARK = re.compile(r"\$\$|\$\{([^}]*)\}|\$\{")
_VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)
_STORED = re.compile(r"(file|credential):(.+)", re.DOTALL)
_LARGEST = 65_536  # bytes of a secret file


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """Where references find their text."""

    environ: Mapping[str, str]
    folder: Path  # of the configuration file: relative files are looked for here


def interpolate(root: MappingNode, lookup: Lookup, diagnostics: Diagnostics) -> MappingNode:
    """Fill every value; a reference without text is noted and its value marked broken."""
    return _Filler(lookup, diagnostics).table(root, ())


class _Filler:
    def __init__(self, lookup: Lookup, diagnostics: Diagnostics) -> None:
        self._lookup = lookup
        self._diagnostics = diagnostics

    def table(self, table: MappingNode, path: KeyPath) -> MappingNode:
        entries = {
            key: Entry(entry.place, self._node(entry.node, (*path, key))) for key, entry in table.entries.items()
        }
        return replace(table, entries=entries)

    def _node(self, node: Node, path: KeyPath) -> Node:
        if isinstance(node, MappingNode):
            return self.table(node, path)
        if isinstance(node, SequenceNode):
            return replace(node, items=tuple(self._node(item, (*path, at)) for at, item in enumerate(node.items)))
        return self._scalar(node, path) if "$" in node.raw else node

    def _scalar(self, scalar: ScalarNode, path: KeyPath) -> ScalarNode:
        faults: list[str] = []

        def put(mark: re.Match[str]) -> str:
            try:
                return "$" if mark[0] == "$$" else _look_up(mark[1], self._lookup)
            except LookupError as error:
                faults.append(str(error.args[0]))
                return ""

        text = _MARK.sub(put, scalar.raw)
        for fault in faults:
            self._diagnostics.add(scalar.place, dotted(path), fault)
        is_interpolated = any(mark[0] != "$$" for mark in _MARK.finditer(scalar.raw))
        return replace(scalar, text=text, is_interpolated=is_interpolated, has_error=bool(faults))


def _look_up(reference: str | None, lookup: Lookup) -> str:
    """The text a reference stands for; raises LookupError with a sentence that holds no value and no default.

    reference: what stands between the braces; None: they are never closed.
    """
    if reference is None or "${" in reference:
        raise LookupError("a '${' is never closed, or holds another; references cannot be nested")
    variable = _VARIABLE.fullmatch(reference)
    if variable:
        return _variable(variable[1], variable[2], lookup.environ)
    stored = _STORED.fullmatch(reference)
    if stored is None:
        raise LookupError(
            "this is no reference; write ${NAME}, ${NAME:-default}, ${file:/path} or ${credential:name}, "
            "and $${ for the characters themselves"
        )
    if stored[1] == "file":
        return _content(lookup.folder / stored[2], f"${{{reference}}}")
    return _credential(stored[2], lookup.environ)


def _variable(name: str, default: str | None, environ: Mapping[str, str]) -> str:
    """As in a shell: a default also replaces an empty value."""
    found = environ.get(name)
    if not found and default is not None:
        return default
    if found is None:
        raise LookupError(f"the variable {name} is not set; set it, or write ${{{name}:-default}}")
    return _whole(found, f"the variable {name}")


def _credential(name: str, environ: Mapping[str, str]) -> str:
    folder = environ.get("CREDENTIALS_DIRECTORY")
    reference = f"${{credential:{name}}}"
    if "/" in name or name in (".", ".."):
        raise LookupError("a credential is named without a folder, as in ${credential:slack}")
    if not folder:
        raise LookupError(
            f"{reference} needs CREDENTIALS_DIRECTORY; systemd sets it for a unit with LoadCredential={name}:/path"
        )
    return _content(Path(folder) / name, reference)


def _content(path: Path, reference: str) -> str:
    """A small UTF-8 file's text without its last line break."""
    try:
        if path.exists() and not path.is_file():  # a pipe could keep us waiting for ever
            raise LookupError(f"{reference} is no regular file; name one that holds the text")
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise LookupError(f"{reference} cannot be read: {error.strerror}") from error
    except ValueError as error:  # a NUL, or a character the file system cannot spell
        raise LookupError("no file can have this path; write it in plain characters") from error
    if len(content) > _LARGEST:
        raise LookupError(f"{reference} holds more than {_LARGEST} bytes; a secret is a line or two")
    text = _whole(content.decode("utf-8", "surrogateescape"), reference)
    return text[:-1].removesuffix("\r") if text.endswith("\n") else text


def _whole(text: str, what: str) -> str:
    """The text, if all its bytes were UTF-8: others are kept as halves of characters, which nothing can send."""
    if not is_text(text):
        raise LookupError(f"{what} holds bytes that are not UTF-8; save it as UTF-8")
    return text
