"""Define what all sections of the configuration share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator


def setting(description: str, *, default: Any = ..., example: str = "") -> Any:
    """Describe one key: its purpose, its default (as text where the file has text) and an example."""
    is_text = isinstance(default, str) and default != ""
    return Field(default, description=description, examples=[example] if example else None, validate_default=is_text)


# For a section that the file lacks. It is built as part of the whole configuration: each kind of section alone, as for
# a default that is a value, would take as long again.
ABSENT: Any = Field(default={}, validate_default=True)


class Section(BaseModel):
    """A group of keys; a known key without a value counts as absent."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_unset(cls, given: object) -> object:
        if not isinstance(given, Mapping):
            return {} if given is None else given  # None: `team:` with nothing below it
        return {key: value for key, value in given.items() if value is not None or key not in cls.model_fields}
