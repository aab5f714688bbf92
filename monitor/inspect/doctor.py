"""Check this machine for what would stop a monitor with this configuration; nothing is changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.clock import FIRST_DAY, SteadyClock
from monitor.config.convert import sources_of
from monitor.control import lock
from monitor.errors import NotFound, StoreError
from monitor.inspect.check_result import CheckResult, fail, ok, store_result, warn
from monitor.inspect.shared_store import examine_shared_store
from monitor.store.open import Access, has_full_text_search, open_stores, store_file
from monitor.store_location import StoreLocation
from monitor.text import plural

if TYPE_CHECKING:
    from monitor.collect.watching.folder import Folder
    from monitor.config import Config

FULL, SCARCE = 50_000_000, 1_000_000_000  # bytes free: below the first nothing works for long
_INOTIFY = Path("/proc/sys/fs/inotify")
_MINIMUM = {"max_user_watches": 1024, "max_user_instances": 16}
MAX_NAME = 200  # characters of a path in a message


def examine(config: Config, *, now: datetime) -> Iterator[CheckResult]:
    """Yield the result of every check, in the order in which a start would need things."""
    yield _folder(config.state)
    yield _space(config)
    holder = lock.holder(config.state)
    held = f"held by pid {holder.pid} on {holder.host} since {holder.since} ({holder.verb})" if holder else ""
    yield ok("lock", held or "no monitor runs on this state folder")
    if config.store:
        yield from examine_shared_store(config)
    else:
        yield _store(config.location)
        yield _full_text_search()
    for source in sources_of(config):
        yield _source(source.folder)
    yield _events()
    yield _clock(config, now)


def _folder(state: Path) -> CheckResult:
    if not state.exists():
        parent = _nearest(state)
        if os.access(parent, os.W_OK | os.X_OK):
            return ok("state folder", f"{state} is created at the first run")
        return fail(
            "state folder", f"{state} cannot be created in {parent}", "create it, or name another with `state:`"
        )
    if not state.is_dir():
        return fail("state folder", f"{state} is not a folder", "name a folder with `state:`")
    if not os.access(state, os.W_OK | os.X_OK) or os.statvfs(state).f_flag & os.ST_RDONLY:
        return fail("state folder", f"{state} cannot be written", "make it writable for the user the monitor runs as")
    return ok("state folder", f"{state} can be written")


def _space(config: Config) -> CheckResult:
    free = shutil.disk_usage(_nearest(config.state)).free
    size = store_file(config.state).size
    what = f"{_bytes(free)} free" + ("" if config.store else f", the store has {_bytes(size)}")
    if free < FULL:
        return fail("free space", what, "free some space: nothing is ingested on a full disk")
    if free < max(SCARCE, size):
        return warn("free space", what, "free some space: a backup needs as much as the store has")
    return ok("free space", what)


def _bytes(count: int) -> str:
    """Return a size with the unit that suits it: 812 bytes, 1.2 MB, 40.0 GB."""
    units = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
    return next((f"{count / size:,.1f} {unit}" for size, unit in units if count >= size), f"{count} bytes")


def _store(location: StoreLocation) -> CheckResult:
    try:
        with open_stores(location, Access.READ) as stores:
            return store_result(f"{stores.archive.count_heads():,} releases", stores.archive.moved_to())
    except NotFound:
        return ok("store", "none yet; the first run creates it")
    except StoreError as error:
        reason = error.message
    try:  # the store itself may be readable although its folder cannot be used
        with open_stores(location, Access.IMMUTABLE) as stores:
            count = stores.archive.count_heads()
    except StoreError:
        return fail("store", reason, "restore a backup with `monitor db restore FILE`")
    what = f"{count:,} releases up to its last checkpoint; opened as usual: {reason}"
    return fail("store", what, "make the state folder and monitor.db writable for this user")


def _full_text_search() -> CheckResult:
    if has_full_text_search():
        return ok("full-text search", "this SQLite has FTS5")
    return fail("full-text search", "this SQLite lacks FTS5", "use a Python whose SQLite has FTS5: most do")


def _source(folder: Folder) -> CheckResult:
    name, path = f"source {folder.source}", Path(os.fsdecode(folder.path))
    if not path.is_dir():
        return warn(name, f"{path} does not exist", "create it, or fix its path; the monitor waits for it")
    if not os.access(path, os.R_OK | os.X_OK):
        return fail(name, f"{path} cannot be read", "make it readable for the user the monitor runs as")
    unreadable = folder.scan().unreadable
    if unreadable:
        first, reason = folder.name_of(unreadable[0][0])[-MAX_NAME:], unreadable[0][1]
        what = f"{path}: {plural(len(unreadable), 'part')} of it cannot be read, such as {first}: {reason}"
        return warn(name, what, "make it readable, or move it away; everything else is watched")
    return ok(name, f"{path} can be read")


def _events() -> CheckResult:
    """Check how many folders the system lets this user watch."""
    if not _INOTIFY.is_dir():
        return ok("file events", "this system has no limits of inotify")
    found = {name: int((_INOTIFY / name).read_text("ascii")) for name in _MINIMUM}
    what = ", ".join(f"{name} {count:,}" for name, count in found.items())
    low = [name for name, count in found.items() if count < _MINIMUM[name]]
    if low:
        return warn("file events", what, f"raise fs.inotify.{low[0]} with sysctl, or set watch.mode to poll")
    return ok("file events", what)


def _clock(config: Config, now: datetime) -> CheckResult:
    what = f"{now.astimezone(config.timezone):%Y-%m-%d %H:%M %z} in {config.timezone.key}"
    if now < FIRST_DAY:
        return fail("time", what, "set the clock: days and ages are computed from it")
    if not config.store and (ahead := _clock_ahead(config.location, now)):
        by = f"{abs(ahead)} {'ahead of' if ahead > timedelta(0) else 'behind'} the time that the monitor goes by"
        return warn("time", f"{what}, {by}", "check the clock; a jump that lasts two minutes is followed")
    return ok("time", what)


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
