"""Any of the usual variables names the certificates that channels and fetched files are to trust."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.end_to_end.harness import MONITOR, Project, record

OWN = Path(__file__).parents[1] / "notify" / "certificates" / "good.pem"
VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
CONFIG = """\
sources:
  far: {{path: seeds/, fetch: {{url: "https://127.0.0.1:{port}/news.txt", every: 15m, allow_private: true}}}}
channels:
  hook: {{url: "jsons://127.0.0.1:{port}/alerts"}}
watchlists:
  fta: {{keywords: [FTA]}}
"""
DUMP = record("FTA talks held", "Delegations met in Seoul on Monday.").encode()


class Server(ThreadingHTTPServer):
    """Serves a dump and takes alerts, with a certificate that no usual authority has signed."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.seen: list[str] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(OWN)
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that trusts nobody breaks the handshake off."""


class Answers(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(DUMP)))
        self.end_headers()
        self.wfile.write(DUMP)

    do_POST = do_GET  # noqa: N815 - a name that http.server calls

    def log_message(self, *_: object) -> None:
        """A test's output is its own."""


@contextmanager
def server() -> Iterator[Server]:
    with Server() as made:
        made.daemon_threads = True
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield made
        finally:
            made.shutdown()
            thread.join()


@pytest.mark.parametrize("variable", VARIABLES[:3])
def test_one_variable_is_enough_for_channels_and_fetched_files(tmp_path: Path, variable: str) -> None:
    with server() as far:
        project = Project(tmp_path / "p", config=CONFIG.format(port=far.server_port))
        done = project.run_program(
            MONITOR[2], "run", "--once", env={**dict.fromkeys(VARIABLES, ""), variable: str(OWN)}
        )
        assert (done.code, far.seen) == (0, ["/news.txt", "/alerts"]), done.err


def test_a_file_that_does_not_exist_changes_nothing(tmp_path: Path) -> None:
    with server() as far:
        project = Project(tmp_path / "p", config=CONFIG.format(port=far.server_port))
        env = {**dict.fromkeys(VARIABLES, ""), "SSL_CERT_FILE": str(tmp_path / "nowhere.pem")}
        done = project.run_program(MONITOR[2], "channels", "test", "hook", env=env)
        assert (done.code, far.seen) == (1, [])
        assert "certificate" in done.out + done.err
