"""A wall clock that tests set under real programs (libfaketime); their monotonic clock goes on undisturbed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

LIBRARY = next((str(p) for p in Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
REASON = "no libfaketime here; apt-get install faketime"


class SetClock:
    """The clock of programs that run with ``environment``; ``hours`` says how far from the true time it is."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.set(0)
        self.environment: Mapping[str, str] = {
            "LD_PRELOAD": LIBRARY or "",
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            # Both spellings: the library's versions differ.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
            # A file's times are what the kernel says.
            "NO_FAKE_STAT": "1",
        }

    def set(self, hours: float) -> None:
        """Set it so many hours ahead of the true time, or back."""
        draft = self._file.with_suffix(".new")
        draft.write_text(f"{hours * 3600:+.0f}\n")
        os.replace(draft, self._file)  # noqa: PTH105  (whole or not at all: programs read it at every look)

    @contextmanager
    def wrong_by(self, hours: float) -> Iterator[None]:
        """Have it wrong for the block, and right again after it."""
        self.set(hours)
        try:
            yield
        finally:
            self.set(0)
