"""Find, read and check a configuration file; report all of its errors at once."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from monitor.config.cross_checks import cross_check
from monitor.config.diagnostics import Diagnostics
from monitor.config.error_messages import translate_errors
from monitor.config.interpolate import interpolate, referenced_files
from monitor.config.models import Config, FileStamp, Origin
from monitor.config.parsers import closest, flag, folder_path, zone
from monitor.config.stand_ins import (
    doubtful_paths,
    readings,
    with_stand_ins,
    withheld_paths,
    without_errors,
    without_stand_ins,
)
from monitor.config.store_address import store_url
from monitor.config.withhold import withhold, without_secrets, without_values
from monitor.config.yaml_recovery import read_what_parses
from monitor.config.yaml_tree import MappingNode, ScalarNode, plain, read, walk
from monitor.errors import ConfigError, Diagnostic
from monitor.store_location import StoreLocation

Check = Callable[[Config, Diagnostics], None]
_Prepare = Callable[[MappingNode], MappingNode]

_OF_STORE = frozenset(("state", "store", "pooler"))  # the keys that say where the store is
_STATE = re.compile("^state:.*$", re.MULTILINE)
_STORE = re.compile("^(store|pooler):.*$", re.MULTILINE)
_KEY = re.compile(r"""^["'? ]{0,3}(\w+)["' ]*:""", re.MULTILINE)
_TIMEZONE = re.compile("^timezone:.*$", re.MULTILINE)
_UNREADABLE: Mapping[type[OSError], str] = {
    FileNotFoundError: "this file does not exist: name another one with --config FILE or MONITOR_CONFIG",
    IsADirectoryError: "this is a folder: name the configuration file inside it",
}
_ROUNDS = 20  # of validation; each is without what the one before has found, and three are usual
_LARGEST = 1_000_000  # bytes; a dump named by mistake must not be read whole


def find(path: Path | None, environ: Mapping[str, str], *, here: Path = Path()) -> Path:
    """Return the named configuration, or the first candidate that exists; raises ConfigError if none does.

    A named file need not exist: `load` reports that with the best message.
    """
    named = path or environ.get("MONITOR_CONFIG")
    if named:
        return Path(named)
    places = candidates(environ, here=here)
    found = next((place for place in places if os.path.isfile(place)), None)  # noqa: PTH113 - no PermissionError
    if found is None:
        searched = ", ".join(str(place) for place in places)
        message = (
            f"no configuration found (searched: {searched}): write one with `monitor config init`, "
            "or name one with --config FILE or MONITOR_CONFIG"
        )
        raise ConfigError((Diagnostic(file="config.yaml", line=0, column=0, path="", message=message),))
    return found


def candidates(environ: Mapping[str, str], *, here: Path = Path()) -> tuple[Path, ...]:
    """Return the paths that are searched for a configuration, in this order, when none is named."""
    base = environ.get("XDG_CONFIG_HOME", "")
    if not base.startswith("/"):  # the XDG specification ignores a relative one
        base = f"{environ['HOME']}/.config" if environ.get("HOME") else ""
    user = (Path(base) / "monitor" / "config.yaml",) if base else ()
    return (here / "config.yaml", *user, Path("/etc/monitor/config.yaml"))


def load(
    path: Path,
    *,
    environ: Mapping[str, str] = os.environ,
    checks: Sequence[Check] = (),
    stamps: dict[Path, FileStamp] | None = None,
) -> Config:
    """Read, interpolate and check a configuration; raises ConfigError with all its errors.

    checks receive a configuration without errors and may add errors and warnings at dotted paths.
    stamps: receives the stamp of the file and of each file that it refers to, also when ConfigError is raised.
    """
    return _load(path, lambda tree: tree, environ=environ, checks=checks, stamps={} if stamps is None else stamps)


def load_without_secrets(
    path: Path,
    *,
    environ: Mapping[str, str] = os.environ,
    checks: Sequence[Check] = (),
    stamps: dict[Path, FileStamp] | None = None,
) -> Config:
    """Load the same for a process that must not know a secret: only the references that it needs are replaced.

    Every secret is what may be shown of it. Any other value with a reference stays as it is written; where its type
    does not accept that, it counts as not set. `Config.withheld` names all of them. See `withhold.is_needed`.
    """
    prepare = partial(withhold, environ=environ)
    return _load(path, prepare, environ=environ, checks=checks, stamps={} if stamps is None else stamps)


def page_environment(path: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the process of the page gets: none that the configuration names for a secret."""
    try:
        tree = read(_text(path), Diagnostics(str(path)))
    except ConfigError:
        return without_secrets(None, environ)
    return without_secrets(tree, environ)


def load_what_is_valid(path: Path, *, environ: Mapping[str, str] = os.environ, checks: Sequence[Check] = ()) -> Config:
    """Load the parts of a configuration that have no error, for commands that only read what is stored.

    What has an error counts as not set; `Config.faults` names all of it, and `Config.withheld` where it lies. Of a file
    that is no YAML, the lines that say where the store is are read, and `timezone:`. Raises ConfigError where it cannot
    be known where the store is.
    """
    try:
        diagnostics, configs = _read(path, lambda tree: tree, environ=environ, checks=checks, stamps={})
    except ConfigError as error:
        config = _from_lines(path, environ)
        if config is None:
            raise
        return config.with_origin(faults=error.faults)
    if len({config.location for config in configs}) > 1 or any(config.withheld & _OF_STORE for config in configs):
        diagnostics.raise_errors()
    withheld = configs[0].withheld | diagnostics.error_paths()
    return configs[0].with_origin(warnings=diagnostics.warnings(), faults=diagnostics.errors(), withheld=withheld)


def _load(
    path: Path,
    prepare: _Prepare,
    *,
    environ: Mapping[str, str],
    checks: Sequence[Check],
    stamps: dict[Path, FileStamp],
) -> Config:
    diagnostics, configs = _read(path, prepare, environ=environ, checks=checks, stamps=stamps)
    diagnostics.raise_errors()
    return configs[0].with_origin(warnings=diagnostics.warnings())


def _read(
    path: Path,
    prepare: _Prepare,
    *,
    environ: Mapping[str, str],
    checks: Sequence[Check],
    stamps: dict[Path, FileStamp],
) -> tuple[Diagnostics, Sequence[Config]]:
    """Return all that is wrong with a file, and what is valid in each of its readings, as `readings` has them."""
    file = path.absolute()
    stamps[file] = file_stamp(file)
    text = _text(path)
    read_root, diagnostics = read_what_parses(str(path), text)
    trees = [prepare(tree) for tree in readings(read_root)]
    references = {each for tree in trees for each in referenced_files(tree, environ=environ, folder=file.parent)}
    stamps |= {each: file_stamp(each) for each in references}
    origin = Origin(file=file, stamps=stamps)
    roots = [interpolate(tree, diagnostics, environ=environ, folder=file.parent) for tree in trees]
    return diagnostics, [_checked(root, origin, diagnostics, checks) for root in roots]


def _checked(root: MappingNode, origin: Origin, diagnostics: Diagnostics, checks: Sequence[Check]) -> Config:
    """Report everything that is wrong in one reading of a file, and return the configuration of the rest."""
    nodes = list(walk(root))
    diagnostics.places = {path: place for path, place, _ in reversed(nodes)}  # of two equal paths the first is kept
    scalars = [(path, node) for path, _, node in nodes if isinstance(node, ScalarNode)]
    diagnostics.withheld = withheld_paths(root)
    origin = replace(
        origin,
        places=diagnostics.places,
        interpolated={path: node.shown for path, node in scalars if node.is_interpolated},
    )
    cross_check(root, origin.file, diagnostics)
    config = _validated(root, origin, diagnostics)
    for check in checks:
        check(config, diagnostics)
    return config


def _validated(root: MappingNode, origin: Origin, diagnostics: Diagnostics) -> Config:
    """Report every value that its type does not accept, and return the typed configuration of the rest.

    A withheld value that its type does not accept counts as not set. What is wrong becomes such a value, so that it is
    neither reported again nor in the way of what is valid.
    """
    tree, is_reported, doubtful = without_errors(root), False, frozenset[str]()
    for _ in range(_ROUNDS):
        withheld = withheld_paths(tree)
        try:
            config = Config.model_validate(plain(tree), context=replace(origin, withheld=withheld | doubtful))
        except ValidationError as error:
            errors = error.errors(include_url=False, include_input=False)
        else:
            diagnostics.withheld = withheld
            return without_stand_ins(config)
        if reduced := without_values(tree, [one["loc"] for one in errors if one["type"] != "extra_forbidden"]):
            tree = reduced
            continue
        if not is_reported:  # later errors only follow from what is missing by then
            is_reported, doubtful = True, doubtful_paths(errors)
            diagnostics.withheld = ()  # all that is left is about what is known
            translate_errors(errors, tree, diagnostics)
        tree = with_stand_ins(tree, errors)
    raise AssertionError("a configuration that no stand-in makes valid is a bug of ours")


def _from_lines(path: Path, environ: Mapping[str, str]) -> Config | None:
    """Return a configuration of the lines that say where the store is, and `timezone:`; None: that is not known."""
    text = _bytes(path).decode("utf-8", "replace")
    line, keys = _STATE.search(text), tuple(Config.model_fields)
    shared = {found[1]: _value_of(found[0], path, environ) for found in _STORE.finditer(text)}
    meant = [key for key in _KEY.findall(text) if closest(key, keys) in _OF_STORE]  # also mistyped, quoted or indented
    if text.lstrip().startswith("{") or len(meant) > (line is not None) + len(shared):
        return None
    state = _value_of(line[0], path, environ) if line else str(Config.model_fields["state"].default)
    timezone, named = ZoneInfo("UTC"), _TIMEZONE.search(text)
    with suppress(ValueError):
        timezone = zone(_value_of(named[0], path, environ) if named else "UTC")
    with suppress(ValueError):
        location = StoreLocation(
            folder=folder_path(state, path.absolute().parent),
            url=store_url(shared["store"]) if "store" in shared else None,
            is_pooled=flag(shared.get("pooler", "no")),
        )
        return Config.bare(path.absolute(), location=location, timezone=timezone)
    return None


def _value_of(line: str, path: Path, environ: Mapping[str, str]) -> str:
    """Return the value of a line with a top-level key, or "" where it has none that is known."""
    diagnostics = Diagnostics(str(path))
    try:
        root = interpolate(read(line, diagnostics), diagnostics, environ=environ, folder=path.absolute().parent)
    except ConfigError:
        return ""
    (value,) = plain(root).values()
    return value if isinstance(value, str) else ""


def location_of(path: Path, *, environ: Mapping[str, str] = os.environ) -> StoreLocation | None:
    """Return where the store of a configuration is; other errors in the file do not matter. None: it is not known.

    A line that seems to name a shared store and cannot be read must not lead to the store of the folder.
    """
    with suppress(ConfigError):
        if found := _from_lines(path, environ):
            return found.location
        text = _bytes(path).decode("utf-8", "replace")
        meant = {closest(key, tuple(Config.model_fields)) for key in re.findall(r"\w+(?=[\"']? *:)", text)}
        if meant & {"store", "pooler"}:
            return None
    return StoreLocation(folder=state_of(path, environ=environ))


def state_of(path: Path, *, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the state folder that a configuration names, or the default; other errors in the file do not matter.

    With it, commands reach a daemon that still runs with an earlier version of the file.
    """
    folder = path.absolute().parent
    with suppress(ConfigError, ValueError):
        line = _STATE.search(_bytes(path).decode("utf-8", "replace"))
        return folder_path(_value_of(line[0], path, environ) if line else "", folder)
    return folder / str(Config.model_fields["state"].default)


def _bytes(path: Path) -> bytes:
    diagnostics = Diagnostics(str(path))
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        diagnostics.refuse(None, _UNREADABLE.get(type(error), f"this file cannot be read: {error.strerror}"))
    if len(content) > _LARGEST:
        diagnostics.refuse(None, f"this file is larger than {_LARGEST} bytes: name a configuration file")
    return content


def _text(path: Path) -> str:
    content = _bytes(path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        diagnostics = Diagnostics(str(path), content.decode("utf-8", "replace"))
        place = diagnostics.place_at(len(content[: error.start].decode("utf-8")))
        diagnostics.refuse(place, f"the byte 0x{content[error.start]:02x} is not UTF-8: save the file as UTF-8")


def file_stamp(file: Path) -> FileStamp:
    """Return the stamp of a file; take it before reading, so that no edit between the two is missed."""
    try:
        status = file.stat()
    except (OSError, ValueError):  # ValueError: no file can have this path
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
