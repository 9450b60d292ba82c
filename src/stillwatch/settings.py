"""Every setting of a scan: name, default, meaning."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from stillwatch.errors import SettingsError

KEY_FILE = Path(".stillwatch/key")
"""Where a deployment's fingerprint key lives unless said otherwise."""
THREADS = 2
MEMORY_GIB = 2.5
"""What the engine may hold before it spills to disk, in GiB; the fingerprints' buffers come on top."""
MIN_STRENGTH_BITS = 2.5
"""The weaker of the two answers must be at least six to one before a group is listed as a campaign."""
SAMPLE_LIMIT = 40_000
"""At most about this many masked samples are kept for the report, chosen by the keyed hash of their call."""
BATCH_ROWS = 32_768
EVIDENCE = Path(".stillwatch/evidence")
"""Where the evidence log and what opens it live unless said otherwise."""
FAMILIES = frozenset({"content", "timing", "network", "identity", "economy"})
"""The values of records.Family, of which ``without`` may name some."""


@dataclass(frozen=True)
class ScanSettings:
    """How to scan. Unknown families and senseless numbers are refused."""

    key_file: Path = KEY_FILE
    threads: int = THREADS
    memory_gib: float = MEMORY_GIB
    min_strength_bits: float = MIN_STRENGTH_BITS
    without: frozenset[str] = frozenset()
    keep_text: bool = False
    keep_fingerprints: bool = False
    """Whether the report keeps what it was computed from, without any text or name, so that it can be repeated."""
    strict: bool = False
    signals: dict[str, dict[str, object]] = field(default_factory=dict)
    partners: str | None = None
    """URL of the database with what partners shared; None: it is not looked at."""
    group_key: Path | None = None
    """The key of a sharing group, without which others' cards and devices cannot be compared."""

    def __post_init__(self) -> None:
        if not 1 <= self.threads <= 256:
            raise SettingsError(f"threads: {self.threads} is not between 1 and 256")
        if self.memory_gib < 0.25:
            raise SettingsError(f"memory_gib: {self.memory_gib} is less than the 0.25 GiB a scan needs")
        unknown = self.without - FAMILIES
        if unknown:
            raise SettingsError(
                f"without: no such family: {', '.join(sorted(unknown))}; known: {', '.join(sorted(FAMILIES))}"
            )


@dataclass(frozen=True)
class EvidenceSettings:
    """How to keep the evidence log."""

    folder: Path = EVIDENCE
    origin: str = ""
    """The log's name, best its URL without scheme; empty: one is made at first use. It never changes afterwards."""
    ml_dsa: bool = False
    """Whether new keys are ML-DSA-44 (FIPS 204) beside Ed25519: 3.3 kB more in every checkpoint."""
    passphrase_file: Path | None = None
    """The first line of it protects the signing keys; none: they are protected by their mode, 0600."""
    key_file: Path = KEY_FILE
    """The deployment's key, of which the keyed hashes of call ids are derived."""
