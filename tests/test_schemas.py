"""The validator the schema tests rely on: it refuses what it should."""

from __future__ import annotations

from typing import Any

import pytest

from tests.schemas import disagreements


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "integer"}, 3, True),
        ({"type": "number"}, 1.5, "1.5"),
        ({"type": ["string", "null"]}, None, 0),
        ({"const": 1}, 1, 2),
        ({"enum": ["a", "b"]}, "b", "c"),
        ({"pattern": "^a+$"}, "aa", "ab"),
        ({"format": "date"}, "2024-07-01", "2024-07-32"),
        ({"format": "date-time"}, "2024-07-01T00:00:00Z", "noon"),
        ({"minimum": 1}, 1, 0),
        ({"maximum": 1}, 1, 2),
        ({"minLength": 1}, "a", ""),
        ({"minItems": 1}, [1], []),
        ({"maxItems": 1}, [1], [1, 2]),
        ({"minProperties": 1}, {"a": 1}, {}),
        ({"items": {"type": "string"}}, ["a"], ["a", 1]),
        ({"required": ["a"]}, {"a": 1}, {"b": 1}),
        ({"properties": {"a": {"type": "null"}}}, {"a": None}, {"a": 1}),
        ({"properties": {"a": {}}, "additionalProperties": False}, {"a": 1}, {"a": 1, "b": 2}),
        ({"additionalProperties": {"type": "null"}}, {"a": None}, {"a": 1}),
        ({"propertyNames": {"pattern": "^a"}}, {"ab": 1}, {"b": 1}),
        ({"anyOf": [{"type": "null"}, {"const": 1}]}, 1, 2),
        ({"$ref": "#/$defs/One", "$defs": {"One": {"const": 1}}}, 1, 2),
    ],
)
def test_a_value_fits_or_its_fault_is_told(schema: dict[str, Any], good: object, bad: object) -> None:
    assert list(disagreements(schema, good)) == []
    assert len(list(disagreements(schema, bad))) == 1


def test_a_keyword_the_validator_lacks_is_no_silent_success() -> None:
    with pytest.raises(KeyError):
        list(disagreements({"multipleOf": 2}, 3))
