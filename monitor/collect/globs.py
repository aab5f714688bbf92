"""Compare names and lines with globs."""

from __future__ import annotations

import re
import unicodedata
from fnmatch import translate
from functools import cache


def fits(globs: tuple[str, ...], text: str) -> bool:
    """Return whether a text fits one of the globs as it looks: in any letter case, composed or not."""
    return _pattern(globs).match(_composed(text)) is not None


def _composed(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


@cache
def _pattern(globs: tuple[str, ...]) -> re.Pattern[str]:
    """Compile one expression for all globs: each name in a large folder is matched several times."""
    return re.compile("|".join(translate(_composed(glob)) for glob in globs) or r"(?!)", re.IGNORECASE)
