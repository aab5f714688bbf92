"""A frozen value behaves as one of a frozen dataclass, which costs three times as much to define."""

from __future__ import annotations

import dataclasses
from dataclasses import field

import pytest

from monitor import frozen


@frozen.dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """A value with a field of each kind."""

    name: str
    link: str | None = field(default=None, compare=False)
    secret: str = field(default="", repr=False)
    parts: tuple[int, ...] = field(default_factory=tuple)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    """The same by the standard library."""

    name: str
    link: str | None = field(default=None, compare=False)
    secret: str = field(default="", repr=False)
    parts: tuple[int, ...] = field(default_factory=tuple)


@frozen.dataclass(frozen=True, slots=True)
class Inner(Ours):
    """A value with one field more, and with its own text."""

    kind: str

    def __repr__(self) -> str:
        return f"<{self.kind}>"


def test_it_prints_and_counts_its_fields_as_a_dataclass_does() -> None:
    given = {"name": "a", "link": "b", "secret": "c", "parts": (1,)}
    ours, theirs = Ours(**given), Theirs(**given)  # type: ignore[arg-type]
    assert repr(ours) == repr(theirs).replace("Theirs", "Ours")
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs) == given
    assert dataclasses.replace(ours, name="d") == Ours(name="d", secret="c", parts=(1,))
    assert not hasattr(ours, "__dict__")


def test_it_is_equal_to_a_value_of_its_class_whose_compared_fields_are_equal() -> None:
    assert Ours(name="a", link="b") == Ours(name="a", link="c")
    assert len({Ours(name="a", link="b"), Ours(name="a", link="c"), Ours(name="a", secret="d"), Ours(name="e")}) == 3
    theirs: object = Theirs(name="a")
    assert Ours(name="a") != theirs
    assert Ours(name="a") != Inner("k", name="a")


def test_a_class_keeps_its_own_methods_and_those_of_its_base() -> None:
    assert repr(Inner("k", name="a")) == "<k>"
    assert Inner("k", name="a") == Inner("k", name="a")
    assert Inner("k", name="a") != Inner("l", name="a")


def test_what_may_change_gets_no_hash() -> None:
    with pytest.raises(TypeError, match="only frozen values"):
        frozen.dataclass(frozen=False)
