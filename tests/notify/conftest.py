"""The fixtures of the tests of this folder."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from monitor.secret import Secret
from tests.notify.addresses import address, plugins, scheme


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the machine would stand between us and 127.0.0.1."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="session")
def addresses() -> Mapping[str, Secret]:
    """One address for each plugin whose library is installed."""
    made = {scheme(plugin): address(plugin, port=9) for plugin in plugins() if plugin["enabled"]}
    return {name: url for name, url in made.items() if url is not None}
