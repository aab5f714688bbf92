"""The section `web:`: where the page is served, at which names, and who may do what there."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config import Config, web_options_of
from monitor.config.settings import settings
from monitor.config.web import NO_USERS
from tests.config.support import HEAD, as_lines, loaded, refused

LINE = f"scrypt$16384$8$1${'s' * 22}==${'h' * 43}="  # as `monitor web password` prints it
USERS = f'users: {{kim: "{LINE}"}}'


def web(folder: Path, keys: str) -> Config:
    return loaded(folder, f"{HEAD}web: {{{keys}}}\n")


def test_by_default_no_page_is_served(tmp_path: Path) -> None:
    assert web_options_of(loaded(tmp_path, HEAD)).address is None


@pytest.mark.parametrize(
    ("listen", "address", "home"),
    [
        ("127.0.0.1:9878", ("127.0.0.1", 9878), "http://127.0.0.1:9878/"),
        ("'[::1]:9878'", ("::1", 9878), "http://[::1]:9878/"),
        ("localhost:0", ("localhost", 0), "http://localhost:0/"),
    ],
)
def test_a_tcp_address_is_a_host_and_a_port(tmp_path: Path, listen: str, address: tuple[str, int], home: str) -> None:
    options = web_options_of(web(tmp_path, f"listen: {listen}"))
    assert (options.address, options.home) == (address, home)


def test_a_unix_socket_lies_in_the_state_folder(tmp_path: Path) -> None:
    config = web(tmp_path, "listen: 'unix:web.sock'")
    assert web_options_of(config).address == config.state / "web.sock"


@pytest.mark.parametrize(
    "listen",
    [
        "9878", ":9878", "press.lan:9878", "127.0.0.1", "127.0.0.1:65536", "xlocalhost:1", "unix:", "unix:/tmp/x",
        "unix:../x", "unix:.x", "unix:control.sock", "unix:monitor.db", "unix:monitor.lock", "unix:STORE_ID",
        "unix:daemon.json", "unix:web.key", "unix:a b", "http://127.0.0.1:9878",
    ],
)  # fmt: skip
def test_any_other_address_is_refused_with_those_that_are_valid(tmp_path: Path, listen: str) -> None:
    [fault] = refused(tmp_path, f"{HEAD}web: {{listen: '{listen}', anonymous: all}}\n")
    shown = "http://…" if "://" in listen else listen
    assert fault.message == (
        f"'{shown}' is not a valid address to listen on: write 127.0.0.1:9878, [::1]:9878, unix:web.sock or off"
    )


@pytest.mark.parametrize(
    ("listen", "expected"),
    [
        ("127.0.0.1:9878", "all"),
        ("127.8.0.1:9878", "all"),
        ("'[::1]:9878'", "all"),
        ("localhost:9878", "all"),
        ("'unix:web.sock'", "all"),
        ("0.0.0.0:9878", "none"),
        ("'[::]:9878'", "none"),
        ("192.168.0.7:9878", "none"),
    ],
)
def test_where_others_reach_the_page_a_visitor_needs_a_password(tmp_path: Path, listen: str, expected: str) -> None:
    assert web_options_of(web(tmp_path, f"listen: {listen}, {USERS}")).anonymous == expected


def test_what_a_visitor_may_do_can_be_set(tmp_path: Path) -> None:
    assert web_options_of(web(tmp_path, "listen: 0.0.0.0:9878, anonymous: read")).anonymous == "read"


@pytest.mark.parametrize(
    "keys",
    [
        "listen: «0.0.0.0:9878",
        "listen: «'[::]:9878', users: {}",
        "listen: «127.0.0.1:9878, anonymous: none",
        "anonymous: none, listen: «'unix:web.sock'",
    ],
)
def test_a_page_that_nobody_may_open_is_refused_where_it_listens(tmp_path: Path, keys: str) -> None:
    text = f"{HEAD}web: {{{keys}}}\n"
    column = text.splitlines()[-1].index("«") + 1
    assert as_lines(refused(tmp_path, text.replace("«", ""))) == [f"3:{column} web.listen: {NO_USERS}"]
    assert web(tmp_path, f"{keys.replace('«', '').replace(', users: {}', '')}, {USERS}").web.users.keys() == {"kim"}


def test_a_page_that_is_not_served_needs_no_users(tmp_path: Path) -> None:
    assert web(tmp_path, "listen: off, anonymous: none").web.anonymous == "none"


@pytest.mark.parametrize(
    ("keys", "is_warned"),
    [
        (USERS, True),
        (f"{USERS}, url: 'http://press.lan/'", True),
        (f"{USERS}, url: 'https://press.lan/'", False),
        ("url: 'http://press.lan/'", False),
    ],
)
def test_passwords_without_https_are_warned_of(tmp_path: Path, keys: str, is_warned: bool) -> None:
    warned = [(one.path, "https" in one.message) for one in web(tmp_path, keys).warnings]
    assert warned == [("web.users", True)] * is_warned


@pytest.mark.parametrize(
    ("keys", "is_warned"),
    [
        ("listen: 127.0.0.1:9878", True),
        ("listen: 'unix:web.sock', anonymous: all", True),
        ("listen: 127.0.0.1:9878, anonymous: none", False),
        ("listen: 127.0.0.1:9878, anonymous: read", False),
        ("listen: 0.0.0.0:9878", False),
    ],
)
def test_passwords_that_nobody_is_asked_for_are_warned_of(tmp_path: Path, keys: str, is_warned: bool) -> None:
    warned = [one.message for one in web(tmp_path, f"{USERS}, url: 'https://press.lan/', {keys}").warnings]
    assert ["nobody is asked for a password" in message for message in warned] == [True] * is_warned


def test_the_url_gives_the_prefix_the_home_and_a_name(tmp_path: Path) -> None:
    config = web(tmp_path, "listen: 127.0.0.1:9878, hosts: [Press.LAN], url: 'https://Example.org:8443/a/b'")
    options = web_options_of(config)
    assert options.url == options.home == "https://Example.org:8443/a/b/"
    assert options.prefix == "/a/b"
    assert options.hosts == {"press.lan", "example.org"}


def test_without_a_url_there_is_no_prefix(tmp_path: Path) -> None:
    options = web_options_of(web(tmp_path, "listen: 127.0.0.1:9878"))
    assert (options.url, options.prefix, options.hosts) == (None, "", frozenset())


@pytest.mark.parametrize(
    "url",
    [
        "press.lan",
        "ftp://press.lan/",
        "https://a:b@press.lan/",
        "https://press.lan/?a=b",
        "https://h:0/",
        "https://h/#",
    ],
)
def test_any_other_url_is_refused(tmp_path: Path, url: str) -> None:
    [fault] = refused(tmp_path, f"{HEAD}web: {{url: '{url}'}}\n")
    assert "is not a valid address of the page: write for example https://" in fault.message
    assert "a:b" not in fault.message + fault.excerpt


@pytest.mark.parametrize("name", ["press.lan:80", "*", "http://press.lan", "한.kr", "a b", ""])
def test_any_other_host_name_is_refused(tmp_path: Path, name: str) -> None:
    [fault] = refused(tmp_path, f"{HEAD}web: {{hosts: ['{name}']}}\n")
    assert "is not a valid host name: write it in plain ASCII and without a port" in fault.message


@pytest.mark.parametrize(
    "line", ["c4n4ry", LINE[:-1], LINE.replace("16384", "2"), f"kim:{LINE}", LINE.replace("s", "$"), "scrypt$c4n4ry"]
)
def test_a_password_in_place_of_its_line_is_refused_and_not_shown(tmp_path: Path, line: str) -> None:
    faults = refused(tmp_path, f"{HEAD}web: {{users: {{kim: '{line}'}}}}\n")
    [fault] = (one for one in faults if one.severity == "error")
    assert fault.message == "'…' is not a password line: write what `monitor web password` prints"
    assert fault.path == "web.users.kim"
    assert line not in fault.excerpt


def test_a_password_line_may_come_from_a_file_and_is_never_shown(tmp_path: Path) -> None:
    (tmp_path / "kim").write_text(f"{LINE}\n")
    config = web(tmp_path, f"users: {{kim: '${{file:kim}}', lee: '{LINE}'}}")
    assert web_options_of(config).users["kim"].reveal() == LINE
    shown = {one.path: one.value for one in settings(config) if one.path.startswith("web.users")}
    assert shown == {"web.users.kim": "${file:kim}", "web.users.lee": "…"}
    assert LINE not in repr(config) + repr(config.web) + str(web_options_of(config))
