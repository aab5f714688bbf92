"""Parse the settings of the web page, as `parsers` does those of the other sections."""

from __future__ import annotations

import re
from contextlib import suppress
from urllib.parse import urlsplit

from monitor.config import parsers
from monitor.secret import Secret

_RESERVED = r"monitor\.|(control\.sock|daemon\.json|web\.key|STORE_ID)$"  # files of the state folder
WEB_SOCKET = re.compile(rf"unix:(?!{_RESERVED})[A-Za-z0-9][A-Za-z0-9._-]{{0,60}}")
HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,252}[A-Za-z0-9])?")
PASSWORD_LINE = re.compile(r"scrypt\$16384\$8\$1\$[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=")


def web_listen(text: str) -> str:
    """Accept the same, `localhost` with a port, or the name of a socket in the state folder as in `unix:web.sock`."""
    if text == "off" or parsers.is_address(re.sub("^localhost:", "127.0.0.1:", text)) or WEB_SOCKET.fullmatch(text):
        return text
    raise ValueError("is not a valid address to listen on: write 127.0.0.1:9878, [::1]:9878, unix:web.sock or off")


def page_url(text: str) -> str:
    """Accept the web address of a page without a password; it ends in a slash."""
    with suppress(ValueError):
        found = urlsplit(parsers.base_address(text))
        if found.port != 0 and not found.query and not found.fragment and not {"?", "#"}.intersection(text):
            return text.rstrip("/") + "/"
    raise ValueError("is not a valid address of the page: write for example https://press.example.org/monitor/")


def host_name(text: str) -> str:
    """Accept a name of this machine without a port, in lower case."""
    if HOST_NAME.fullmatch(text):
        return text.lower()
    raise ValueError("is not a valid host name: write it in plain ASCII and without a port, for example press.lan")


def password_line(text: str) -> Secret:
    """Accept what `monitor web password` prints; it is secret from here on."""
    return Secret(
        parsers.matched(PASSWORD_LINE, text, "is not a password line: write what `monitor web password` prints")[0]
    )
