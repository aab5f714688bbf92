"""A daemon whose log nobody reads goes on, and ends when it is told to."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
from pathlib import Path

from tests.end_to_end.harness import DEADLINE, MONITOR, Project, record
from tests.servers import http_server

SMALLEST_PIPE = 4096  # bytes
DUMPS = 40  # each leaves two lines of the log, so that the pipe is full long before the last


def test_a_daemon_ingests_delivers_and_stops_while_nobody_reads_its_log(tmp_path: Path) -> None:
    with http_server() as server:
        project = Project(tmp_path / "p", url=f"json://127.0.0.1:{server.port}")
        reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, SMALLEST_PIPE)
        command = [*MONITOR, "run", "--log-format", "json"]
        with subprocess.Popen(command, cwd=project.folder, stdout=subprocess.DEVNULL, stderr=writer) as daemon:
            os.close(writer)
            try:
                for number in range(DUMPS):
                    project.drop(f"{number}.txt", record(f"FTA talks {number} held", f"Round {number} of many."))
                while sum(request.body.count(b"talks") for request in server.requests) < DUMPS:
                    server.wait_for(len(server.requests) + 1)
                daemon.send_signal(signal.SIGTERM)
                assert daemon.wait(DEADLINE) == 0
            finally:
                daemon.kill()
        os.close(reader)
