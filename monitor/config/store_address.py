"""Parse the address of a shared store as libpq reads it, without the driver: a mistake has its place in the file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from urllib.parse import unquote

from monitor.config.parsers import matched, suggestion
from monitor.secret import Secret
from monitor.store_location import UNAMBIGUOUS

STORE_URL = re.compile(r"postgresql://[^\s'\"]+")
# https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-PARAMKEYWORDS
_KNOWN = """
application_name channel_binding client_encoding connect_timeout dbname fallback_application_name gssdelegation
gssencmode gsslib host hostaddr keepalives keepalives_count keepalives_idle keepalives_interval krbsrvname
load_balance_hosts max_protocol_version min_protocol_version oauth_client_id oauth_client_secret oauth_issuer
oauth_scope options passfile password port replication require_auth requirepeer scram_client_key scram_server_key
service sslcert sslcertmode sslcompression sslcrl sslcrldir sslkey sslkeylogfile sslmode sslnegotiation sslpassword
sslrootcert sslsni ssl_max_protocol_version ssl_min_protocol_version target_session_attrs tcp_user_timeout user
"""
PARAMETERS = frozenset(_KNOWN.split())
_VALUES: Mapping[str, Sequence[str]] = {
    "channel_binding": ("disable", "prefer", "require"),
    "gssencmode": ("disable", "prefer", "require"),
    "load_balance_hosts": ("disable", "random"),
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "target_session_attrs": ("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
}
_WHOLE = (
    "connect_timeout",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "tcp_user_timeout",
)
_ADDRESS = re.compile(r"postgresql://(?:[^@/?#]*@)?([^@/?#]*)(?:/[^?@]*)?(?:\?([^@]*))?")
_HOST = re.compile(r"(\[[^\]]*\]|[^\[\]:]*)(?::([0-9]*))?")
_HALF_ENCODED = re.compile(r"%(?![0-9A-Fa-f]{2})|%00")
_HIGHEST_PORT = 65_535


def store_url(text: str) -> Secret:
    """Parse the address of a shared store; it is secret from here on. Raises ValueError, which shows no value of it."""
    if text.startswith("postgresql://") and re.search(r"\s|'|\"", text):
        raise ValueError("has a space, a line break or a quote: write those of a password as %20, %0A, %27 and %22")
    matched(STORE_URL, text, "is no address of a PostgreSQL database: write postgresql://USER@HOST/DATABASE")
    if not UNAMBIGUOUS.fullmatch(text):
        raise ValueError("cannot be read: write @ / ? and # of a password as %40 %2F %3F and %23")
    found = matched(_ADDRESS, text, "cannot be read: write # of a name as %23")
    _check_encoding(text)
    given = _parameters(found[2])
    _check_values(given)
    ports = [_port(each) for each in found[1].split(",")]
    _check_counts(given, hosts=found[1].count(",") + 1, ports=ports)
    return Secret(text)


def _check_encoding(text: str) -> None:
    if _HALF_ENCODED.search(text):
        raise ValueError("has a % that encodes no character: write % of a password as %25")
    try:
        unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise ValueError(
            "encodes bytes that are not UTF-8: write each byte of its UTF-8 form, such as %C3%A9"
        ) from None


def _parameters(query: str | None) -> Mapping[str, str]:
    """Return the parameters after `?`. A name that follows a password may be a part of it, and is not shown."""
    given: dict[str, str] = {}
    for part in query.split("&") if query else ():
        name, equals, value = part.partition("=")
        hint = ""
        if name not in PARAMETERS and part != "ssl=true":  # as JDBC has it; libpq takes it for sslmode=require
            if "password" in given or "sslpassword" in given:
                hint = ": write & of a password as %26"
            elif re.fullmatch(r"\w{1,40}", name, re.ASCII):
                hint = f" '{name}'{suggestion(name, PARAMETERS) or ': remove it'}"
            raise ValueError(f"has an unknown parameter{hint}")
        if not equals or "=" in value:
            raise ValueError(f"has a parameter without one value: write {name}=VALUE, and = of a value as %3D")
        given[name] = unquote(value)
    return given


def _check_values(given: Mapping[str, str]) -> None:
    for name, known in _VALUES.items():
        if given.get(name, known[0]) not in known:
            raise ValueError(f"has no valid {name}: write one of {', '.join(known)}")
    for name in _WHOLE:
        if not re.fullmatch(r"-?[0-9]{1,9}", given.get(name, "0")):
            raise ValueError(f"has no valid {name}: write a whole number")
    if given.get("sslrootcert") == "system" and given.get("sslmode", "verify-full") != "verify-full":
        raise ValueError("has sslrootcert=system, which checks names: write sslmode=verify-full")


def _port(host: str) -> str:
    """Return the port of one host, "" where it names none."""
    found = _HOST.fullmatch(host)
    if found is None and host.count(":") > 1:
        raise ValueError("has an IPv6 address that cannot be read: write it in brackets, such as [2001:db8::1]:5432")
    if found is None or not _is_port(found[2]):
        raise ValueError("has a port that is no number from 1 to 65535: write HOST:5432, and : of a name as %3A")
    if found[1].startswith("["):
        try:
            ip_address(unquote(found[1][1:-1]))
        except ValueError:
            raise ValueError("has something else than an IPv6 address in its brackets: write [2001:db8::1]") from None
    return found[2] or ""


def _is_port(text: str | None) -> bool:
    return not text or (text.isascii() and text.isdigit() and 1 <= int(text) <= _HIGHEST_PORT)


def _check_counts(given: Mapping[str, str], *, hosts: int, ports: Sequence[str]) -> None:
    """Refuse several ports that are not one for each host, and as many addresses."""
    names = given.get("host", "").count(",") + 1 if "host" in given else hosts
    addresses = given.get("hostaddr", "").count(",") + 1 if "hostaddr" in given else names
    if addresses != names and ("host" in given or hosts > 1):
        raise ValueError("has another number of addresses in hostaddr than hosts: write one for each, or none")
    named = given["port"].split(",") if "port" in given else ports
    if not all(_is_port(each) for each in named):
        raise ValueError("has a port that is no number from 1 to 65535: write port=5432, or one for each host")
    if len(named) > 1 and len(named) != addresses:
        raise ValueError("has another number of ports than hosts: write one for each host, or one for all")
