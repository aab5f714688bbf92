"""Say in plain words why there is no connection: refused, name not found, timed out, not trusted, or no TLS.

Of an address only host and port are shown, and of the other side's words only the names in its certificate.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl
from http import HTTPStatus
from itertools import pairwise
from urllib.parse import urlsplit

from monitor.certificate import CertificateNames, names_in, printable

NO_DESCRIPTOR = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_MASK = "***"
_ADDRESS = re.compile(r"[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(%\w{1,15})?", re.ASCII)  # an IP address
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")  # http.client has no other sign of it
_INNER_DIGIT = re.compile("[A-Za-z][0-9]+[A-Za-z]")
_TLS_ALERT = ("\x15\x03", b"\x15\x03")  # how a port that expects TLS answers to plain text
# What nginx, Apache and Go answer there, with status 400.
_PLAIN_TO_TLS = (
    b"plain HTTP request was sent to HTTPS port", b"speaking plain HTTP to an SSL-enabled server",
    b"sent an HTTP request to an HTTPS server",
)  # fmt: skip
_PLAIN_TEXT = frozenset(  # how OpenSSL calls an answer that is no TLS
    ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST", "UNKNOWN_PROTOCOL")
)
_EARLY, _EXPIRED, _SELF_SIGNED, _OTHER_HOSTS = 9, 10, 18, (62, 64)  # OpenSSL's X509_V_ERR numbers
_TRUST = "to trust it, name a file with its authority's certificate in REQUESTS_CA_BUNDLE (docs/proxies.md)"


def shown_host(host: str) -> str:
    """Return what may be shown of a host: a label that looks like a token is masked, as in `***.hooks.example`."""
    host = host.rpartition("@")[2]  # what stands before it is never a part of a host
    if _ADDRESS.fullmatch(host):
        return host
    return printable(".".join(_MASK if _is_token(label) else label for label in host.split(".")))


def shown_peer(host: str, port: int) -> str:
    """Return `host:port`, as `the proxy host:port` where the environment names it as one."""
    place = f"[{shown_host(host)}]:{port}" if ":" in host else f"{shown_host(host)}:{port}"
    return f"the proxy {place}" if is_proxy(host, port) else place


def is_proxy(host: str, port: int) -> bool:
    """Return whether the environment names this address as a proxy."""
    from urllib.request import getproxies

    places = (place if "//" in place else f"//{place}" for kind, place in getproxies().items() if kind != "no")
    return any(_place(place) == (host.lower(), port) for place in places)


def connect_reason(error: BaseException, host: str, port: int) -> str:
    """Return why a name was not found, or a host not connected to."""
    peer = shown_peer(host, port) if host else "the service"
    if isinstance(error, socket.gaierror):
        name = shown_host(host) or "the host of the service"
        if error.errno == socket.EAI_AGAIN:
            return f"no answer from the name server (DNS) about {name}; check the network of this machine"
        return f"name not found (DNS): {name}; check the host in the url"
    if isinstance(error, ConnectionRefusedError):
        return f"connection refused by {peer}; check host and port, and whether the service runs"
    if isinstance(error, TimeoutError):
        return f"timed out connecting to {peer}; check host and port, and the firewalls between"
    if found := _TUNNEL.match(str(error)):
        return f"{peer} does not connect any further: {answer_status(int(found[1]))}"
    number = error.errno if isinstance(error, OSError) else None
    if number in NO_DESCRIPTOR:
        return f"cannot connect to {peer}: this process or system has too many files and connections open"
    return f"cannot connect to {peer}: {os.strerror(number) if number else type(error).__name__}"


def is_tunnel_failure(error: BaseException) -> bool:
    """Return whether a proxy refused to connect to the server."""
    return bool(_TUNNEL.match(str(error)))


def tls_reason(error: OSError, host: str, peer: str, certificate: bytes) -> str:
    """Return why a TLS handshake failed. certificate: the server's, in DER; empty: none came."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_reason(error, host, peer, names_in(certificate))
    if isinstance(error, TimeoutError):
        return f"no answer from {peer} to the TLS handshake in time; check whether that port speaks TLS"
    reason = error.reason if isinstance(error, ssl.SSLError) else ""
    if reason in _PLAIN_TEXT:
        form = "the form of the url without TLS (for mail, mode=starttls)"
        return f"{peer} does not speak TLS; check the port, or use {form}"
    if isinstance(error, ConnectionError | ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return f"{peer} ended the connection during the TLS handshake; check whether that port speaks TLS"
    return f"the TLS handshake with {peer} failed" + (f" ({reason.lower().replace('_', ' ')})" if reason else "")


def expects_tls(peer: str) -> str:
    """Return that a port speaks TLS, to which plain text was sent."""
    return f"{peer} expects TLS; use the form of the url with TLS, such as https://, jsons:// or mailtos://"


def is_tls_alert(line: str | bytes) -> bool:
    """Return whether the first bytes of an answer are those of TLS: plain text was not understood."""
    return line[:2] in _TLS_ALERT


def is_plain_to_tls(status: int, body: bytes) -> bool:
    """Return whether a web server answers that it expects TLS."""
    return status == HTTPStatus.BAD_REQUEST and any(words in body for words in _PLAIN_TO_TLS)


def answer_status(code: int) -> str:
    """Return a status with its standard phrase: the one that the server sent could hold anything."""
    return f"{code} {HTTPStatus(code).phrase}" if code in list(HTTPStatus) else str(code)


def _certificate_reason(
    error: ssl.SSLCertVerificationError, host: str, peer: str, names: CertificateNames | None
) -> str:
    start = f"the TLS certificate of {peer}"
    if error.verify_code in _OTHER_HOSTS:
        other = ", ".join(map(shown_host, (names.hosts[:3] or (names.subject,)) if names else ())) or "another host"
        return f"{start} is for {other}, not for {shown_host(host)}; check the host in the url"
    if error.verify_code == _EARLY:
        return f"{start} is not valid yet; check the clock of this system"
    if error.verify_code == _EXPIRED:
        return f"{start} has expired" + (f" (on {names.last_day})" if names and names.last_day else "")
    if error.verify_code == _SELF_SIGNED:
        named = f' ("{_shown_name(names.subject)}")' if names and names.subject else ""
        return f"{start} is not trusted: it is signed by itself{named}; {_TRUST}"
    issued = f': it was issued by "{_shown_name(names.issuer)}"' if names and names.issuer else ""
    return f"{start} is not trusted{issued}; {_TRUST}"


def _shown_name(name: str) -> str:
    return " ".join(_MASK if _is_token(word) else word for word in name.split())


def _place(url: str) -> tuple[str | None, int]:
    try:
        parts = urlsplit(url)
        port = parts.port or 80
    except ValueError:
        return None, 0
    return parts.hostname, port


def _is_token(label: str) -> bool:
    """Return whether a label of a host name looks as if a program had drawn it; some honest ones do, too."""
    plain = label.replace("-", "").replace("_", "")
    if label.startswith("xn--") or len(plain) < 10:
        return False
    changes = sum(before.isdigit() != after.isdigit() for before, after in pairwise(plain))
    is_long = len(plain) >= 32 or (label.isalnum() and sum(map(str.isdigit, label)) >= 5)
    return is_long or changes >= 4 or bool(_INNER_DIGIT.search(plain))
