"""Write pictures of the page into docs/pictures/: `./dev browser`, then `python -m docs.make.screenshots`.

A project in a temporary folder gets the samples and a second publisher's dumps, one round after the other, each on its
day of the last weeks. Then the daemon runs and serves the page. In the end one of its channels refuses a message.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode
from urllib.request import urlopen
from zoneinfo import ZoneInfo

from docs.make.browser import started
from docs.make.sample_rounds import LAST, ROUNDS, Round, dump
from monitor.config.json_schema import sample_config

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parent.parent.parent
PICTURES = ROOT / "docs" / "pictures"
ZONE = ZoneInfo("Asia/Seoul")
_SOURCE = """\
  press:
    path: press/
    categories: [Trade/Investment, Industry, FTA/Economic Cooperation, Energy]
    listings: {board: ["press_*.txt"]}
"""
_CHANNELS = """\
  team: {{url: "json://127.0.0.1:{port}/team"}}
  desk: {{url: "json://127.0.0.1:{port}/desk"}}
"""
_WATCHLISTS = """\
  supply-chain: {query: '"supply chain" OR 공급망 OR "critical minerals"', notify: [team]}
  energy: {query: '(hydrogen OR nuclear OR gas) AND (export* OR cooperation OR agreement)', notify: [team, desk]}
  exports: {query: "exports NEAR/8 (record OR percent)", notify: [desk]}
"""
_QUERY = "exports NEAR/12 (record OR percent) AND semiconductor"
_WIDE: Mapping[str, Any] = {"viewport": {"width": 1280, "height": 760}, "color_scheme": "light"}
_DARK: Mapping[str, Any] = {**_WIDE, "color_scheme": "dark"}
_NARROW: Mapping[str, Any] = {"viewport": {"width": 390, "height": 760}, "color_scheme": "light"}
_NARROW_DARK: Mapping[str, Any] = {**_NARROW, "color_scheme": "dark"}
HEALTHY = (
    ("timeline", "/", _WIDE),
    ("release", "/releases/{exports}", _WIDE),
    ("rules", f"/rules?q={quote(_QUERY)}&against=exports", _WIDE),
    ("watchlists", "/watchlists", _WIDE),
)
NARROW = (("/?watchlist=exports", _NARROW), ("/releases/{exports}", _NARROW_DARK))
REFUSED = (("alerts", "/alerts", _DARK), ("status", "/status", _WIDE))

# `monitor` as it runs on an earlier day: a clock that was started on that day, and goes on as any clock does.
_AS_OF = """\
import sys
from datetime import timedelta
from monitor import clock
age, wall = timedelta(seconds=float(sys.argv.pop(1))), clock.wall_time
clock.SteadyClock.__init__.__kwdefaults__.update(wall=lambda: wall() - age, boot=f"a start {age} ago")
from monitor.cli import main
main()
"""


def main() -> None:
    """Write every picture."""
    PICTURES.mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="press-") as folder, receiver() as web_server, started() as browser:
        project = Path(folder)
        set_up(project, port=web_server.server_port)
        for each in ROUNDS:
            run_round(project, each)
        with served(project) as base:
            exports = _release(base, "ten days")
            for name, path, look in HEALTHY:
                _write(name, shot(browser, base + path.format(exports=exports), look))
            narrow = [shot(browser, base + path.format(exports=exports), look) for path, look in NARROW]
            _write("narrow", side_by_side(browser, narrow))
            web_server.refuses = True
            _drop(project, LAST)
            _wait_for(f"{base}/api/v1/channels", "refused")
            for name, path, look in REFUSED:
                _write(name, shot(browser, base + path, look))


class _Receiver(ThreadingHTTPServer):
    """A web server in place of a service that takes alerts."""

    refuses = False


class _Answers(BaseHTTPRequestHandler):
    server: _Receiver

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(404 if self.server.refuses and self.path == "/desk" else 200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's own name
        pass


@contextmanager
def receiver() -> Iterator[_Receiver]:
    with _Receiver(("127.0.0.1", 0), _Answers) as server:
        threading.Thread(target=server.serve_forever).start()
        yield server
        server.shutdown()


def set_up(project: Path, *, port: int) -> None:
    """Write the sample configuration with a second source, two channels and three watchlists."""
    text = sample_config().replace("    keywords:", "    notify: [team, desk]\n    keywords:")
    text = text.replace("127.0.0.1:9878", "127.0.0.1:0")
    for section, more in (("sources", _SOURCE), ("channels", _CHANNELS.format(port=port)), ("watchlists", _WATCHLISTS)):
        text = text.replace(f"\n{section}:\n", f"\n{section}:\n{more}")
    (project / "config.yaml").write_text(text, "utf-8")
    for folder in ("seeds", "press"):
        (project / folder).mkdir()


def run_round(project: Path, each: Round) -> None:
    """Drop one dump, and ingest and deliver it as on its day."""
    _drop(project, each)
    now = datetime.now(ZONE)
    at = datetime.combine(now.date() - timedelta(days=each.days_ago), time.fromisoformat(each.time), ZONE)
    command = [sys.executable, "-c", _AS_OF, str((now - at).total_seconds()), "run", "--once"]
    done = subprocess.run(command, cwd=project, env=_environ(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)


def _drop(project: Path, each: Round) -> None:
    if each.seeds:
        shutil.copy(ROOT / "seeds" / each.seeds, project / "seeds")
    else:
        (project / "press" / each.name).write_text(dump(each.shown.split()), "utf-8")


def _release(base: str, words: str) -> int:
    """Return the number of the release that contains these words."""
    with urlopen(f"{base}/api/v1/releases?{urlencode({'words': words})}") as answer:  # noqa: S310 - our own address
        return int(json.load(answer)["items"][0]["release"])


def _wait_for(address: str, text: str) -> None:
    """Ask again until an answer contains a text."""
    for _ in range(150):
        with urlopen(address) as answer:  # noqa: S310 - our own address
            if text in answer.read().decode():
                return
        sleep(0.2)
    raise SystemExit(f"{address} does not show {text}")


@contextmanager
def served(project: Path) -> Iterator[str]:
    """Run the daemon until the block ends, and give the address of its page."""
    command = [sys.executable, "-m", "monitor", "run"]
    with subprocess.Popen(command, cwd=project, env=_environ(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield next(line.split()[1].rstrip("/") for line in process.stdout if line.startswith("page "))
        process.terminate()


def _environ() -> Mapping[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def shot(browser: Browser, address: str, look: Mapping[str, Any]) -> bytes:
    context = browser.new_context(**look)
    page = context.new_page()
    page.goto(address)
    if (pending := page.locator(".message summary", has_text="pending")).count():
        pending.first.click()
    made: bytes = page.screenshot(animations="disabled")
    context.close()
    return made


def side_by_side(browser: Browser, shots: list[bytes]) -> bytes:
    images = "".join(f'<img src="data:image/png;base64,{b64encode(shot).decode()}">' for shot in shots)
    page = browser.new_page()
    page.set_content(f'<body style="margin:0;padding:16px;background:#d9d5cc;display:inline-flex;gap:16px">{images}')
    made: bytes = page.locator("body").screenshot()
    page.close()
    return made


def _write(name: str, made: bytes) -> None:
    path = PICTURES / f"{name}.png"
    path.write_bytes(made)
    print(f"wrote {path.relative_to(ROOT)}: {len(made) // 1000} kB")


if __name__ == "__main__":
    main()
