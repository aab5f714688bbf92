"""The table of common services says what Apprise itself says, so a service is the same by either way."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from monitor.notify.apprise_channel import build, load_all_plugins
from monitor.notify.schemes import PLUGINS, WEBHOOK_HOSTS
from monitor.secret import Secret
from tests.notify.addresses import address, plugins

NATIVE = {
    "hooks.slack.com": "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    "discord.com": "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    "discordapp.com": "https://discordapp.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
}


def schemes_of(plugin: Any) -> list[str]:
    return [*(plugin["protocols"] or ()), *(plugin["secure_protocols"] or ())]


def samples() -> list[str]:
    """An address of each scheme in the table, and each webhook as its service gives it out."""
    found = {}
    for plugin in plugins():
        known = [scheme for scheme in schemes_of(plugin) if scheme in PLUGINS]
        url = address(plugin, port=9) if known else None
        for scheme in known if url else ():
            assert url
            found[scheme] = f"{scheme}://{url.reveal().partition('://')[2]}"
    assert found.keys() == PLUGINS.keys()
    return [*found.values(), *NATIVE.values()]


# What `build` sets for each service, and what is made anew with each: its cache, and when it was made.
SET_OR_NEW = frozenset(
    {"asset", "avatar", "include_footer", "include_image", "overflow_mode", "ratelimit_reset", "redirects"}
    | {"request_rate_per_sec", "retry", "socket_connect_timeout", "socket_read_timeout", "use_blocks"}
)


def state_of(service: Any) -> dict[str, Any]:
    known = {name: value for name, value in vars(service).items() if name not in SET_OR_NEW}
    return {name: value for name, value in known.items() if " at 0x" not in repr(value)}


def test_each_scheme_names_the_plugin_that_apprise_finds() -> None:
    load_all_plugins()
    from apprise.manager_plugins import NotificationManager

    manager: Any = NotificationManager()  # type: ignore[no-untyped-call]
    named = {scheme: (f"apprise.plugins.{module}", name) for scheme, (module, name) in PLUGINS.items()}
    found = {
        scheme: (".".join(manager[scheme].__module__.split(".")[:3]), manager[scheme].__name__) for scheme in named
    }
    assert named == found


def test_a_common_service_is_the_one_that_apprise_makes() -> None:
    assert NATIVE.keys() == WEBHOOK_HOSTS.keys()
    load_all_plugins()
    from apprise import Apprise

    for url in samples():
        ours = build(Secret(url))
        theirs = Apprise.instantiate(url, asset=ours.asset)
        assert (type(ours), state_of(ours)) == (type(theirs), state_of(theirs)), url


@pytest.mark.parametrize(
    ("url", "is_common"),
    [
        ("json://127.0.0.1:9/", True),
        ("mailto://mail.example.org/?from=a@example.org&to=b@example.org", True),
        (NATIVE["hooks.slack.com"], True),
        ("gotify://127.0.0.1:9/a1b2c3d4e5f6a7b", True),
        ("lark://abcdef01234567890123", False),
    ],
)
def test_a_common_service_loads_no_plugin_of_another(url: str, is_common: bool) -> None:
    program = "\n".join([
        "import sys",
        "from monitor.notify.apprise_channel import open_apprise",
        "from monitor.secret import Secret",
        f"open_apprise('team', Secret({url!r}))",
        "loaded = {name.split('.')[2] for name in sys.modules if name.startswith('apprise.plugins.')}",
        "print(len(loaded - {'base'}))",
    ])  # fmt: skip
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (int(done.stdout) == 1) is is_common


@pytest.mark.parametrize("moved", [("no_such_module", "NotifyJSON"), ("custom_json", "NoSuchClass")])
def test_a_common_scheme_that_apprise_has_moved_is_found_as_before(moved: tuple[str, str]) -> None:
    service = build(Secret("json://127.0.0.1:9/"), plugins={**PLUGINS, "json": moved})
    assert type(service).__name__ == "NotifyJSON"
