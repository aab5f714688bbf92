"""The number of examples that Hypothesis tries: without `--full` a quarter of what is written beside a property."""

from __future__ import annotations

from hypothesis import settings

FULL = 100  # examples of a property that names no number


def examples(count: int) -> int:
    """Return how many examples to try of `count`, in the profile that is loaded."""
    return count * settings().max_examples // FULL
