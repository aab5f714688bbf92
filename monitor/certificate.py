"""Read whom a TLS certificate names that was not trusted; the standard library shows the names of trusted ones only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import ssl

_HANDSHAKE, _CERTIFICATE = 22, 11  # the types of a record, and of the message in it (RFC 8446)
_TLS_1_3 = 0x304
_SEQUENCE, _OCTETS, _OID, _UTC_TIME, _DNS_NAME, _EXPLICIT_0, _EXPLICIT_3 = 0x30, 0x04, 0x06, 0x17, 0x82, 0xA0, 0xA3
_ENCODINGS = {0x1E: "utf-16-be", 0x14: "latin-1"}  # of a BMPString and a TeletexString; the others are UTF-8
_COMMON_NAME, _ORGANISATION, _ALTERNATIVES = b"\x55\x04\x03", b"\x55\x04\x0a", b"\x55\x1d\x11"
_LONGEST = 60  # characters of a name that are shown


class CertificateNames(NamedTuple):
    """The names in a certificate, cut and printable; each is what its sender claims."""

    subject: str
    issuer: str
    hosts: tuple[str, ...] = ()
    last_day: str = ""  # YYYY-MM-DD; "": it names none


def watch_certificates(context: ssl.SSLContext, note: Callable[[bytes], None]) -> None:
    """Call `note` with the server's own certificate (DER) of each later handshake, before it is verified.

    It uses the hook that Python has for this in its tests; where a build lacks it, `note` is never called.
    """

    def read(_connection: Any, direction: str, version: int, record: int, message: int, data: bytes) -> None:
        if (direction, record, message) == ("read", _HANDSHAKE, _CERTIFICATE):
            note(_first_certificate(data, version))

    with suppress(AttributeError):
        context._msg_callback = read  # type: ignore[attr-defined]  # noqa: SLF001  there is no public way


def names_in(der: bytes) -> CertificateNames | None:
    """Return the names in a certificate; None: it cannot be read."""
    try:
        (_, whole), *_ = _elements(der)
        (_, signed), *_ = _elements(whole)
        _serial, _algorithm, issuer, validity, subject, *_ = (
            content for tag, content in _elements(signed) if tag != _EXPLICIT_0
        )
        return CertificateNames(_name(subject), _name(issuer), _hosts(signed), _last_day(validity))
    except (IndexError, ValueError):
        return None


def printable(text: str) -> str:
    """Return a name of the other side on one line, without control and direction characters, and cut."""
    shown = "".join(char for char in text if char.isprintable())
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def _first_certificate(message: bytes, version: int) -> bytes:
    """Return the first certificate of a handshake's message: after its head, and in TLS 1.3 a context."""
    at = 4 + (1 + message[4] if version >= _TLS_1_3 and len(message) > 4 else 0) + 3
    size = int.from_bytes(message[at : at + 3], "big")
    return message[at + 3 : at + 3 + size]


def _elements(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of the elements that follow one another. Raises IndexError, ValueError."""
    at = 0
    while at < len(der):
        tag, size, at = der[at], der[at + 1], at + 2
        if size & 0x80:
            end = at + (size & 0x7F)
            size, at = int.from_bytes(der[at:end], "big"), end
        if at + size > len(der):
            raise ValueError("cut")
        yield tag, der[at : at + size]
        at += size


def _name(name: bytes) -> str:
    """Return the common name of an X.501 name, with its organisation where that is another."""
    parts: dict[bytes, str] = {}
    for _, group in _elements(name):
        for _, pair in _elements(group):
            (_, kind), (tag, text) = _elements(pair)
            parts.setdefault(kind, printable(text.decode(_ENCODINGS.get(tag, "utf-8"), "replace")))
    found = [parts[kind] for kind in (_COMMON_NAME, _ORGANISATION) if parts.get(kind)]
    return ", ".join(dict.fromkeys(found))


def _hosts(signed: bytes) -> tuple[str, ...]:
    """Return the DNS names of the extension `subjectAltName`."""
    for listed in (content for tag, content in _elements(signed) if tag == _EXPLICIT_3):
        for _, extension in ((tag, each) for _, whole in _elements(listed) for tag, each in _elements(whole)):
            (_, kind), *_, (tag, value) = _elements(extension)
            if kind == _ALTERNATIVES and tag == _OCTETS:
                names = (each for _, whole in _elements(value) for each in _elements(whole))
                return tuple(printable(text.decode("ascii", "replace")) for tag, text in names if tag == _DNS_NAME)
    return ()


def _last_day(validity: bytes) -> str:
    _, (tag, last) = _elements(validity)
    digits = last.decode("ascii")
    if tag == _UTC_TIME:  # two digits of the year: from 1950 to 2049 (RFC 5280)
        digits = ("19" if digits >= "50" else "20") + digits
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}" if digits[:8].isdigit() else ""
