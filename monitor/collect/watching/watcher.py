"""The door to watchdog: file system events → signs that a path is whole, or merely there."""

from __future__ import annotations

import logging
import os
import platform
import stat
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver, ObservedWatch

    from monitor.collect.watching.folder import Folder


_IS_LINUX = platform.system() == "Linux"
# Seconds for which the library holds back every event behind a move out of the folder; its own value is 0.5.
MOVE_DELAY = 0.05


class OnEvent(Protocol):
    """Takes what an event says of one path; called on watchdog's thread, so it only queues."""

    def __call__(self, path: bytes, *, is_closed: bool) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderIdentity:
    """Which folder stands at a path, and when its list of names changed last."""

    device: int
    inode: int
    mtime_ns: int

    def is_same_folder(self, other: FolderIdentity) -> bool:
        """A watch sits on the folder, not on its path."""
        return (self.device, self.inode) == (other.device, other.inode)


@dataclass(frozen=True, slots=True)
class _Watch:
    """A folder as it was when its watch was set: another folder under the same path is not heard."""

    watch: ObservedWatch
    place: FolderIdentity


class Watcher:
    """Watches folders, each armed and disarmed by itself; one thread calls, watchdog's threads give the signs."""

    def __init__(
        self, folders: Iterable[Folder], on_event: OnEvent, *, on_overflow: Callable[[], None] = lambda: None
    ) -> None:
        """on_lost: the kernel dropped events; called on watchdog's thread."""
        self._folders: dict[bytes, tuple[Folder, ...]] = {}  # several sources may share a folder
        for folder in folders:
            self._folders[folder.path] = (*self._folders.get(folder.path, ()), folder)
        self._on_event = on_event
        self._on_overflow = on_overflow
        self._observer: BaseObserver | None = None
        self._watches: dict[bytes, _Watch] = {}
        self._handlers: dict[bytes, _EventHandler] = {}

    @property
    def paths(self) -> tuple[bytes, ...]:
        """The folders, each once."""
        return tuple(self._folders)

    @property
    def is_alive(self) -> bool:
        """Whether events can still arrive."""
        return self._observer is not None and self._observer.is_alive() and _is_reading(self._observer)

    @property
    def errors(self) -> int:
        """How many events raised an error of ours; each was left behind."""
        return sum(handler.errors for handler in self._handlers.values())

    def last_event(self, path: bytes) -> float:
        """When the last event of a folder came, or its watch was set; monotonic seconds."""
        handler = self._handlers.get(path)
        return handler.last_event if handler else 0.0

    def is_watching(self, path: bytes, place: FolderIdentity) -> bool:
        """Whether what happens in the folder that stands there now will be told."""
        armed = self._watches.get(path)
        if armed is None or self._observer is None or not self.is_alive or not armed.place.is_same_folder(place):
            return False
        return any(emitter.watch == armed.watch and emitter.is_alive() for emitter in self._observer.emitters)

    def watch(self, path: bytes, place: FolderIdentity) -> None:
        """Watch the folder that stands there now; it must be scanned after that.

        Raises OSError where the system gives no watch (the limits of inotify).
        """
        if not self.is_alive:
            self.stop()
            self._observer = _new_observer(self._on_overflow)
            self._observer.start()
        self.unwatch(path)
        self._watches[path] = _Watch(self._schedule(path), place)

    def unwatch(self, path: bytes) -> None:
        """Watch it no longer; what happens there from now on is not told."""
        armed = self._watches.pop(path, None)
        if armed and self._observer is not None:
            self._observer.unschedule(armed.watch)

    def stop(self) -> None:
        """End the threads; events that come later are lost, a scan finds what they meant."""
        if self._observer is not None and self._observer.ident is not None:
            self._observer.stop()
            self._observer.join(timeout=2)
        self._observer = None
        self._watches.clear()

    def _schedule(self, path: bytes) -> ObservedWatch:
        from watchdog.events import FileSystemEventHandler

        assert self._observer is not None  # noqa: S101 - arm() made it
        real = os.path.realpath(path)  # a watch on a link hears nothing
        errors = self._handlers[path].errors if path in self._handlers else 0
        handler = FileSystemEventHandler()
        self._handlers[path] = _EventHandler(self._folders[path], real, self._on_event, errors=errors)
        handler.on_any_event = self._handlers[path]  # type: ignore[method-assign]
        try:
            return self._observer.schedule(
                handler,
                os.fsdecode(real),
                recursive=any(folder.is_recursive for folder in self._folders[path]),
                event_filter=_wanted_events(),
            )
        except OSError:
            if not self._observer.emitters:  # a thread without a task would keep one of the few inotify instances
                self.stop()
            raise


class _EventHandler:
    """Turns one event into one sign. An exception here would end watchdog's thread, so none gets out."""

    def __init__(self, folders: Sequence[Folder], real: bytes, sign: OnEvent, *, errors: int) -> None:
        self._folders = folders  # all at one path
        self._real = real  # where the folder's path leads; events name paths below it
        self._on_event = sign
        self.errors = errors
        self.last_event = time.monotonic()

    def __call__(self, event: FileSystemEvent) -> None:
        self.last_event = time.monotonic()
        try:
            self._report(event)
        except Exception:  # noqa: BLE001 - the library's thread would die of it, and with it every event to come
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
            # A rename into place says as much as a close; a bare "created" says only that there is something.
            self._on_event(path, is_closed=event.event_type == "closed" or is_move)


def folder_identity(path: bytes) -> FolderIdentity | str:
    """Which folder stands at a path now, or why none can be used (watchdog would be deaf and not say so)."""
    try:
        status = os.stat(path)
        if not stat.S_ISDIR(status.st_mode):
            return "this path is no folder"
        with os.scandir(path):  # access(2) asks for the real user, and root's rights hide an NFS server's refusal
            pass
    except FileNotFoundError:
        return "the folder is missing"
    except OSError as error:
        return f"the folder cannot be read: {error.strerror}"
    if not os.access(path, os.X_OK):
        return "the folder cannot be read: its files cannot be reached"
    return FolderIdentity(device=status.st_dev, inode=status.st_ino, mtime_ns=status.st_mtime_ns)


def _wanted_events() -> list[type[FileSystemEvent]]:
    """What gives signs, and what changes a folder's list of names: both prove that the watch hears."""
    from watchdog.events import (
        DirCreatedEvent,
        DirDeletedEvent,
        DirMovedEvent,
        FileClosedEvent,
        FileCreatedEvent,
        FileDeletedEvent,
        FileModifiedEvent,
        FileMovedEvent,
    )

    # Linux tells of closes, and one upload gives hundreds of "modified"; elsewhere "modified" is all there is.
    last = FileClosedEvent if _IS_LINUX else FileModifiedEvent
    names = [FileCreatedEvent, FileMovedEvent, FileDeletedEvent, DirCreatedEvent, DirMovedEvent, DirDeletedEvent]
    return [last, *names]


def _new_observer(on_lost: Callable[[], None]) -> BaseObserver:
    # What it would write by itself is counted, logged and shown by the monitor, in the monitor's form.
    logging.getLogger("watchdog").setLevel(logging.CRITICAL)
    if _IS_LINUX:
        return _inotify_observer(on_lost)
    from watchdog.observers import Observer

    make: Callable[[], BaseObserver] = Observer
    return make()


def _inotify_observer(on_lost: Callable[[], None]) -> BaseObserver:
    """The library's own observer with a reader that tells of a queue overflow, which has no event of its own."""
    from watchdog.observers.api import BaseObserver as Base
    from watchdog.observers.inotify import InotifyFullEmitter, InotifyObserver
    from watchdog.observers.inotify_c import InotifyEvent, InotifyFD
    from watchdog.observers.inotify_move_event_grouper import InotifyMoveEventGrouper

    class Reader(InotifyFD):
        def handle_event(self, event: InotifyEvent) -> None:
            super().handle_event(event)
            if event.is_queue_overflow:
                on_lost()

    class Observer(InotifyObserver):
        def __init__(self) -> None:
            self._inotify_fd = Reader()
            self._inotify_fd.start()
            Base.__init__(self, InotifyFullEmitter, inotify_fd=self._inotify_fd)

    InotifyMoveEventGrouper.delay = MOVE_DELAY
    return Observer()


def _is_reading(observer: BaseObserver) -> bool:
    """Whether the thread that reads from the kernel lives; where there is none of its own, the emitters tell."""
    reader: Any = getattr(observer, "_inotify_fd", None)
    return reader is None or reader.is_alive()
