"""Run a command until `monitor` says that it is ready, then interrupt it: for what would run forever."""

import signal
import subprocess
import sys

READY = ("page  http", '"event": "started"')

if __name__ == "__main__":
    with subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        is_ready = False
        for line in process.stdout:
            print(line, end="", flush=True)
            if not is_ready and any(words in line for words in READY):
                is_ready = True
                process.send_signal(signal.SIGINT)
    sys.exit(0 if is_ready else 1)
