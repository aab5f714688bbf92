"""Read a page as a person does: its words, and its elements by their class."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

_BLOCKS = frozenset(["td", "th", "tr", "dt", "dd", "li", "p", "div", "h1", "h2", "h3", "summary", "figcaption", "pre"])


def words(element: Element) -> str:
    """All text below an element, with single spaces between the words."""
    return " ".join("".join(_pieces(element)).split())


def _pieces(element: Element) -> Iterator[str]:
    edge = " " if element.tag in _BLOCKS else ""
    yield edge
    yield element.text or ""
    for below in element:
        yield from _pieces(below)
        yield below.tail or ""
    yield edge


def of_class(page: Element, name: str) -> Iterator[Element]:
    """The elements with a class, in the order of the page."""
    return (each for each in page.iter() if name in each.get("class", "").split())


def buttons(element: Element) -> dict[str, list[str]]:
    """What each button below an element sends: its label → the action and its arguments."""
    found = {}
    for form in element.iter("form"):
        if form.get("method") == "post":
            [button] = form.iter("button")
            arguments = [each.get("value", "") for each in form.iter("input") if each.get("name") == "argument"]
            found[words(button)] = [form.get("action", ""), *arguments]
    return found


def links(element: Element) -> list[str]:
    """Where the links below an element lead."""
    return [each.get("href", "") for each in element.iter("a")]
