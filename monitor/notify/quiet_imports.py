"""Import Apprise and its plugins without their warnings."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_import_lock = threading.Lock()


@contextmanager
def quiet_imports() -> Iterator[None]:
    """Import Apprise or a plugin without its warnings: version 2.2 imports the old imghdr.

    One thread at a time, for warning filters belong to the process.
    """
    with _import_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
