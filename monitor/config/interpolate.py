"""Replace `${…}` in the values of a configuration from the environment, files and credentials.

This happens after parsing, so that the value of a variable can never become YAML. Keys are left unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from monitor.config.diagnostics import Diagnostics
from monitor.config.yaml_tree import KeyPath, MappingNode, ScalarNode, dotted, is_text, mapped, walk

_REFERENCE = re.compile(r"\$\$|\$\{([^}]*)\}|\$\{")
_VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)
_STORED = re.compile(r"(file|credential):(.+)", re.DOTALL)
_LARGEST = 65_536  # bytes of a secret file


def interpolate(
    root: MappingNode, diagnostics: Diagnostics, *, environ: Mapping[str, str], folder: Path
) -> MappingNode:
    """Fill in all values; a reference that fails is reported, and its value has an error from then on.

    folder: the folder of the configuration file; relative file names start there. What is withheld stays as it is.
    """

    def filled(node: ScalarNode, path: KeyPath) -> ScalarNode:
        has_reference = "$" in node.raw and not node.is_withheld
        return _scalar(node, path, diagnostics, environ, folder) if has_reference else node

    return mapped(root, filled)


def filled_text(text: str, *, environ: Mapping[str, str], folder: Path) -> str:
    """Return a text with the values of its references in it. Raises LookupError with a message that shows no value."""
    return _REFERENCE.sub(lambda found: "$" if found[0] == "$$" else _value(found[1], environ, folder), text)


def references_in(node: ScalarNode) -> list[str]:
    """Return the text between the braces of each `${…}` of a value; empty for one that is never closed."""
    return [found[1] or "" for found in _REFERENCE.finditer(node.raw) if found[0] != "$$"]


def variable_in(reference: str) -> str:
    """Return the name of the variable whose value a reference is replaced by, or of which that depends; "": of none."""
    found = _VARIABLE.fullmatch(reference)
    return found[1] if found else "CREDENTIALS_DIRECTORY" if reference.startswith("credential:") else ""


def referenced_files(root: MappingNode, *, environ: Mapping[str, str], folder: Path) -> Iterator[Path]:
    """Yield the files whose content `interpolate` fills in, whether or not they exist; none of them is read."""
    nodes = (node for _, _, node in walk(root) if isinstance(node, ScalarNode) and not node.is_withheld)
    for reference in (one for node in nodes for one in references_in(node)):
        stored = _STORED.fullmatch(reference)
        if stored and not _VARIABLE.fullmatch(reference):
            with suppress(LookupError):
                yield _stored_file(stored, environ, folder)


def _scalar(
    scalar: ScalarNode, path: KeyPath, diagnostics: Diagnostics, environ: Mapping[str, str], folder: Path
) -> ScalarNode:
    text, end, has_error, is_interpolated = "", 0, False, False
    for found in _REFERENCE.finditer(scalar.raw):
        text, end = text + scalar.raw[end : found.start()], found.end()
        if found[0] == "$$":
            text += "$"
            continue
        is_interpolated = True
        try:
            text += _value(found[1], environ, folder)
        except LookupError as error:
            diagnostics.add(scalar.place, dotted(path), str(error.args[0]))
            has_error = True
    return replace(scalar, text=text + scalar.raw[end:], is_interpolated=is_interpolated, has_error=has_error)


def _value(reference: str | None, environ: Mapping[str, str], folder: Path) -> str:
    """Return the value of a reference; raises LookupError with a message that shows no value and no default.

    reference: the text between the braces; None: the brace is never closed.
    """
    if reference is None or "${" in reference:
        raise LookupError("this '${' is not closed before the next one: add the '}', and do not nest references")
    variable, stored = _VARIABLE.fullmatch(reference), _STORED.fullmatch(reference)
    if variable:
        name, default = variable[1], variable[2]
        found = environ.get(name)
        if not found and default is not None:  # as in a shell, a default also replaces an empty value
            return default
        if found is None:
            raise LookupError(f"the variable {name} is not set: set it, or write ${{{name}:-default}}")
        return _checked(found, f"the variable {name}")
    if stored is None:
        raise LookupError(
            "this is not a valid reference: write ${NAME}, ${NAME:-default}, ${file:/path} or ${credential:name}, "
            "or $${ for the characters themselves"
        )
    return _content(_stored_file(stored, environ, folder), f"${{{reference}}}")


def _stored_file(stored: re.Match[str], environ: Mapping[str, str], folder: Path) -> Path:
    """Return the file that a reference names; raises LookupError for a credential without a folder."""
    return folder / stored[2] if stored[1] == "file" else _credential_file(stored[2], environ)


def _credential_file(name: str, environ: Mapping[str, str]) -> Path:
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if "/" in name or name in (".", ".."):
        raise LookupError("a credential is named without a folder: write for example ${credential:slack}")
    if not folder:
        needs = f"${{credential:{name}}} needs CREDENTIALS_DIRECTORY, which systemd sets"
        raise LookupError(f"{needs}: add LoadCredential={name}:/path to the unit")
    return Path(folder) / name


def _content(path: Path, reference: str) -> str:
    """Return the text of a small UTF-8 file without its last line break."""
    try:
        if path.exists() and not path.is_file():  # a pipe could block forever
            raise LookupError(f"{reference} is not a regular file: name a file that contains the value")
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise LookupError(f"{reference} cannot be read: {error.strerror}") from error
    except ValueError as error:  # a NUL, or a character that the file system cannot encode
        raise LookupError("no file can have this path: remove its special characters") from error
    if len(content) > _LARGEST:
        raise LookupError(f"{reference} is larger than {_LARGEST} bytes: name a file that contains only the value")
    text = _checked(content.decode("utf-8", "surrogateescape"), reference)
    return text[:-1].removesuffix("\r") if text.endswith("\n") else text


def _checked(text: str, origin: str) -> str:
    """Refuse text with bytes that were not UTF-8; they are kept as lone surrogates, which cannot be sent."""
    if not is_text(text):
        raise LookupError(f"{origin} contains bytes that are not UTF-8: save it as UTF-8")
    return text
