"""Make an address for every plugin of Apprise from what the plugin says about its own addresses."""

from __future__ import annotations

import importlib
import itertools
import re
import string
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from monitor.notify.apprise_channel import check_url, load_all_plugins
from monitor.notify.verdict import NOTHING_SENT
from monitor.secret import Secret

PHONE, MAIL = "15551234567", "desk@example.org"
_GUESSES = ("a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6", PHONE, "12345678", MAIL, "5f0e1c9a-1d2b-4c3d-8e4f-5a6b7c8d9e0f")
_ALPHABET = string.ascii_lowercase + string.digits + string.ascii_uppercase + "-_+.@:/ "
_EXTRAS = ("", f"?to={PHONE}", f"?from={PHONE}&to={PHONE}", f"?from={MAIL}&to={MAIL}", "?to=abcdefgh", "?mode=webhook")
# What their templates do not say: a prefix, two parts of different kinds, a checksum.
_BY_HAND = {
    "aprs": "aprs://DF1ABC:12345@DF1DEF",
    "octopush": f"octopush://{MAIL}/abcdef/{PHONE}/",
    "pagertree": "pagertree://int_abcdefghijkl",
    "threema": f"threema://*ABCDEFG@abcdefghijkl/{PHONE}",
    "wechat": "wechat://abcdefghijkl:abcdef@1/x",
}


def plugins() -> list[Mapping[str, Any]]:
    """What Apprise says of each of its plugins, those without their library too."""
    load_all_plugins()
    from apprise import Apprise

    return sorted(Apprise().details(show_disabled=True)["schemas"], key=lambda one: str(one["service_name"]))


def scheme(plugin: Mapping[str, Any]) -> str:
    names = [*(plugin["protocols"] or ()), *(plugin["secure_protocols"] or ())]
    return str(names[0])


def address(plugin: Mapping[str, Any], *, port: int) -> Secret | None:
    """The first address with one valid recipient; None: no guess was right."""
    urls = (Secret(url) for url in _addresses(plugin, port))
    return next((url for url in urls if check_url(url) in (None, NOTHING_SENT)), None)


def _addresses(plugin: Mapping[str, Any], port: int) -> Iterator[str]:
    if scheme(plugin) in _BY_HAND:
        yield _BY_HAND[scheme(plugin)]
    details = plugin["details"]
    guesses = ((), _GUESSES), ("127.0.0.1", "example.org"), _EXTRAS, details["templates"]
    for guessed, host, extra, template in itertools.product(*guesses):
        known = {"schema": scheme(plugin), "host": host, "port": str(port)}
        names = re.findall(r"{(\w+)}", template)
        tokens = {name: details["tokens"].get(name, {}) for name in names}
        values = {name: known.get(name) or _value(name, tokens[name], guessed) for name in names}
        yield template.format(**values) + extra


def _value(name: str, token: Mapping[str, Any], guesses: Sequence[str]) -> str:
    if "email" in name or "from_addr" in name:
        return MAIL
    if token.get("group"):  # a list of recipients: one of them
        return PHONE
    if token.get("values"):
        return str(token["values"][0])
    if token.get("type") in ("int", "float"):
        return str(token.get("min") or 1)
    pattern, flags = token.get("regex") or (None, None)
    if not pattern:
        return guesses[0] if guesses else "abcdefghijkl"
    check = re.compile(pattern, re.IGNORECASE if flags and "i" in flags else 0)
    fitting = (guess for guess in guesses if check.search(guess))
    prefix = token.get("prefix") or ""
    return quote(prefix, safe="+@#!") + quote(next(fitting, None) or text_for(pattern), safe="@+:")


def text_for(pattern: str) -> str:
    """A short text that a regular expression accepts."""
    parser: Any = importlib.import_module("re._parser")
    return _text(parser.parse(pattern))


def _text(parsed: Any) -> str:
    return "".join(_piece(str(operation), argument) for operation, argument in parsed)


def _piece(operation: str, argument: Any) -> str:
    match operation:
        case "LITERAL":
            return chr(argument)
        case "ANY" | "NOT_LITERAL":
            return "a"
        case "IN":
            return next((sign for sign in _ALPHABET if _is_in(argument, sign)), "")
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, _most, repeated = argument
            return _text(repeated) * int(least)
        case "SUBPATTERN":
            return _text(argument[-1])
        case "BRANCH":
            return next((text for text in map(_text, argument[1]) if text), "")
        case _:
            return ""


def _is_in(members: Any, sign: str) -> bool:
    is_negated, found = False, False
    for operation, argument in members:
        match str(operation):
            case "NEGATE":
                is_negated = True
            case "LITERAL":
                found |= ord(sign) == argument
            case "RANGE":
                found |= argument[0] <= ord(sign) <= argument[1]
            case "CATEGORY":
                name = str(argument)
                found |= ("DIGIT" in name and sign.isdigit()) or ("WORD" in name and sign.isalnum())
    return found is not is_negated
