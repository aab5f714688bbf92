"""What an ingester remembers of the files that it skips."""

from __future__ import annotations

from pathlib import Path

from monitor.config import load
from monitor.daemon.bootstrap import open_runtime
from monitor.ingest_values import Mode
from tests.end_to_end.harness import Project


def test_a_skipped_file_is_forgotten_once_it_is_gone(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    (project.folder / "target").write_text("no dump", "utf-8")
    with open_runtime(load(project.folder / "config.yaml", environ={}), verb="run") as runtime:
        ingester = runtime.ingester
        [source] = ingester.sources
        for number in range(3):
            (project.seeds / f"{number}.txt").symlink_to(project.folder / "target")
            ingester.ingest(str(project.seeds / f"{number}.txt").encode(), source, mode=Mode.WATCH)
        assert len(ingester._skipped) == 3
        (project.seeds / "0.txt").unlink()
        assert ingester.scan(source).pending == ()
        assert len(ingester._skipped) == 2
        assert len(ingester.scan(source).pending) == 0, "what is still there is still skipped"
