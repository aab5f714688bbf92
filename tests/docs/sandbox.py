"""A folder in which the commands of a page run, with stand-ins for what they need from the world outside.

It is a project with what the tutorial's dumps brought. Addresses and folders of the page become those of the sandbox,
`sudo` runs what follows it, and each secret that the pages name leads to a server on 127.0.0.1.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from tests.docs.shown import Block
from tests.end_to_end.forking import forked_python
from tests.end_to_end.harness import ROOT, Project, record
from tests.servers import HttpServer, unused_port

CONFIG = """\
timezone: Asia/Seoul
sources:
  motie: {{path: seeds/}}
channels:
  console: {{url: "console://"}}
  team: {{url: "${{SLACK_URL:-json://127.0.0.1:9}}"}}
watchlists:
  fta: {{keywords: [FTA], notify: [console]}}
  semiconductor: {{keywords: [semiconductor, 반도체], notify: [console]}}
health: {{listen: "127.0.0.1:{health}"}}
web: {{listen: "127.0.0.1:{page}"}}
"""
DUMPS = {
    "1.txt": record("FTA talks end in Seoul", "The third round ended on Monday. Trade rose by 5.1 percent."),
    "2.txt": record("FTA talks end in Seoul", "The third round ended on Monday. Trade rose by 5.3 percent."),
}
ASKS_DAEMON = re.compile(r"^curl .*(127\.0\.0\.1:(?!8080)\d|control\.sock)", re.MULTILINE)
FEED = b'<rss version="2.0"><channel><title>Harbour</title><item><title>Ferry</title></item></channel></rss>'
PLACEHOLDERS = {
    r"\b(preview|ingest|ingest --again|--file) FILE\b(\.\.\.)?": r"\1 seeds/1.txt",
    r"-c FILE\b": "-c config.yaml",
    r"\bbackup FILE\b": "backup new.db",
    r"\bFILE\b": "copy.db",
    r"^monitor config init$": "mkdir -p own && cd own && monitor config init",
    r"\bmonitor show \d+\b": "monitor show 1",
    r"\bRELEASE\b|\bID\b": "1",
    r"\bWORDS\b|\bQUERY\b": "talks",
    r"\bNAME\b": "console",
}
LOOP = str(Path(__file__).with_name("run_until_ready.py"))
MONITOR = """\
#!/bin/sh
case " $* " in
    *" --once "* | *" web password "* | *" --rotate-feeds "*) ;;
    " run "* | " web "*) exec {python} {loop} {python} -m monitor "$@" ;;
esac
exec {python} -m monitor "$@"
"""


class Sandbox:
    """A project, a home folder and programs of its own."""

    def __init__(self, folder: Path, server: HttpServer) -> None:
        self.folder = folder
        self.server = server
        self.project = folder / "press"
        self.ports = {port: str(unused_port()) for port in ("9877", "9878", "9879")}
        shutil.copytree(_filled(), self.project)
        text = CONFIG.format(health=self.ports["9877"], page=self.ports["9878"])
        (self.project / "config.yaml").write_text(text, "utf-8")
        for name in ("bin", "home/.config/fish/completions", "etc/monitor", "srv/press/harbour", "backup"):
            (folder / name).mkdir(parents=True)
        monitor = MONITOR.format(python=shlex.join(forked_python()), loop=shlex.quote(LOOP))
        for name, program in {"monitor": monitor, "sudo": '#!/bin/sh\nexec "$@"\n'}.items():
            (folder / "bin" / name).write_text(program, "utf-8")
            (folder / "bin" / name).chmod(0o755)
        (folder / "etc" / "monitor" / "environment").write_text(f"SLACK_URL={self.environ['SLACK_URL']}\n", "utf-8")
        self._place = self.project  # where the next block begins

    def run(self, block: Block) -> subprocess.CompletedProcess[str]:
        """Run a block where the one before has ended; with a daemon beside it where it asks one."""
        text = "\n".join(self.stands_for(command) for command in block.runnable)
        script = self.folder / "script"
        script.write_text(text if text.startswith("#!") else f"set -eu\n{text}\npwd > {self.folder}/place\n", "utf-8")
        shell = "bash" if "completion bash" in text else "sh"
        with self._daemon() if ASKS_DAEMON.search(text) else nullcontext():
            done = subprocess.run(
                [shell, script],
                cwd=self._place,
                env=self.environ,
                input="a long password\n" * 2,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        if (self.folder / "place").exists():
            self._place = Path((self.folder / "place").read_text("utf-8").rstrip("\n"))
        return done

    def stands_for(self, command: str) -> str:
        """Return the command with the addresses, files and names of this sandbox."""
        stand_ins = {
            **PLACEHOLDERS,
            r"/opt/monitor/bin/": "",
            r"service (un)?install(?! --)": r"service \1install --user",
            r"(?<![\w/])/(etc/monitor|srv/press|backup)": rf"{self.folder}/\1",
            r"https://harbour\.example": self.server.url,
            **{rf"\b{port}\b": unused for port, unused in self.ports.items()},
        }
        for pattern, replacement in stand_ins.items():
            command = re.sub(pattern, replacement, command)
        return command

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment of the commands, without a proxy and with every secret that the pages name."""
        return {
            **os.environ,
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.folder / "home"),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), *sys.path])),
            "NO_COLOR": "1",
            "SLACK_URL": self.server.url.replace("http", "json", 1),
            "MAIL_URL": self.server.url.replace("http", "json", 1),
        }

    @contextmanager
    def _daemon(self) -> Iterator[None]:
        process = subprocess.Popen(
            [*forked_python(), "-m", "monitor", "run", "--log-format", "json"],
            cwd=self.project,
            env=self.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            assert process.stderr is not None
            ready = {"started", "page_listening"}
            for line in process.stderr:
                ready.discard(json.loads(line)["event"])
                if not ready:
                    break
            yield
            process.terminate()
            process.communicate()


@cache
def _filled() -> Path:
    """Return a project whose two dumps are stored, once for all pages."""
    project = Project(Path(mkdtemp(prefix="shown-")) / "press", config=CONFIG.format(health=0, page=0))
    for name, text in DUMPS.items():
        project.drop(name, text)
        assert project.run("run", "--once").code == 0
    assert project.run("db", "backup", "copy.db").code == 0
    return project.folder
