"""Stand in for hooks.slack.com on this machine: a proxy that answers for it, with a certificate of its own.

    with slack_stand_in() as stand_in:
        ... run anything with `stand_in.environ` that posts to https://hooks.slack.com/services/… …
        [payload] = stand_in.wait_for(1)

`python -m tests.slack_stand_in` prints the lines for a shell, and then each alert as text.
"""

from __future__ import annotations

import json
import ssl
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.notify.slack_limits import faults
from tests.notify.slack_text import shown
from tests.servers import Arrivals

HOST = "hooks.slack.com"
CERTIFICATE = Path(__file__).parent / "notify" / "certificates" / "slack.pem"  # made by openssl req -x509, for HOST
URL = f"https://{HOST}/services/T0AAAAAAA/B0BBBBBBB/CCCCCCCCCCCCCCCCCCCCCCCC"


class SlackStandIn:
    """The payloads that arrived, and how to reach it."""

    def __init__(self, port: int) -> None:
        self.environ: Mapping[str, str] = {
            "HTTPS_PROXY": f"http://127.0.0.1:{port}",
            "REQUESTS_CA_BUNDLE": str(CERTIFICATE),
            "SLACK_URL": URL,
        }
        self.arrivals: Arrivals[Any] = Arrivals()

    def wait_for(self, count: int) -> list[Any]:
        return self.arrivals.wait_for(count)


@contextmanager
def slack_stand_in(
    port: int = 0, *, on_payload: Callable[[Any], None] = lambda _payload: None
) -> Iterator[SlackStandIn]:
    """Answer as Slack does: `ok`, or 400 for a payload beyond its limits."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)

    class Proxy(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            if self.path != f"{HOST}:443":
                self.send_error(502)
                return
            self.send_response(200)
            self.end_headers()
            with suppress(OSError), context.wrap_socket(self.connection, server_side=True) as inner:
                Hook(inner, self.client_address, self.server)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            is_refused = "blocks" in payload and bool(faults(payload))
            answer = b"invalid_blocks" if is_refused else b"ok"
            self.send_response(400 if is_refused else 200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)
            stand_in.arrivals.add(payload)
            on_payload(payload)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Proxy)
    server.daemon_threads = True
    stand_in = SlackStandIn(server.server_address[1])
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


if __name__ == "__main__":
    with slack_stand_in(on_payload=lambda payload: print(shown(payload), flush=True)) as running:
        print("".join(f"export {name}={value}\n" for name, value in running.environ.items()), flush=True)
        with suppress(KeyboardInterrupt):
            sys.stdin.read()
