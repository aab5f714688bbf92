"""What the program prints is plain English: no words of the workshop in messages, pages and schemas."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.end_to_end.harness import ROOT

PROGRAM = ROOT / "monitor"
WORDS = re.compile(
    r"\b(told|buried|hears?|blanks?|mend(s|ed|ing)?|taken? in|takes in|looked at|grew|how it stands|1 faults)\b"
)


def printed() -> Iterator[tuple[str, str]]:
    """Where a text stands, and the text: of code, of templates and of schemas."""
    for path in sorted(PROGRAM.rglob("*.py")):
        for text in _texts(ast.parse(path.read_text("utf-8"))):
            yield str(path.relative_to(ROOT)), text
    for pattern in ("*.j2", "*.yaml", "*.json"):
        for path in sorted(PROGRAM.rglob(pattern)):
            yield (
                str(path.relative_to(ROOT)),
                re.sub(r"\{#.*?#\}|<[^>]*>", "", path.read_text("utf-8"), flags=re.DOTALL),
            )


def _texts(tree: ast.Module) -> Iterator[str]:
    """Yield the texts of more than one word, without docstrings; a command's docstring is its help."""
    quiet = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not _is_command(
            node
        ):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr):
                quiet.add(first.value)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value and node not in quiet:
            yield node.value


def _is_command(node: ast.AST) -> bool:
    return any(re.search("'(command|group)'", ast.dump(one)) for one in getattr(node, "decorator_list", ()))


def test_no_printed_text_has_a_word_that_a_reader_must_guess() -> None:
    found = [(place, match[0]) for place, text in printed() for match in WORDS.finditer(text)]
    assert found == []


def test_these_words_would_be_found(tmp_path: Path) -> None:
    tree = ast.parse('def run():\n    "Nobody is told."\n    print("nobody is told of it")\n')
    assert [text for text in _texts(tree) if WORDS.search(text)] == ["nobody is told of it"]
