"""A store of hostile text, and what a page of it may hold.

folder = hostile(tmp_path)
with served(folder / "config.yaml") as site:
    assert faults(site.get("/")) == []
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.dumps import dump, record
from tests.web.site import CONFIG, Answer, monitor

TEXTS = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "</title></h3></p></article><iframe src=//evil.example>",
    "' autofocus onfocus=alert(1) style=color:red x='",
    "\u202eevil\u2066 \u200b\ufeff text\u2069",
    "a\0b\x1b[31m\x07",
    "{{7*7}} {% include 'base.html.j2' %}",
    "javascript:alert(1)",
    "&lt;b&gt; &amp;lt; <!-- <![CDATA[ ]]> --> </textarea>",
    "<svg/onload=alert(1)><math><style>*{color:red}",
    f"<b>long {'w' * 20_000}</b>",
)
_ELEMENTS = re.compile(
    "html|head(er)?|footer|meta|title|link|script|body|a|div|svg|path|rect|circle|nav|form|label|input|kbd|button|main|p|"
    "h[1-4]|[uod]l|li|d[td]|details|summary|fig(ure|caption)|time|span|section|article|code|pre|del|ins|mark|b|i|"
    "select|option|table|thead|tbody|t[rhd]|textarea|dialog|strong|small|template|footer|aside|progress"
)
_ADDRESSES = ("href", "src", "action", "formaction", "data")
_ACTING = frozenset("\0\x07\x1b\u202e\u2066\u2069\ufeff")


def hostile(folder: Path) -> Path:
    """Put a configuration and a store into a folder whose every scraped text is hostile, and return it.

    Each release has a second version, and each text has a word that a watchlist finds.
    """
    (folder / "seeds").mkdir()
    (folder / "config.yaml").write_text(CONFIG, "utf-8")
    for name, figure in (("press_20240705<b>.txt", 5), ("press_20240706.txt", 6)):
        records = [
            record(f"FTA {number} {text}", f"{text} FTA rose {figure} percent. {text}", "2024-07-01", f"x{text[:80]}")
            for number, text in enumerate(TEXTS)
        ]
        text = f"{dump(*records)}\n-\n{TEXTS[0]}\n"
        (folder / "seeds" / name).write_bytes(text.encode() + b"\xff\xfe\n")
        monitor(folder, "run", "--once", codes={3})  # 3: a part of the dump was rejected
    return folder


def faults(answer: Answer) -> list[str]:
    """Return what stands in a page that no template wrote."""
    found = []
    scripts = [each for each in answer.page.iter() if str(each.tag).endswith("script")]
    if any("".join(each.itertext()) or not each.attrib["src"].startswith("/static/") for each in scripts):
        found.append(f"scripts: {len(scripts)}")
    for each in answer.page.iter():
        tag = str(each.tag).rpartition("}")[2]
        if not _ELEMENTS.fullmatch(tag) and "function" not in tag:  # a comment's tag is a function
            found.append(f"element {tag}")
        for name, value in each.attrib.items():
            if name.startswith("on") or name in ("style", "srcdoc"):
                found.append(f"attribute {name} of {tag}")
            if name.rpartition("}")[2] in _ADDRESSES and not (value.startswith(("/", "#", "?")) and value[:2] != "//"):
                found.append(f"{name}={value} of {tag}")
    if acting := _ACTING & {*"".join(answer.page.itertext())}:
        found.append(f"characters {acting!r}")
    return found
