"""The door to watchdog: file system events → signs that a path is whole, or merely there."""

from __future__ import annotations

import os
import platform
import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver, ObservedWatch

    from monitor.collect.folder import Folder


_IS_LINUX = platform.system() == "Linux"


class Sign(Protocol):
    """Takes what an event says of one path; called on watchdog's thread, so it only queues."""

    def __call__(self, path: bytes, *, is_closed: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class _Armed:
    """A folder as it was when its watch was set: another folder under the same path is not heard."""

    watch: ObservedWatch
    place: tuple[int, int]  # device and inode


class Watcher:
    """Watches the folders that exist; the others are armed when they appear (`arm`)."""

    def __init__(self, folders: Iterable[Folder], sign: Sign) -> None:
        self._folders: dict[bytes, tuple[Folder, ...]] = {}  # several sources may share a folder
        for folder in folders:
            self._folders[folder.path] = (*self._folders.get(folder.path, ()), folder)
        self._sign = sign
        self._observer: BaseObserver | None = None
        self._armed: dict[bytes, _Armed] = {}

    def start(self) -> None:
        """Start the observer's threads. Raises OSError where the system gives no watches (inotify limit)."""
        self._observer = _observer()
        self._observer.start()
        try:
            self.arm()
        except OSError:
            self.stop()
            raise

    def arm(self) -> tuple[bytes, ...]:
        """Watch every folder that can be read and is not heard; returns those, which must now be scanned.

        A watch sits on the folder, not on its path: one that was deleted or renamed away and made anew needs another.
        """
        places = {path: _place(path) for path in self._folders}
        fresh = {path: place for path, place in places.items() if place and not self._hears(path, place)}
        for path, place in fresh.items():
            self._schedule(path, place)
        return tuple(fresh)

    @property
    def is_alive(self) -> bool:
        """Whether events can still arrive."""
        return self._observer is not None and self._observer.is_alive()

    def stop(self) -> None:
        """End the threads; events that come later are lost, a scan finds what they meant."""
        if self._observer is not None and self._observer.is_alive():
            self._observer.stop()
            self._observer.join(timeout=2)

    def _hears(self, path: bytes, place: tuple[int, int]) -> bool:
        armed = self._armed.get(path)
        if armed is None or self._observer is None or armed.place != place:
            return False
        return any(emitter.watch == armed.watch and emitter.is_alive() for emitter in self._observer.emitters)

    def _schedule(self, path: bytes, place: tuple[int, int]) -> None:
        from watchdog.events import (
            FileClosedEvent,
            FileCreatedEvent,
            FileModifiedEvent,
            FileMovedEvent,
            FileSystemEventHandler,
        )

        # Linux tells of closes, and one upload gives hundreds of "modified"; elsewhere "modified" is all there is.
        last = FileClosedEvent if _IS_LINUX else FileModifiedEvent
        assert self._observer is not None  # noqa: S101 - start() made it
        deaf = self._armed.pop(path, None)
        if deaf:
            self._observer.unschedule(deaf.watch)
        real = os.path.realpath(path)  # a watch on a link hears nothing
        handler = FileSystemEventHandler()
        handler.on_any_event = _Handler(self._folders[path], real, self._sign)  # type: ignore[method-assign]
        watch = self._observer.schedule(
            handler,
            os.fsdecode(real),
            recursive=any(folder.is_recursive for folder in self._folders[path]),
            event_filter=[last, FileCreatedEvent, FileMovedEvent],
        )
        self._armed[path] = _Armed(watch, place)


class _Handler:
    """Turns one event into one sign. An exception here would end watchdog's thread: it only compares names."""

    def __init__(self, folders: Sequence[Folder], real: bytes, sign: Sign) -> None:
        self._folders = folders  # all at one path
        self._real = real  # where the folder's path leads; events name paths below it
        self._sign = sign

    def __call__(self, event: FileSystemEvent) -> None:
        is_move = event.event_type == "moved"
        path = os.fsencode(event.dest_path if is_move else event.src_path)
        if not path.startswith(os.path.join(self._real, b"")):
            return
        path = os.path.join(self._folders[0].path, path[len(self._real) :].lstrip(b"/"))
        if any(folder.holds(path) for folder in self._folders):
            # A rename into place says as much as a close; a bare "created" says only that there is something.
            self._sign(path, is_closed=event.event_type == "closed" or is_move)


def _place(path: bytes) -> tuple[int, int] | None:
    """Which folder stands at a path now; None: none that may be read (watchdog would be deaf and not say so)."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    is_open = stat.S_ISDIR(status.st_mode) and os.access(path, os.R_OK | os.X_OK)
    return (status.st_dev, status.st_ino) if is_open else None


def _observer() -> BaseObserver:
    if _IS_LINUX:
        from watchdog.observers.inotify import InotifyObserver

        return InotifyObserver(generate_full_events=True)
    from watchdog.observers import Observer

    make: Callable[[], BaseObserver] = Observer
    return make()
