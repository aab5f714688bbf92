"""Watch a folder and its subfolders with the library's inotify reader, by our own walk.

The library's walk recurses, so that deep folders end its threads; it hides that the system's limit of watches is
reached; and it does not see a new link to a folder. Only `watcher` imports this module, when it needs the library.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from watchdog.observers.inotify import InotifyWatchGroup
from watchdog.observers.inotify_c import InotifyConstants, InotifyEvent, InotifyFD, Mask
from watchdog.observers.inotify_move_event_grouper import PathedInotifyEvent

if TYPE_CHECKING:
    from monitor.collect.watching.watcher import Subfolders

_NO_WATCH_LEFT = (errno.ENOSPC, errno.ENOMEM)


class InotifyTree(InotifyWatchGroup):
    """The library's watches of one folder and of its subfolders."""

    def __init__(self, subfolders: Subfolders, inotify: InotifyFD, path: bytes, mask: Mask) -> None:
        """Start the watches. Raise OSError where the folder gets none, or the system has no more of them."""
        self._subfolders = subfolders
        super().__init__(inotify, path, is_recursive=True, event_mask=mask, follow_symlink=subfolders.follows_links)

    def on_event(self, event: InotifyEvent) -> None:
        try:
            super().on_event(event)
            if event.is_create or event.is_moved_to:
                self._check_new(event)
        except OSError:
            self._subfolders.is_outdated = True

    def _check_new(self, event: InotifyEvent) -> None:
        """Report the files of a folder that was moved here; a link to a folder gets its watches with all others."""
        with self._lock:
            path = self._build_event_source_path(event)
            if path is None:
                return
            if event.is_moved_to and event.is_directory:
                for each in self._recursive_simulate(path):
                    parent = self._active_callbacks_by_watch[each.wd]
                    self._move_event_grouper.put_event(PathedInotifyEvent(each, os.path.join(parent, each.name)))
            elif not event.is_directory and self._subfolders.is_linked_folder(path):
                self._subfolders.is_outdated = True

    def _recursive_simulate(self, src_path: bytes) -> list[InotifyEvent]:
        files = [file for file, entry in self._subfolders.walk(src_path) if entry is not None]
        watches = ((self._active_callbacks_by_path.get(os.path.dirname(file)), file) for file in files)
        created = InotifyConstants.IN_CREATE
        return [InotifyEvent(wd, created, 0, os.path.basename(file)) for wd, file in watches if wd is not None]

    def _add_all_callbacks(self, path: bytes) -> None:
        if path == self.path:
            self._add_callback(path)
        elif not self._subfolders.enters(os.path.basename(path)):
            return
        for folder, entry in self._subfolders.walk(path):
            if entry is None and folder != self.path:
                self._add_callback(folder)

    def _add_callback(self, path: bytes) -> None:
        try:
            wd = self._inotify_fd.add_callback(path, self.event_mask, self._callback, self._id)
        except OSError as error:
            if path == self.path or error.errno in _NO_WATCH_LEFT:
                raise
            return  # it is gone, or its path is too long: the scans report it
        self._active_callbacks_by_path[path] = wd
        self._active_callbacks_by_watch[wd] = path
