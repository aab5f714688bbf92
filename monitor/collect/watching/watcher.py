"""Watch folders with watchdog: report each file that was closed, renamed into place or created."""

from __future__ import annotations

import logging
import os
import platform
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from monitor.collect.watching.walk import Walk
from monitor.frozen import dataclass

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver, ObservedWatch

    from monitor.collect.watching.folder import Folder


_IS_LINUX = platform.system() == "Linux"
# Seconds for which the library delays every event after a move out of the folder; its default is 0.5.
MOVE_DELAY = 0.05


class OnEvent(Protocol):
    """Called with the path of each event, on watchdog's thread: it must only queue."""

    def __call__(self, path: bytes, *, is_closed: bool) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderStat:
    """The folder at a path, and when its list of names changed last."""

    device: int
    inode: int
    mtime_ns: int

    def is_same_folder(self, other: FolderStat) -> bool:
        """Return whether a watch of the other is one of this: a watch is on the folder, not on its path."""
        return (self.device, self.inode) == (other.device, other.inode)


class Watcher:
    """Watches folders independently of each other; one thread calls it, and watchdog's threads report the events."""

    def __init__(
        self, folders: Iterable[Folder], on_event: OnEvent, *, on_overflow: Callable[[], None] = lambda: None
    ) -> None:
        """on_overflow: called on watchdog's thread when the kernel has dropped events."""
        self._folders: dict[bytes, tuple[Folder, ...]] = {}  # several sources may share a folder
        for folder in folders:
            self._folders[folder.path] = (*self._folders.get(folder.path, ()), folder)
        self._on_event = on_event
        self._on_overflow = on_overflow
        self._observer: BaseObserver | None = None
        # With the folder as it was then: its watch gives no events of another folder under the same path.
        self._watches: dict[bytes, tuple[ObservedWatch, FolderStat]] = {}
        self._handlers: dict[bytes, _EventHandler] = {}
        self._trees: dict[str, Subfolders] = {}  # by the real path of a folder that is watched with its subfolders

    @property
    def paths(self) -> tuple[bytes, ...]:
        """Return the folders, each once."""
        return tuple(self._folders)

    @property
    def is_alive(self) -> bool:
        """Return whether events can still arrive."""
        reader: Any = getattr(self._observer, "_inotify_fd", None)  # the thread that reads from the kernel; Linux only
        return self._observer is not None and self._observer.is_alive() and (reader is None or reader.is_alive())

    @property
    def errors(self) -> int:
        """Return how many events were lost by an exception in our code."""
        return sum(handler.errors for handler in self._handlers.values())

    def last_event(self, path: bytes) -> float:
        """Return when the last event of a folder arrived, or its watch started; monotonic seconds."""
        handler = self._handlers.get(path)
        return handler.last_event if handler else 0.0

    def is_watching(self, path: bytes, folder: FolderStat) -> bool:
        """Return whether this folder's events will be reported."""
        watch, watched = self._watches.get(path, (None, folder))
        if watch is None or self._observer is None or not self.is_alive or not watched.is_same_folder(folder):
            return False
        if watch.path in self._trees and self._trees[watch.path].is_outdated:
            return False
        return any(emitter.watch == watch and emitter.is_alive() for emitter in self._observer.emitters)

    def watch(self, path: bytes, folder: FolderStat) -> None:
        """Start to watch the folder at a path, which must be scanned afterwards.

        Raise OSError where the system gives no watch (the limits of inotify).
        """
        observer = self._observer
        if observer is None or not self.is_alive:
            self.stop()
            observer = self._observer = _new_observer(self._on_overflow, self._trees)
            observer.start()
        self.unwatch(path)
        real = os.path.realpath(path)  # a watch on a link gives no events
        is_recursive = any(each.is_recursive for each in self._folders[path])
        if is_recursive:
            self._trees[os.fsdecode(real)] = Subfolders(self._folders[path])
        errors = self._handlers[path].errors if path in self._handlers else 0
        self._handlers[path] = _EventHandler(self._folders[path], real, self._on_event, errors=errors)
        try:
            watch = observer.schedule(
                self._handlers[path],  # type: ignore[arg-type] # all the library calls is dispatch()
                os.fsdecode(real),
                recursive=is_recursive and not _IS_LINUX,
                event_filter=_event_types(),
            )
        except OSError:
            if not observer.emitters:  # its idle thread would keep one of the few inotify instances
                self.stop()
            raise
        self._watches[path] = (watch, folder)

    def unwatch(self, path: bytes) -> None:
        """Stop watching a folder; its later events are not reported."""
        watch, _ = self._watches.pop(path, (None, None))
        if watch and self._observer is not None:
            self._observer.unschedule(watch)

    def stop(self) -> None:
        """End the threads; later events are lost, and a scan finds their files."""
        if self._observer is not None and self._observer.ident is not None:
            self._observer.stop()
            self._observer.join(timeout=2)
        self._observer = None
        self._watches.clear()


class Subfolders:
    """The subfolders of one folder that are watched as well."""

    def __init__(self, folders: Sequence[Folder]) -> None:
        self._folders = folders  # all at one path
        self.is_outdated = False  # subfolders came that have no watch yet: all are to be watched again

    def walk(self, path: bytes) -> Iterator[tuple[bytes, os.DirEntry[str] | None]]:
        """Yield the folder at a path and all below it, as `Walk.below`; nothing where it is gone or unreadable."""
        try:
            yield from Walk(enters=self.enters, follows_links=self.follows_links).below(path)
        except OSError:
            return

    def enters(self, name: bytes) -> bool:
        """Return whether subfolders of this name are watched."""
        return any(folder.enters(name) for folder in self._folders)

    @property
    def follows_links(self) -> bool:
        """Return whether links to folders are followed."""
        return self._folders[0].follows_links

    def is_linked_folder(self, path: bytes) -> bool:
        """Return whether this is a link to a folder, and such links are followed."""
        return self.follows_links and os.path.isdir(path)


class _EventHandler:
    """Reports the events of one folder. An exception would end watchdog's thread, so none is raised."""

    def __init__(self, folders: Sequence[Folder], real: bytes, on_event: OnEvent, *, errors: int) -> None:
        self._folders = folders  # all at one path
        self._real = real  # where the folder's path leads; events name paths below it
        self._on_event = on_event
        self.errors = errors
        self.last_event = time.monotonic()

    def dispatch(self, event: FileSystemEvent) -> None:
        self.last_event = time.monotonic()
        try:
            self._report(event)
        except Exception:  # noqa: BLE001 - it would end the library's thread, and with it all later events
            self.errors += 1

    def _report(self, event: FileSystemEvent) -> None:
        is_move = event.event_type == "moved"
        if event.is_directory or event.event_type == "deleted":
            return
        path = os.fsencode(event.dest_path if is_move else event.src_path)
        if not path.startswith(os.path.join(self._real, b"")):
            return
        path = os.path.join(self._folders[0].path, path[len(self._real) :].lstrip(b"/"))
        if any(folder.holds(path) for folder in self._folders):
            # A rename into place means complete as well as a close does; a bare "created" event does not.
            self._on_event(path, is_closed=event.event_type == "closed" or is_move)


def stat_folder(path: bytes) -> FolderStat | str:
    """Return the folder at a path, or why it cannot be used: watchdog would silently report nothing."""
    try:
        status = os.stat(path)
        if not stat.S_ISDIR(status.st_mode):
            return "this path is not a folder"
        with os.scandir(path):  # access(2) uses the real user, and root's rights hide an NFS server's refusal
            pass
    except FileNotFoundError:
        return "the folder is missing"
    except OSError as error:
        return f"the folder cannot be read: {error.strerror}"
    if not os.access(path, os.X_OK):
        return "the folder cannot be read: the permission to open its files is missing"
    return FolderStat(device=status.st_dev, inode=status.st_ino, mtime_ns=status.st_mtime_ns)


def _event_types() -> list[type[FileSystemEvent]]:
    """Return the events that report a file, and those that change a folder's names: both prove that the watch works."""
    from watchdog import events

    return [
        # On Linux a close is an event, and one upload gives hundreds of "modified"; elsewhere only "modified" exists.
        events.FileClosedEvent if _IS_LINUX else events.FileModifiedEvent,
        *(events.FileCreatedEvent, events.FileMovedEvent, events.FileDeletedEvent),
        *(events.DirCreatedEvent, events.DirMovedEvent, events.DirDeletedEvent),
    ]


def _new_observer(on_lost: Callable[[], None], trees: Mapping[str, Subfolders]) -> BaseObserver:
    # The monitor counts, logs and shows in its own form what the library would log.
    logging.getLogger("watchdog").setLevel(logging.CRITICAL)
    if _IS_LINUX:
        return _inotify_observer(on_lost, trees)
    from watchdog.observers import Observer

    make: Callable[[], BaseObserver] = Observer
    return make()


def _inotify_observer(on_lost: Callable[[], None], trees: Mapping[str, Subfolders]) -> BaseObserver:
    """Return the library's own observer with a reader that also reports a queue overflow, which is no event."""
    from watchdog.observers.api import BaseObserver as Base
    from watchdog.observers.inotify import InotifyFullEmitter, InotifyObserver
    from watchdog.observers.inotify_c import InotifyEvent, InotifyFD
    from watchdog.observers.inotify_move_event_grouper import InotifyMoveEventGrouper

    from monitor.collect.watching.inotify_tree import InotifyTree

    class Reader(InotifyFD):
        def handle_event(self, event: InotifyEvent) -> None:
            super().handle_event(event)
            if event.is_queue_overflow:
                on_lost()

    class Emitter(InotifyFullEmitter):
        def on_thread_start(self) -> None:
            if self.watch.path not in trees:
                super().on_thread_start()
                return
            path, mask = os.fsencode(self.watch.path), self.get_event_mask_from_filter()
            self._inotify = InotifyTree(trees[self.watch.path], self._inotify_fd, path, mask)

    class Observer(InotifyObserver):
        def __init__(self) -> None:
            self._inotify_fd = Reader()
            self._inotify_fd.start()
            Base.__init__(self, Emitter, inotify_fd=self._inotify_fd)

    InotifyMoveEventGrouper.delay = MOVE_DELAY
    return Observer()
