"""A wall clock that is wrong for one process: a library is compiled here and loaded before all others.

Only the wall clock is shifted: CLOCK_MONOTONIC, CLOCK_BOOTTIME, times of files and other processes stay as they are.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

_SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int code = real(clock, now);
    if (code == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += AHEAD;
    return code;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec precise;
    int code = clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return code;
}

time_t time(time_t *place) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (place) *place = now.tv_sec;
    return now.tv_sec;
}
"""


def compiler() -> str | None:
    """Return the C compiler of this machine; None: there is none, or none whose library would be loaded."""
    return shutil.which("cc") or shutil.which("gcc") if sys.platform == "linux" else None


def shifted(folder: Path, *, seconds: int, compiler: str) -> Mapping[str, str]:
    """Return the environment of a process whose wall clock is so far ahead; it must be a new interpreter."""
    source, library = folder / "ahead.c", folder / "ahead.so"
    source.write_text(_SOURCE, "ascii")
    words = [compiler, f"-DAHEAD={seconds}", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"]
    subprocess.run(words, check=True)
    return {"LD_PRELOAD": str(library)}
