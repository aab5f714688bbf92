"""Check this machine for what would stop a monitor with this configuration; nothing is changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.clock import FIRST_DAY, SteadyClock
from monitor.config.convert import sources_of
from monitor.control import lock
from monitor.errors import NotFound, StoreError
from monitor.store.open import Access, has_full_text_search, open_stores, store_file
from monitor.store_location import StoreLocation
from monitor.text import escape, plural

if TYPE_CHECKING:
    from monitor.collect.watching.folder import Folder
    from monitor.config import Config

FULL, SCARCE = 50_000_000, 1_000_000_000  # bytes free: below the first nothing works for long
_INOTIFY = Path("/proc/sys/fs/inotify")
_MINIMUM = {"max_user_watches": 1024, "max_user_instances": 16}
MAX_NAME = 200  # characters of a path in a message


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The result of one check."""

    check: str
    state: str  # ok | warn | fail
    what: str
    do: str = ""  # the next step; empty: none is needed


def examine(config: Config, *, now: datetime) -> Iterator[CheckResult]:
    """Yield the result of every check, in the order in which a start would need things."""
    yield _folder(config.state)
    yield _space(config.state)
    holder = lock.holder(config.state)
    held = f"held by pid {holder.pid} on {holder.host} since {holder.since} ({holder.verb})" if holder else ""
    yield _ok("lock", held or "no monitor runs on this state folder")
    yield _store(config.location)
    if has_full_text_search():
        yield _ok("full-text search", "this SQLite has FTS5")
    else:
        yield _fail("full-text search", "this SQLite lacks FTS5", "use a Python whose SQLite has FTS5: most do")
    for source in sources_of(config):
        yield _source(source.folder)
    yield _events()
    yield _clock(config, now)


def _folder(state: Path) -> CheckResult:
    if not state.exists():
        parent = _nearest(state)
        if os.access(parent, os.W_OK | os.X_OK):
            return _ok("state folder", f"{state} is created at the first run")
        return _fail(
            "state folder", f"{state} cannot be created in {parent}", "create it, or name another with `state:`"
        )
    if not state.is_dir():
        return _fail("state folder", f"{state} is not a folder", "name a folder with `state:`")
    if not os.access(state, os.W_OK | os.X_OK) or os.statvfs(state).f_flag & os.ST_RDONLY:
        return _fail("state folder", f"{state} cannot be written", "make it writable for the user the monitor runs as")
    return _ok("state folder", f"{state} can be written")


def _space(state: Path) -> CheckResult:
    free = shutil.disk_usage(_nearest(state)).free
    size = store_file(state).size
    what = f"{_bytes(free)} free, the store has {_bytes(size)}"
    if free < FULL:
        return _fail("free space", what, "free some space: nothing is ingested on a full disk")
    if free < max(SCARCE, size):
        return _warn("free space", what, "free some space: a backup needs as much as the store has")
    return _ok("free space", what)


def _bytes(count: int) -> str:
    """Return a size with the unit that suits it: 812 bytes, 1.2 MB, 40.0 GB."""
    units = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
    return next((f"{count / size:,.1f} {unit}" for size, unit in units if count >= size), f"{count} bytes")


def _store(location: StoreLocation) -> CheckResult:
    try:
        with open_stores(location, Access.READ) as stores:
            return _ok("store", f"{stores.archive.count_heads():,} releases")
    except NotFound:
        return _ok("store", "none yet; the first run creates it")
    except StoreError as error:
        reason = error.message
    if location.url:
        return _fail("store", reason, "mend the address or the database; `monitor db migrate` makes its tables")
    try:  # the store itself may be readable although its folder cannot be used
        with open_stores(location, Access.IMMUTABLE) as stores:
            count = stores.archive.count_heads()
    except StoreError:
        return _fail("store", reason, "restore a backup with `monitor db restore FILE`")
    what = f"{count:,} releases up to its last checkpoint; opened as usual: {reason}"
    return _fail("store", what, "make the state folder and monitor.db writable for this user")


def _source(folder: Folder) -> CheckResult:
    name, path = f"source {folder.source}", Path(os.fsdecode(folder.path))
    if not path.is_dir():
        return _warn(name, f"{path} does not exist", "create it, or fix its path; the monitor waits for it")
    if not os.access(path, os.R_OK | os.X_OK):
        return _fail(name, f"{path} cannot be read", "make it readable for the user the monitor runs as")
    unreadable = folder.scan().unreadable
    if unreadable:
        first, reason = folder.name_of(unreadable[0][0])[-MAX_NAME:], unreadable[0][1]
        what = f"{path}: {plural(len(unreadable), 'part')} of it cannot be read, such as {first}: {reason}"
        return _warn(name, what, "make it readable, or move it away; everything else is watched")
    return _ok(name, f"{path} can be read")


def _events() -> CheckResult:
    """Check how many folders the system lets this user watch."""
    if not _INOTIFY.is_dir():
        return _ok("file events", "this system has no limits of inotify")
    found = {name: int((_INOTIFY / name).read_text("ascii")) for name in _MINIMUM}
    what = ", ".join(f"{name} {count:,}" for name, count in found.items())
    low = [name for name, count in found.items() if count < _MINIMUM[name]]
    if low:
        return _warn("file events", what, f"raise fs.inotify.{low[0]} with sysctl, or set watch.mode to poll")
    return _ok("file events", what)


def _clock(config: Config, now: datetime) -> CheckResult:
    what = f"{now.astimezone(config.timezone):%Y-%m-%d %H:%M %z} in {config.timezone.key}"
    if now < FIRST_DAY:
        return _fail("time", what, "set the clock: days and ages are computed from it")
    if ahead := _clock_ahead(config.location, now):
        by = f"{abs(ahead)} {'ahead of' if ahead > timedelta(0) else 'behind'} the time that the monitor goes by"
        return _warn("time", f"{what}, {by}", "check the clock; a jump that lasts two minutes is followed")
    return _ok("time", what)


def _clock_ahead(location: StoreLocation, now: datetime) -> timedelta:
    """Return by how much the wall clock is ahead of the store's; zero: they agree, or no store can be read."""
    try:
        with open_stores(location, Access.READ) as stores:
            ahead = SteadyClock(stores.maintenance.clock(), wall=lambda: now).offset()
    except (NotFound, StoreError):
        return timedelta(0)
    return timedelta(seconds=round(ahead.total_seconds()))


def _nearest(path: Path) -> Path:
    """Return the folder itself, or the first one above it that exists."""
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _result(state: str, check: str, what: str, do: str = "") -> CheckResult:
    return CheckResult(check=escape(check), state=state, what=escape(what), do=escape(do))


_ok, _warn, _fail = (partial(_result, state) for state in ("ok", "warn", "fail"))
