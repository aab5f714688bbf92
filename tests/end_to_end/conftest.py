"""What the journey's tests of a store run against."""

from tests.contract.conftest import pair, place

__all__ = ["pair", "place"]
