"""What went wrong with a journal's disk: counted for metrics, and said in the log when it begins and when it ends."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from stillwatch.gateway.settings import Journal

REPEAT_SECONDS = 60.0
"""How often trouble is said again while it lasts; a disk that is full by turns fills no log."""

log = logging.getLogger("stillwatch.journal")


@dataclass(slots=True)
class Counts:
    """What happened since the start. ``waiting`` is what is so now."""

    admitted: int = 0
    finished: int = 0
    noted: int = 0
    bytes: int = 0
    refused: int = 0
    shed: int = 0
    finishes_lost: int = 0
    notes_lost: int = 0
    sync_failures: int = 0
    waiting: int = 0


@dataclass
class Trouble:
    """The trouble a writer has with its disk now. Every method is cheap where there is none."""

    settings: Journal
    monotonic: Callable[[], float]
    counts: Counts = field(default_factory=Counts)
    writing: str = ""
    """Why the last write failed; empty if it did not."""
    syncing: str = ""
    """Why the disk did not take what was written; empty once a new file was synced."""
    _said_at: float = float("-inf")
    _said: bool = False

    @property
    def refuses(self) -> bool:
        """Tell whether calls are refused, not served without a record, while there is trouble."""
        return self.settings.when_disk_full == "refuse"

    def met(self, problem: OSError) -> None:
        """Remember that a write failed."""
        self.writing = str(problem.strerror or problem)
        now = self.monotonic()
        if now - self._said_at < REPEAT_SECONDS:
            return
        self._said_at, self._said = now, True
        log.error(
            "journal %s cannot be written: %s; calls are %s (so far %d refused, %d without a record); free space",
            self.settings.folder,
            self.writing,
            "refused" if self.refuses else "served WITHOUT A RECORD",
            self.counts.refused,
            self.counts.shed,
        )

    def met_syncing(self, problem: OSError) -> None:
        """Remember that the disk did not take what was written."""
        self.counts.sync_failures += 1
        self.syncing = f"the disk did not take it: {problem.strerror or problem}"
        self.met(problem)

    def synced(self) -> None:
        """Forget it: a new file was written and synced."""
        self.syncing = ""
        self.over()

    def over(self) -> None:
        """Forget that writes failed: one succeeded. While syncing fails, nothing is over."""
        if self.syncing:
            return
        self.writing = ""
        if not self._said:
            return
        self._said = False
        log.warning(
            "journal %s is written again (%d calls were refused, %d left no record, %d ends were lost)",
            self.settings.folder,
            self.counts.refused,
            self.counts.shed,
            self.counts.finishes_lost,
        )
