"""Values with slots, as every supported Python can define them."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from dataclasses import is_dataclass
from types import FunctionType

import monitor


def test_a_property_of_a_slotted_value_is_a_function() -> None:
    """Python 3.14 looks into the code of each when it makes the slots, and an attrgetter has none."""
    names = [one.name for one in pkgutil.walk_packages(monitor.__path__, "monitor.") if "__main__" not in one.name]
    kinds = {kind for name in names for _, kind in inspect.getmembers(importlib.import_module(name), inspect.isclass)}
    slotted = [kind for kind in kinds if is_dataclass(kind) and "__slots__" in vars(kind)]
    assert len(slotted) > 100
    assert [
        f"{kind.__module__}.{kind.__name__}.{name}"
        for kind in slotted
        for name, value in vars(kind).items()
        if isinstance(value, property) and not isinstance(value.fget, FunctionType)
    ] == []
