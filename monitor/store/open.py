"""Open a store, that of a state folder or a shared one; nothing outside this package opens them in another way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Self

from monitor.errors import DriverMissing, StoreError, StoreLost, StoreMoved, TablesMissing
from monitor.frozen import dataclass
from monitor.ports import ChannelStates, Clock, Maintenance, Nodes, Outbox, SourceStates, Store
from monitor.records import Archive
from monitor.secret import Secret
from monitor.server_values import StoreServer
from monitor.store.channel_states import SqlChannelStates
from monitor.store.handle import Handle
from monitor.store.node_files import has_store, made_node_id, node_id, note_store, refuse_other_store
from monitor.store.outbox import SqlOutbox
from monitor.store.source_states import SqlSourceStates
from monitor.store.sqlite.archive import SqliteArchive
from monitor.store.sqlite.backup import last_backup
from monitor.store.sqlite.connection import BUSY, has_full_text_search
from monitor.store.sqlite.database import (
    FILE,
    open_for_reading,
    open_for_writing,
    open_immutable,
)
from monitor.store.sqlite.handle import Handle as SqliteHandle
from monitor.store.sqlite.maintenance import SqliteMaintenance
from monitor.store.store import SqlStore
from monitor.store_location import StoreLocation

__all__ = [
    "BUSY",
    "Access",
    "StoreFile",
    "Stores",
    "has_full_text_search",
    "migrate_shared_store",
    "open_shared_stores",
    "open_stores",
    "store_file",
    "store_size",
]


class Access(Enum):
    """What a store is opened for."""

    READ = "read"  # beside a running monitor
    WRITE = "write"  # the caller holds the lock of the state folder
    IMMUTABLE = "immutable"  # where no file can be made: without what is still in the write-ahead log


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Every port of one open store, on one connection; safe to share between threads."""

    store: Store
    outbox: Outbox
    channel_states: ChannelStates
    source_states: SourceStates
    archive: Archive
    maintenance: Maintenance
    fault: Callable[[], StoreError | None]  # how it failed last; None: it answers
    schema: Callable[[], int]  # another number after another program has migrated the store
    close: Callable[[], None]
    nodes: Nodes | None = None  # None: nobody shares the store
    clock: Clock | None = None  # that all who share the store agree on; None: nobody does
    server: StoreServer | None = None  # None: nobody shares the store

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFile:
    """The database file of a state folder, which need not exist."""

    path: Path
    size: int  # bytes, with its write-ahead log; 0 where there is none
    last_backup: Mapping[str, str] | None  # when (`at`) and where (`path`); None: no backup is known


def open_stores(
    location: StoreLocation,
    access: Access,
    *,
    busy: float = BUSY,
    first_busy: float | None = None,
    lock_lost: Callable[[], str] = lambda: "",
) -> Stores:
    """Open a store; only WRITE creates that of a state folder, or migrates one of an older version.

    Raises NotFound where there is none to read, StoreLost, SchemaTooNew, and StoreError with the next step; StoreMoved
    for one to write to that was copied elsewhere. Nothing but `monitor db migrate` makes the tables of a shared store.
    Raises TablesMissing and DriverMissing for one.
    busy: seconds that a writer waits for another program that writes. first_busy: the same while
    it is opened; None: as long. lock_lost: as `lock.hold` gives it.
    """
    if location.url:
        stores = _open_shared(location, access)
    else:
        folder = location.folder
        opening: Mapping[Access, Callable[[Path], SqliteHandle]] = {
            Access.READ: open_for_reading,
            Access.WRITE: partial(open_for_writing, busy=busy, first_busy=first_busy, lock_lost=lock_lost),
            Access.IMMUTABLE: open_immutable,
        }
        with _naming_the_key(folder):
            handle = opening[access](folder)
        stores = _stores(handle, archive=SqliteArchive(handle), maintenance=SqliteMaintenance(handle, folder))
    if access is Access.WRITE:
        _refuse_moved(stores)
    return stores


@contextmanager
def _naming_the_key(folder: Path) -> Iterator[None]:
    """Say of a database that a folder lost whether the configuration may only lack the key of a shared store."""
    try:
        yield
    except StoreLost as error:
        if not node_id(folder) or (folder / FILE).exists():
            raise
        what = "this folder is that of a node which shares a store: write `store:` again, as on the other nodes"
        raise StoreLost(f"{what}; or, if the store was moved here since: {error.message}", where=error.where) from error


def migrate_shared_store(location: StoreLocation) -> int:
    """Make the tables of a shared store, or bring them up to date; return in how many steps. Raises StoreError."""
    require_driver()
    from monitor.store.postgresql.address import Address
    from monitor.store.postgresql.database import migrate_database

    assert location.url is not None  # noqa: S101 - only a shared store has tables that somebody makes
    return migrate_database(Address(location.url), is_pooled=location.is_pooled)


def _open_shared(location: StoreLocation, access: Access) -> Stores:
    """Open the shared store as the node of this state folder."""
    require_driver()
    from monitor.store.postgresql.address import Address

    folder, url = location.folder, location.url
    assert url is not None  # noqa: S101 - the caller has looked
    place = made_node_id(folder) if access is Access.WRITE else node_id(folder)
    try:
        stores = open_shared_stores(url, is_pooled=location.is_pooled, place=place)
    except TablesMissing as error:
        if has_store(folder):
            what = f"the database has no tables, and this node had a store there: {error.message}"
            raise StoreLost(what, where=error.where) from error
        raise
    with ExitStack() as undo:
        undo.callback(stores.close)
        identity = stores.archive.store_id()
        refuse_other_store(folder, identity, address=str(Address(url)))
        if access is Access.WRITE:
            note_store(folder, identity)
        undo.pop_all()
    return stores


def _refuse_moved(stores: Stores) -> None:
    """Close a store that was copied elsewhere, and goes on there, and raise StoreMoved."""
    with ExitStack() as opened:
        opened.callback(stores.close)
        if (to := stores.archive.moved_to()) is None:
            opened.pop_all()
            return
    raise StoreMoved(
        f"this store was copied to {to}, and two stores of one history alert twice: use that one; or, if nothing has"
        " used it yet, let this one start again by `monitor db copy --undo`"
    )


def require_driver() -> None:
    """Raise DriverMissing where psycopg is not installed, or not the library that it needs."""
    try:
        import monitor.store.postgresql.connection  # noqa: F401 - it needs psycopg, which needs libpq
    except ImportError as error:
        what = f"store: needs the driver of PostgreSQL ({error}): pip install 'press-monitor[postgres]'"
        raise DriverMissing(what) from error


def open_shared_stores(url: Secret, *, is_pooled: bool = False, place: str = "") -> Stores:
    """Open the store that several monitors share; it needs psycopg, which is loaded here alone.

    is_pooled: the address is a transaction pooler. place: the NODE_ID of the state folder; "": the caller only reads.
    Raises StoreError with the next step, SchemaTooNew.
    """
    from monitor.store.postgresql.address import Address
    from monitor.store.postgresql.archive import PostgresqlArchive
    from monitor.store.postgresql.connection import connect
    from monitor.store.postgresql.database import open_shared
    from monitor.store.postgresql.maintenance import PostgresqlMaintenance
    from monitor.store.postgresql.nodes import PostgresqlNodes
    from monitor.store.postgresql.outbox import PostgresqlOutbox
    from monitor.store.postgresql.server import PostgresqlServer
    from monitor.store.postgresql.source_states import PostgresqlSourceStates
    from monitor.store.postgresql.store import PostgresqlStore

    address = Address(url)
    shared = open_shared(address, is_pooled=is_pooled, node=place)
    handle = shared.handle
    stores = _stores(handle, archive=PostgresqlArchive(handle), maintenance=PostgresqlMaintenance(handle, node=place))
    store = PostgresqlStore(handle, shared.membership)

    def close() -> None:
        store.close()
        shared.close()

    return replace(
        stores,
        store=store,
        source_states=PostgresqlSourceStates(handle, place=place),
        outbox=PostgresqlOutbox(handle, shared.membership),
        nodes=PostgresqlNodes(shared),
        clock=shared.clock,
        server=PostgresqlServer(address, handle, partial(connect, address, is_pooled=is_pooled)),
        close=close,
    )


def _stores(handle: Handle, *, archive: Archive, maintenance: Maintenance) -> Stores:
    return Stores(
        store=SqlStore(handle),
        outbox=SqlOutbox(handle),
        channel_states=SqlChannelStates(handle),
        source_states=SqlSourceStates(handle),
        archive=archive,
        maintenance=maintenance,
        fault=handle.faults.current,
        schema=handle.schema,
        close=handle.close,
    )


def store_file(folder: Path) -> StoreFile:
    """Describe the database file of a state folder without opening it."""
    return StoreFile(path=folder / FILE, size=store_size(folder), last_backup=last_backup(folder))


def store_size(folder: Path) -> int:
    """Return the bytes of the database file of a state folder and of its write-ahead log; 0: there is none."""
    parts = (folder / name for name in (FILE, f"{FILE}-wal"))
    return sum(part.stat().st_size for part in parts if part.is_file())
