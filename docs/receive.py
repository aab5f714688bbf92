"""Run a webhook on this machine that prints what it receives: `python3 docs/receive.py [PORT]`."""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class _Printer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Accept and print."""
        received = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        print(received["title"], received["message"], "", sep="\n", flush=True)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing besides the messages."""


if __name__ == "__main__":
    with HTTPServer(("127.0.0.1", int(sys.argv[1]) if sys.argv[1:] else 8080), _Printer) as server:
        print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
