"""The socket of the page."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from monitor.errors import MonitorError
from monitor.files import socket_path
from monitor.web.listener import open_listener


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])  # noqa: S104 - for a moment
def test_a_tcp_address_takes_connections(host: str) -> None:
    with open_listener((host, 0)) as listener:
        socket.create_connection(("127.0.0.1", listener.getsockname()[1])).close()


def test_an_address_of_ipv6_takes_none_of_ipv4() -> None:
    try:
        with open_listener(("::1", 0)) as listener:
            port = listener.getsockname()[1]
            socket.create_connection(("::1", port)).close()
            with pytest.raises(OSError, match="refused"):
                socket.create_connection(("127.0.0.1", port))
    except MonitorError as error:
        pytest.skip(f"this machine has no IPv6: {error.message}")


def test_a_port_in_use_is_an_error_that_says_where_and_what_to_do() -> None:
    with open_listener(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(MonitorError, match=r"Address already in use; set web\.listen to another") as caught:
            open_listener(("127.0.0.1", port)).__enter__()
    assert caught.value.where == f"127.0.0.1:{port}"


def test_an_address_of_another_machine_is_an_error() -> None:
    with pytest.raises(MonitorError, match="Cannot assign requested address"):
        open_listener(("192.0.2.1", 0)).__enter__()


def test_a_unix_socket_may_be_opened_by_its_owner_alone_and_is_gone_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "web.sock"
    with open_listener(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        connect(path)
    assert not path.exists()


def test_the_socket_of_a_dead_process_is_replaced_and_one_that_is_served_is_not(tmp_path: Path) -> None:
    path = tmp_path / "web.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with open_listener(path), pytest.raises(MonitorError, match="Address already in use"):
        open_listener(path).__enter__()


def test_a_file_in_place_of_the_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "web.sock"
    path.write_text("notes")
    with pytest.raises(MonitorError, match="Address already in use"):
        open_listener(path).__enter__()
    assert path.read_text() == "notes"


def test_a_state_folder_may_be_longer_than_the_address_of_a_socket(tmp_path: Path) -> None:
    folder = tmp_path / ("가" * 40) / "b c" / ("d" * 100)
    folder.mkdir(parents=True)
    with open_listener(folder / "web.sock"):
        connect(folder / "web.sock")


def test_a_folder_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MonitorError, match="No such file"):
        open_listener(tmp_path / "missing" / "web.sock").__enter__()


def connect(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as client, socket_path(path) as address:
        client.connect(address)
