"""Hold a window of a text that comes in chunks, and know the place of its characters in the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

_LEAST = 1 << 16  # characters that are read at once
_LEAD = 200  # characters before the current one that stay in the window


class Buffer:
    """A window of a text; `at` moves through it, and what lies behind is forgotten."""

    def __init__(self, chunks: Iterable[str], *, byte_count: Callable[[str], int] = len, start: int = 0) -> None:
        """byte_count: returns how many bytes of the file a text was; start: how many precede the text."""
        self._chunks, self._byte_count = iter(chunks), byte_count
        self.text, self.at = "", 0
        self.is_whole = False  # nothing follows the window
        self._counted, self._line, self._offset = 0, 1, start

    def fill(self, least: int = _LEAST) -> bool:
        """Forget what lies before `at` and read on; return whether there was more."""
        self.place(self.at)
        first = max(0, self.at - _LEAD)
        parts, length = [self.text[first:]], 0
        self.at -= first
        self._counted -= first
        while length < least and not self.is_whole:
            chunk = next(self._chunks, None)
            self.is_whole = chunk is None
            parts.append(chunk or "")
            length += len(parts[-1])
        self.text = "".join(parts)
        return length > 0

    def place(self, at: int) -> tuple[int, int]:
        """Return line and offset of a character; never those of one before an earlier answer."""
        if at > self._counted:
            passed = self.text[self._counted : at]
            self._line += passed.count("\n")
            self._offset += self._byte_count(passed)
            self._counted = at
        return self._line, self._offset

    def skip(self, pattern: re.Pattern[str]) -> str:
        """Move behind all that a pattern matches; return the character there, "" at the end of the text."""
        while True:
            match = pattern.match(self.text, self.at)
            if match:
                self.at = match.end()
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.fill():
                return ""
