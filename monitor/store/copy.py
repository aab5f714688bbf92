"""Copy the store of a configuration into an empty one of either kind; back up a shared store, and restore one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import datetime
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import NamedTuple

from monitor.errors import NotFound, StoreError, WrongState
from monitor.files import create_folder
from monitor.ports import Fingerprinter, Nodes
from monitor.secret import Secret
from monitor.store.copying import MOVED_TO, Destination, MovableOrigin, Progress, check_texts, copy_rows
from monitor.store.handle import Handle
from monitor.store.node_files import made_node_id, node_id
from monitor.store.open import Access, open_stores, require_driver
from monitor.store.rehash import rehash
from monitor.store.sqlite.backup import refuse_backup_target, restore, set_aside
from monitor.store.sqlite.copying import made_store, read_file
from monitor.store.sqlite.database import FILE, open_for_reading, open_for_writing
from monitor.store.sqlite.open_files import SIDECAR
from monitor.store.sqlite.store_id import read_store_id, write_store_id
from monitor.store_location import HIDDEN, StoreLocation
from monitor.times import rfc3339

_FILLED = ("newest_dump", "newest_event")


class Undone(NamedTuple):
    """A copy that is not to be used."""

    copied_to: str  # where it is, and when it was made
    unknown: str  # why nobody knows whether a monitor has used it; "": none has


def copy_store(
    location: StoreLocation,
    to: StoreLocation,
    *,
    fingerprinter: Fingerprinter,
    now: datetime,
    progress: Progress = lambda *_: None,
) -> Mapping[str, int]:
    """Copy a store into an empty one, which is checked; from then on the old one is refused to who would write to it.

    The caller holds the locks of the state folders that the stores are in. Returns how many rows each table has.
    Raises StoreMoved, StoreError; then the new store is as empty as it was, and the old one goes on.
    """
    if not location.url and not (location.folder / FILE).exists():
        raise NotFound("there is no store yet, so there is nothing to copy", where=str(location.folder / FILE))
    if not (location.url or to.url) and location.folder.resolve() == to.folder.resolve():
        raise StoreError("this is the folder of the store itself: name another one", where=str(to.folder))
    with open_stores(location, Access.WRITE) as stores:
        refuse_living(stores.nodes)
        stores.maintenance.rehash(fingerprinter)  # which the check of the texts needs
        identity = stores.archive.store_id()
    with _origin(location) as origin:
        with _destination(to, identity, now=now) as destination:
            counts = copy_rows(origin, destination, place=made_node_id(location.folder), progress=progress)
            check_texts(destination.handle, fingerprinter, progress=progress)
        origin.mark_moved(f"{_named(to)} on {rfc3339(now)}")
    return counts


def undo_copy(location: StoreLocation) -> Undone:
    """Let a store that was copied be used again. Raises StoreError, WrongState: also where the copy was used."""
    with closing(_handle(location)) as handle:
        row = handle.one("meta", k=MOVED_TO)
        if row is None:
            raise WrongState("this store was not copied to another one", where=_named(location))
        copied_to = str(row["v"])
        try:
            unknown = _refuse_used_copy(handle, copied_to)
        except (NotFound, StoreError) as error:
            unknown = str(error)
        with handle.transaction():
            handle.all("delete_meta", k=MOVED_TO)
    return Undone(copied_to, unknown)


def _refuse_used_copy(handle: Handle, copied_to: str) -> str:
    """Raise WrongState where a copy differs from its store; return why that is not known, as in Undone."""
    with closing(_made_copy(copied_to.rpartition(" on ")[0])) as copy:
        store, there = (tuple(each.one("meta", k="store_id") or ()) for each in (handle, copy))
        if store != there:
            return "another store is there now"
        before, after = (tuple(each.all("last_use")[0]) for each in (handle, copy))
        if before != after or copy.one("meta", k=MOVED_TO):
            raise WrongState(
                f"the copy was used since, and two stores of one history alert twice: {copied_to}; the way back is"
                " `monitor db copy` from there into an empty store, or remove that copy first"
            )
    return ""


def _made_copy(named: str) -> Handle:
    """Open a copy by the name that `_named` gave it: where a database wants a password, by PGPASSWORD or ~/.pgpass."""
    if "://" not in named:
        return open_for_reading(Path(named))
    return _handle(StoreLocation(folder=Path(), url=Secret(named.replace(f":{HIDDEN}@", "@"))))


def back_up_shared_store(location: StoreLocation, target: Path, *, progress: Progress = lambda *_: None) -> int:
    """Copy a shared store into a SQLite file while it is in use; return its size. Raises StoreError, UsageError."""
    refuse_backup_target(target)
    with _shared_origin(location, is_moved=False) as origin, made_store(target) as destination:
        copy_rows(origin, destination, place=node_id(location.folder), progress=progress)
    return target.stat().st_size


def restore_shared_store(
    location: StoreLocation,
    source: Path,
    *,
    fingerprinter: Fingerprinter,
    now: datetime,
    progress: Progress = lambda *_: None,
) -> None:
    """Fill an empty shared store from a SQLite file, which may be of an older version. Raises NotFound, StoreError."""
    if not source.is_file():
        raise NotFound("there is no such file", where=str(source))
    create_folder(location.folder)
    for left in location.folder.glob(".restore-*"):  # by a restore that was killed
        rmtree(left)
    with TemporaryDirectory(dir=location.folder, prefix=".restore-") as name:
        folder = Path(name)
        restore(folder, source, now=now)  # a copy, which is checked: the file itself is not touched
        with closing(open_for_writing(folder)) as handle:
            rehash(handle, fingerprinter)
        with read_file(folder / FILE) as origin, _shared_destination(location) as destination:
            copy_rows(origin, destination, place=made_node_id(location.folder), progress=progress)
        identity = read_store_id(folder / SIDECAR)
    if identity:
        write_store_id(location.folder, identity)


def refuse_living(nodes: Nodes | None, *, pause: Callable[[float], object] = time.sleep) -> None:
    """Raise StoreError where monitors run on a store: their beats move. No clock tells that, so it takes seconds."""
    if nodes is None or not (before := {node.boot: node.beat for node in nodes.seen().nodes}):
        return
    pause(2 * max(1.0, len(before) / 100) + 0.5)
    living = sorted(
        {node.facts.name or node.facts.node for node in nodes.seen().nodes if before.get(node.boot) != node.beat}
    )
    if living:
        raise StoreError(f"monitors run on this store ({', '.join(living)}): stop them first")


def _named(location: StoreLocation) -> str:
    """Return what a person calls this store; no password is in it."""
    if not location.url:
        return str(location.folder.absolute())
    from monitor.store.postgresql.address import Address

    return str(Address(location.url))


def _origin(location: StoreLocation) -> AbstractContextManager[MovableOrigin]:
    return _shared_origin(location, is_moved=True) if location.url else read_file(location.folder / FILE)


def _shared_origin(location: StoreLocation, *, is_moved: bool) -> AbstractContextManager[MovableOrigin]:
    require_driver()
    from monitor.store.postgresql.address import Address
    from monitor.store.postgresql.copying import read_store

    assert location.url is not None  # noqa: S101 - the caller has looked
    place = node_id(location.folder)
    return read_store(Address(location.url), place=place, is_pooled=location.is_pooled, is_moved=is_moved)


def _destination(to: StoreLocation, identity: str, *, now: datetime) -> AbstractContextManager[Destination]:
    return _shared_destination(to) if to.url else _filled_folder(to.folder, identity, now=now)


def _shared_destination(location: StoreLocation) -> AbstractContextManager[Destination]:
    require_driver()
    from monitor.store.postgresql.address import Address
    from monitor.store.postgresql.copying import filled_store

    assert location.url is not None  # noqa: S101 - the caller has looked
    return filled_store(Address(location.url), is_pooled=location.is_pooled)


@contextmanager
def _filled_folder(folder: Path, identity: str, *, now: datetime) -> Iterator[Destination]:
    """Make the database of a state folder that has none, or one that is empty or was copied elsewhere: that is kept."""
    create_folder(folder)
    _refuse_used(folder, identity)
    made = folder / f"{FILE}.copied"
    for left in folder.glob(f"*{made.name}*"):  # by a copy that was killed
        left.unlink()
    with made_store(made) as destination:
        yield destination
    set_aside(folder, now)
    made.rename(folder / FILE)
    write_store_id(folder, identity)


def _refuse_used(folder: Path, identity: str) -> None:
    """Raise StoreError for a folder that has a store in use, or that belongs to another one."""
    if (folder / FILE).exists():
        with closing(open_for_reading(folder)) as handle:
            if not handle.one("meta", k=MOVED_TO) and any(handle.all(query)[0][0] is not None for query in _FILLED):
                raise StoreError("this folder has a store: name another folder", where=str(folder / FILE))
    elif (named := read_store_id(folder / SIDECAR)) not in (None, identity):
        raise StoreError(f"this folder belongs to another store ({named}): name another one", where=str(folder))


def _handle(location: StoreLocation) -> Handle:
    """Open a store to write to it, also one that was copied elsewhere."""
    if not location.url:
        return open_for_writing(location.folder)
    require_driver()
    from monitor.store.postgresql.address import Address
    from monitor.store.postgresql.database import open_handle

    return open_handle(Address(location.url), is_pooled=location.is_pooled)
