"""What the journey's tests of a store run against."""

from tests.contract.conftest import pair

__all__ = ["pair"]
