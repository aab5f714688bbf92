"""The text format 0.0.4 read strictly, by its specification: what a scraper would refuse is an error here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
_SAMPLE = re.compile(rf"({_NAME})(?:\{{((?:{_LABEL})(?:,{_LABEL})*)\}})? (NaN|[+-]Inf|-?[0-9.]+(?:e[+-]?[0-9]+)?)")
_ESCAPE = {r"\\": "\\", r"\n": "\n", r"\"": '"'}


@dataclass(slots=True)
class Family:
    """One name: how it is described, and its samples by their labels."""

    kind: str = ""
    about: str = ""
    samples: dict[frozenset[tuple[str, str]], float] = field(default_factory=dict)

    def value(self, **labels: str) -> float:
        return self.samples[frozenset(labels.items())]


def parsed(text: str) -> dict[str, Family]:
    """Every family; HELP and TYPE stand before the samples, none twice, and all lines of a family stand together."""
    assert text == "" or text.endswith("\n")
    families: dict[str, Family] = {}
    current = ""
    for line in text.split("\n")[:-1]:
        name = _of_histogram(_name(line), families)
        assert name == current or name not in families, f"{name} stands in two places"
        current, family = name, families.setdefault(name, Family())
        if line.startswith("# HELP "):
            assert family == Family()
            family.about = re.sub(r"\\[\\n]", lambda found: _ESCAPE[found[0]], line.split(" ", 3)[3])
        elif line.startswith("# TYPE "):
            assert family == Family(about=family.about)
            family.kind = line.split(" ", 3)[3]
            assert family.kind in ("counter", "gauge", "histogram")
        else:
            _add(family, line)
    return families


def _of_histogram(name: str, families: dict[str, Family]) -> str:
    """The family of a sample: those of a histogram have longer names."""
    whole = re.sub(r"_(bucket|sum|count)$", "", name)
    return whole if whole in families and families[whole].kind == "histogram" else name


def _name(line: str) -> str:
    found = re.match(rf"# (?:HELP|TYPE) ({_NAME}) |({_NAME})[ {{]", line)
    assert found, f"no line of this format: {line!r}"
    return found[1] or found[2]


def _add(family: Family, line: str) -> None:
    found = _SAMPLE.fullmatch(line)
    assert found, f"no sample: {line!r}"
    pairs = re.findall(_LABEL, found[2] or "")
    if family.kind == "histogram" and (part := re.search("_(sum|count)$", found[1])):
        pairs.append(("le", part[1]))  # kept beside the buckets, under a bound that no bucket has
    labels = frozenset((label, re.sub(r"\\.", lambda one: _ESCAPE[one[0]], value)) for label, value in pairs)
    assert len({label for label, _ in labels}) == len(pairs), f"a label stands twice: {line!r}"
    assert labels not in family.samples, f"a sample stands twice: {line!r}"
    family.samples[labels] = float(found.groups()[-1])
