"""What is loaded when: start-up must stay light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import monitor.notify

FOLDER = Path(monitor.notify.__file__).parent
MODULES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


def python(*lines: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], check=False, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_importing_the_whole_folder_loads_no_library_that_sends_or_renders() -> None:
    imports = [f"import monitor.notify.{name}" for name in MODULES]
    heavy = "print(sorted({'apprise', 'requests', 'urllib3', 'smtplib', 'jinja2'} & set(sys.modules)))"
    assert python("import sys", *imports, heavy) == "[]"


def test_opening_channels_loads_no_apprise_until_the_first_send() -> None:
    opened = [
        "import sys",
        "from monitor.model import Message",
        "from monitor.secret import Secret",
        "from monitor.notify.channels import open_channel",
        "quiet = open_channel('team', Secret('nosuch://x'), stream=sys.stdout, color=False)",
        "before = 'apprise' in sys.modules",
        "quiet.send(Message(channel='team', kind='test', source='', text='hello'), delivery='1')",
        "print(before, 'apprise' in sys.modules)",
    ]
    assert python(*opened) == "False True"


def test_the_folder_knows_only_values_ports_and_its_two_doors() -> None:
    allowed = {"model", "channel_health", "ports", "secret", "text", "errors", "notify", "http_client"} | {
        "certificate",
        "frozen",
        "connection_errors",
    }
    for path in FOLDER.glob("*.py"):
        nodes = ast.walk(ast.parse(path.read_text()))
        names = [name for node in nodes for name in imported(node)]
        assert {name.split(".")[1] for name in names if name.startswith("monitor.")} <= allowed, path
        if path.stem not in ("apprise_channel", "wire_tap"):
            assert not {"apprise", "requests", "urllib3", "smtplib"} & {name.split(".")[0] for name in names}, path


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
