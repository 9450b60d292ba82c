"""A wall clock that tests set under real programs; their monotonic clock, and whatever sleeps, goes on undisturbed.

libfaketime would do for some: Debian's Redis does not start with it, and Python 3.11 cannot sleep.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

COMPILER = shutil.which("cc") or shutil.which("gcc")
REASON = "no C compiler here; apt-get install gcc"
SOURCE = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *ahead;

__attribute__((constructor)) static void begin(void) {
  int file = open(getenv("SET_CLOCK_FILE"), O_RDONLY);
  void *at = mmap(0, sizeof *ahead, PROT_READ, MAP_SHARED, file, 0);
  if (at == MAP_FAILED) abort();
  ahead = at;
  close(file);
}

int clock_gettime(clockid_t which, struct timespec *now) {
  int failed = syscall(SYS_clock_gettime, which, now);
  if (!failed && ahead && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) now->tv_sec += *ahead;
  return failed;
}

int gettimeofday(struct timeval *now, void *zone) {
  int failed = syscall(SYS_gettimeofday, now, zone);
  if (!failed && ahead) now->tv_sec += *ahead;
  return failed;
}

time_t time(time_t *there) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (there) *there = now.tv_sec;
  return now.tv_sec;
}
"""


class SetClock:
    """The clock of programs that run with ``environment``."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self._file.write_bytes(bytes(8))
        source, library = folder / "clock.c", folder / "clock.so"
        source.write_text(SOURCE)
        assert COMPILER is not None, REASON
        subprocess.run([COMPILER, "-O1", "-shared", "-fPIC", "-o", library, source], check=True)
        self.environment: Mapping[str, str] = {"LD_PRELOAD": str(library), "SET_CLOCK_FILE": str(self._file)}

    def set(self, hours: float) -> None:
        """Set it so many hours ahead of the true time, or back."""
        # In place: programs have the file mapped.
        with self._file.open("r+b") as file:
            file.write(struct.pack("=q", round(hours * 3600)))

    @contextmanager
    def wrong_by(self, hours: float) -> Iterator[None]:
        """Have it wrong for the block, and right again after it."""
        self.set(hours)
        try:
            yield
        finally:
            self.set(0)
