"""Download one file with a conditional request, within limits: time, size, redirects, and no private address.

An address is judged when it is connected to, not when it is written: a name may lead anywhere, and so may a redirect.
Behind a proxy of the environment the proxy connects, so only an address that is written as a number is judged.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from http import HTTPStatus
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import Any, BinaryIO
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

from monitor.connection_errors import is_proxy
from monitor.http_client import USER_AGENT, Exchange, login_header, opener, retry_after
from monitor.secret import Secret

MAX_REDIRECTS = 5
_CHUNK = 65_536  # bytes
_USUAL = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "gzip"}
_PLACES = frozenset({301, 302, 303, 307, 308})
_SAFE = "%/:?#[]@!$&'()*+,;=~"  # what has a meaning in an address, and what is escaped already
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What a server said of the version that it sent last: it sends the file again only if it has another."""

    etag: str = ""
    last_modified: str = ""


def is_public(number: str) -> bool:
    """Return whether an IP address belongs to the internet."""
    address = ipaddress.ip_address(number.partition("%")[0])
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    return address.is_global and not address.is_multicast and (inner is None or inner.is_global)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one download."""

    size: int  # bytes, unpacked
    timeout: float = 60.0  # seconds for all of it, with its redirects
    allow_private: bool = False  # addresses of this machine and of networks that are not the internet
    is_public: Callable[[str], bool] = is_public  # of an IP address


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """A file that has been written."""

    digest: str  # SHA-256 of its content, in hexadecimal digits
    validators: Validators


class DownloadError(Exception):
    """A download that failed; `reason` never holds the address, its path or a header."""

    def __init__(self, reason: str, *, retry_after: float | None = None, is_lasting: bool = False) -> None:
        """retry_after: the seconds that the server asks for. is_lasting: it will fail until somebody mends it."""
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.is_lasting = is_lasting


class _PrivateAddress(OSError):
    """A name that leads to no address of the internet."""


def download(
    url: Secret,
    into: BinaryIO,
    *,
    limits: Limits,
    validators: Validators = Validators(),
    headers: Mapping[str, Secret] = {},
) -> Downloaded | None:
    """Write the file at an address. Return None where it is the version of the validators. Raise DownloadError.

    The headers are sent to the address's own server alone, never to where it redirects.
    """
    exchange = Exchange(limits.timeout, partial(_connect, limits))
    clock = threading.Timer(limits.timeout, exchange.end)
    clock.daemon = True
    try:
        clock.start()
        with closing(exchange), closing(_open(url.reveal(), exchange, limits, validators, headers)) as response:
            if response.status == HTTPStatus.NOT_MODIFIED:
                return None
            digest = _save(response, into, limits.size)
            if exchange.is_over:  # then the end of the answer may be ours
                raise TimeoutError
            return Downloaded(digest=digest, validators=_validators(response.headers))
    except (HTTPException, ValueError, OSError, zlib.error) as error:
        raise _failure(error, exchange) from None
    finally:
        clock.cancel()


def _open(
    url: str, exchange: Exchange, limits: Limits, validators: Validators, headers: Mapping[str, Secret]
) -> HTTPResponse:
    """Request an address and follow its redirects; return the answer 200 or 304."""
    first, own = _parts(url), {name: value.reveal() for name, value in headers.items()}
    own |= login_header(first)
    asked = {"If-None-Match": validators.etag, "If-Modified-Since": validators.last_modified}
    asked = {name: value for name, value in asked.items() if value}
    parts = first
    for _ in range(MAX_REDIRECTS + 1):
        _refuse_private_number(parts.hostname or "", limits)
        answer = _ask(parts, exchange, _USUAL | asked | (own if _server(parts) == _server(first) else {}))
        if not isinstance(answer, HTTPError):
            return answer
        if answer.code == HTTPStatus.NOT_MODIFIED and asked:
            return answer  # type: ignore[return-value]  # it has status, headers and close, too
        with closing(answer):
            place = answer.headers.get("Location")
            if answer.code not in _PLACES or not place:
                raise _refusal(answer, exchange)
            parts = _next_parts(parts, place)
    raise DownloadError(f"it redirects more than {MAX_REDIRECTS} times", is_lasting=True)


def _ask(parts: SplitResult, exchange: Exchange, headers: Mapping[str, str]) -> HTTPResponse | HTTPError:
    from urllib.request import Request

    request = Request(_sent(parts), headers=dict(headers))  # noqa: S310 - http(s)
    try:
        return opener(exchange).open(request, timeout=exchange.timeout)  # type: ignore[no-any-return]
    except HTTPError as error:
        return error


def _server(parts: SplitResult) -> tuple[str, str | None, int]:
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]


def _parts(url: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise DownloadError("it leads to an address that is not http(s)", is_lasting=True)
    return parts


def _sent(parts: SplitResult) -> str:
    """Return an address as it is requested: in ASCII, without a user's name."""
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host.encode("idna").decode()
    port = f":{parts.port}" if parts.port else ""
    path, query = (quote(part, safe=_SAFE) for part in (parts.path or "/", parts.query))
    return urlunsplit((parts.scheme, host + port, path, query, ""))


def _next_parts(parts: SplitResult, place: str) -> SplitResult:
    found = _parts(urljoin(parts.geturl(), quote(place.encode("latin-1"), safe=_SAFE)))
    if parts.scheme == "https" and found.scheme == "http":
        raise DownloadError("it redirects from https to http, which anybody on the way can read", is_lasting=True)
    return found


def _refusal(error: HTTPError, exchange: Exchange) -> DownloadError:
    code = error.code
    wait = retry_after(error.headers.get("Retry-After"), error.headers.get("Date"))
    is_lasting = 400 <= code < 500 and code not in (408, 425, 429)
    reason = exchange.refusal_reason(error)
    answered = f"the server answered {reason}" if reason.startswith(str(code)) else reason
    return DownloadError(answered, retry_after=wait, is_lasting=is_lasting)


def _save(response: HTTPResponse, into: BinaryIO, limit: int) -> str:
    """Write the body, unpacked; return its digest."""
    if response.status != HTTPStatus.OK:
        raise DownloadError(f"the server answered {response.status}, which is not the whole file")
    packing = (response.headers.get("Content-Encoding") or "identity").strip().lower()
    if packing not in ("identity", "gzip", "x-gzip"):
        raise DownloadError("the server packed the file in a way that was not asked for", is_lasting=True)
    unpack = None if packing == "identity" else zlib.decompressobj(31)
    digest, size = sha256(), 0
    while piece := response.read1(_CHUNK):
        for part in (piece,) if unpack is None else _unpacked(unpack, piece):
            size += len(part)
            if size > limit:
                raise DownloadError(f"the file is larger than {limit:,} bytes (the source's max_file)", is_lasting=True)
            digest.update(part)
            into.write(part)
    if response.length or (unpack is not None and not unpack.eof):
        raise DownloadError("the connection was cut before the end of the file")
    if not size:
        raise DownloadError("the server sent an empty file")
    return digest.hexdigest()


def _unpacked(unpack: Any, piece: bytes) -> Iterator[bytes]:
    """Yield what a piece unpacks to, at most 1 MB at a time."""
    while piece:
        part = unpack.decompress(piece, 2**20)
        yield part
        if unpack.eof:
            return  # what follows the end is no part of the file
        piece = unpack.unconsumed_tail


def _validators(headers: HTTPMessage) -> Validators:
    """Return what is short and printable: it goes into a file, and back to the server."""
    found = {name: headers.get(name) or "" for name in ("ETag", "Last-Modified")}
    etag, last_modified = (
        value if value.isascii() and value.isprintable() and len(value) < 1000 else "" for value in found.values()
    )
    return Validators(etag=etag, last_modified=last_modified)


def _connect(limits: Limits, address: tuple[str, int], *options: Any) -> socket.socket:
    """Connect to an allowed address that the name has now: a second look-up could give another one."""
    host, port = address
    if limits.allow_private or is_proxy(host, port):
        return socket.create_connection(address, *options)
    found = (str(place[4][0]) for place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    failure: OSError = _PrivateAddress(_PRIVATE)
    for number in filter(limits.is_public, found):
        try:
            return socket.create_connection((number, port), *options)
        except OSError as error:
            failure = error
    raise failure


_PRIVATE = (
    "it leads to an address of this machine or of a private network; if that is meant, write `allow_private: true`"
)


def _refuse_private_number(host: str, limits: Limits) -> None:
    is_number = False
    with suppress(ValueError):
        is_number = bool(ipaddress.ip_address(host))
    if is_number and not limits.allow_private and not limits.is_public(host):
        raise _PrivateAddress(_PRIVATE)


def _failure(error: Exception, exchange: Exchange) -> DownloadError:
    """Return why a download failed, never with the text of an error, which may hold the address."""
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, _PrivateAddress):
        return DownloadError(_PRIVATE, is_lasting=True)
    if isinstance(cause, zlib.error):
        return DownloadError("its gzip cannot be unpacked")
    if isinstance(cause, ValueError) and not isinstance(cause, OSError):
        return DownloadError("the address cannot be read")
    is_lasting = isinstance(cause, ssl.SSLCertVerificationError) and not exchange.is_over
    return DownloadError(exchange.failure_reason(error), is_lasting=is_lasting)
