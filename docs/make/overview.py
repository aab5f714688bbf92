"""Write the picture of the README, the page beside a mail: `./dev browser`, then `python -m docs.make.overview`.

Both show the project of the other pictures on the same day; the mail is the last one that its channel `desk` was sent.
"""

from __future__ import annotations

import socket
from email import message_from_bytes, policy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiosmtpd.controller import Controller

from docs.make.browser import started
from docs.make.sample_rounds import ROUNDS
from docs.make.screenshots import PICTURES, receiver, run_round, served, set_up, shot, side_by_side

_MAIL = "Exports of the first ten days"  # in the subject or text of the mail that is shown
_PAGE_SIZE = {"viewport": {"width": 860, "height": 660}, "color_scheme": "light"}
_MAIL_SIZE = {"viewport": {"width": 560, "height": 660}, "color_scheme": "light"}


class _Inbox:
    """A mail server's handler that keeps the HTML of each mail."""

    def __init__(self) -> None:
        self.pages: list[str] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        mail = message_from_bytes(envelope.original_content, policy=policy.default)
        part = mail.get_body(("html",))
        self.pages.append(part.get_content() if part is not None else "")
        return "250 OK"


def main() -> None:
    """Write the picture."""
    inbox = _Inbox()
    mail_server = Controller(inbox, hostname="127.0.0.1", port=_unused_port())
    with TemporaryDirectory(prefix="press-") as folder, receiver() as web_server, started() as browser:
        project = Path(folder)
        set_up(project, port=web_server.server_port)
        mail_server.start()
        _send_mail(project, port=mail_server.port)
        for each in ROUNDS:
            run_round(project, each)
        mail_server.stop()
        mail = project / "mail.html"
        mail.write_text([page for page in inbox.pages if _MAIL in page][-1], "utf-8")
        with served(project) as base:
            shots = [shot(browser, base, _PAGE_SIZE), shot(browser, mail.as_uri(), _MAIL_SIZE)]
        (PICTURES / "overview.png").write_bytes(side_by_side(browser, shots))


def _send_mail(project: Path, *, port: int) -> None:
    """Let the channel `desk` send mail, where the other pictures have a webhook."""
    file = project / "config.yaml"
    address = f"mailto://127.0.0.1:{port}/?from=monitor@press.example.org&to=desk@press.example.org&mode=insecure"
    lines = file.read_text("utf-8").splitlines()
    file.write_text("\n".join(f'  desk: {{url: "{address}"}}' if "/desk" in line else line for line in lines), "utf-8")


def _unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


if __name__ == "__main__":
    main()
