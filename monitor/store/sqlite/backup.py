"""Copy a store that is in use into a backup file, and restore such a file.

A copy is written under another name, checked, made durable and only then renamed, so the file that was asked for is
always complete. VACUUM INTO reads one snapshot; a copy page by page would never end beside a busy writer.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

from monitor.errors import NotFound, StoreError, UsageError
from monitor.files import PRIVATE, create_private, owner_of, read_object, replace_file, sync, user_name
from monitor.store.rows import to_json
from monitor.store.sqlite.connection import connect, read_only
from monitor.store.sqlite.database import FILE, refuse_foreign
from monitor.store.sqlite.diagnose import describe_error
from monitor.store.sqlite.driver import sqlite3
from monitor.store.sqlite.migrations import refuse_newer
from monitor.store.sqlite.statements import queries
from monitor.store.sqlite.store_id import write_store_id
from monitor.text import escape
from monitor.times import is_rfc3339, rfc3339

Progress = Callable[[int, int], object]  # bytes written, bytes in all
NOTE = "backup.json"  # in the state folder: when and where the last backup was made
_RIGHTS = 0o666  # that a database can use
_EVERY = 1_000  # SQLite instructions between two progress reports


def backup(state: Path, target: Path, *, progress: Progress = lambda *_: None) -> int:
    """Copy a store while it is in use; return the size of the copy. Raises NotFound, UsageError, StoreError."""
    refuse_backup_target(target)
    if not (state / FILE).is_file():
        raise NotFound("there is no store yet, so there is nothing to back up", where=str(state / FILE))
    _copy(state / FILE, target, progress=progress)
    return target.stat().st_size


def refuse_backup_target(target: Path) -> None:
    """Raise UsageError for a file that exists, NotFound where its folder does not."""
    if target.exists() or target.is_symlink():
        raise UsageError("this file exists and is not overwritten; name another", where=str(target))
    if not target.parent.is_dir():
        raise NotFound("there is no such folder", where=str(target.parent))


def note_backup(state: Path, target: Path, *, now: datetime) -> None:
    """Record when and where the last backup was made, where the state folder can be written."""
    with suppress(OSError):
        replace_file(state / NOTE, to_json({"at": rfc3339(now), "path": os.path.abspath(target)}))  # noqa: PTH100 - resolve() would follow links


def last_backup(state: Path) -> Mapping[str, str] | None:
    """Return when (`at`) and where (`path`) the last backup was made; None: nothing readable is recorded."""
    match read_object(state / NOTE):
        case {"at": str(at), "path": str(path)} if is_rfc3339(at):
            return {"at": at, "path": escape(path)}
    return None


def restore(state: Path, source: Path, *, now: datetime, progress: Progress = lambda *_: None) -> Path | None:
    """Replace the store of a folder by a backup; the caller holds the folder's lock.

    The restored store has the owner and mode of the replaced one; where there was none, the folder's owner. Gives where
    the replaced database lies now; None: there was none. Raises NotFound, StoreError; then nothing was changed.
    """
    if not source.is_file():
        raise NotFound("there is no such file", where=str(source))
    made = state / f".{FILE}.restored"
    made.unlink(missing_ok=True)
    replaced = state / FILE
    mode = stat.S_IMODE(replaced.stat().st_mode) & _RIGHTS if replaced.exists() else PRIVATE
    _copy(source, made, progress=progress, like=owner_of(replaced), mode=mode)
    _check_owner(made, replaced)
    with closing(connect(str(made))) as connection:
        identity = str(connection.execute(queries()["meta"], {"k": "store_id"}).fetchone()[0])
    kept = set_aside(state, now)
    made.rename(state / FILE)
    write_store_id(state, identity)
    return kept


def _check_owner(made: Path, replaced: Path) -> None:
    """Raise StoreError where the user of the replaced store could not open the restored one."""
    if replaced.exists() and (owner := owner_of(replaced).st_uid) != made.stat().st_uid:
        made.unlink()
        name = user_name(owner)
        raise StoreError(f"the store belongs to {name}: restore it as {name} or as root", where=str(replaced))


def _copy(
    source: Path, target: Path, *, progress: Progress, like: os.stat_result | None = None, mode: int = PRIVATE
) -> None:
    """Copy one snapshot of a store into a file that appears complete or not at all; like, mode: as `create_private`."""
    made = target.with_name(f".{target.name}.part-{os.getpid()}")
    try:
        with closing(read_only(source)) as connection:
            refuse_foreign(connection, source)
            refuse_newer(connection)
            size = source.stat().st_size
            connection.set_progress_handler(lambda: _tell(progress, made, size), _EVERY)
            create_private(made, like=like, mode=mode)
            connection.execute("VACUUM INTO ?", [str(made)])
        _check(made)
        sync(made)
        made.rename(target)
        sync(target.parent)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{source.name} cannot be copied: {describe_error(error)}", where=str(source)) from error
    finally:
        made.unlink(missing_ok=True)


def _tell(progress: Progress, made: Path, size: int) -> int:
    progress(min(made.stat().st_size if made.exists() else 0, size), size)
    return 0  # anything else would stop the copy


def _check(made: Path) -> None:
    with closing(read_only(made)) as connection:
        [answer] = connection.execute("PRAGMA quick_check(1)").fetchone()
    if answer != "ok":
        raise StoreError(f"the copy is damaged and was not kept: {answer}", where=str(made))


def set_aside(state: Path, now: datetime) -> Path | None:
    """Rename a database and its log together: SQLite would apply the log to whichever database is beside it."""
    kept = state / f"{FILE}.replaced-{now:%Y%m%dT%H%M%SZ}"
    for suffix in ("-wal", "-shm"):
        log = state / (FILE + suffix)
        if log.exists():
            log.rename(kept.with_name(kept.name + suffix))
    if not (state / FILE).exists():
        return None
    (state / FILE).rename(kept)
    return kept
