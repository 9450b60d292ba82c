"""The real scan over the log so far, and what it says of accounts, as the gateway would be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.app import scan
from stillwatch.gateway.nouns import Standing
from stillwatch.gateway.snapshot import EMPTY, next_snapshot, read_listed, write_snapshot
from stillwatch.gateway.standing import read_snapshot
from stillwatch.records import TIMESTAMP
from stillwatch.settings import ScanSettings
from stillwatch.store.private_file import create_private_file
from stillwatch_lab.campaigns.gateway import Admitted

KEEP_SECONDS = 35 * 86_400.0
"""How long an account that is no longer listed is remembered: as long as the journal keeps calls."""


@dataclass
class Scanner:
    """Scans with today's detector; ``work`` keeps log, report, key and snapshot.

    ``seed`` makes the deployment's key, which a real host draws at random: what is near the threshold is found under
    one key and not under another (lab/LOG.md).
    """

    log: pa.Table
    accounts: Path
    work: Path
    seed: int = 0
    snapshot: dict[str, Any] = field(default_factory=lambda: dict(EMPTY))

    def look(self, admitted: list[Admitted], *, now: float) -> dict[str, Standing]:
        """Scan what was admitted so far and say how accounts stand from ``now`` on."""
        if not admitted:
            return {}
        self.work.mkdir(parents=True, exist_ok=True)
        pq.write_table(self._so_far(admitted), self.work / "calls.parquet", compression="zstd", compression_level=1)
        key = self.work / "key"
        create_private_file(key, sha256(f"key {self.seed}".encode()).digest)
        settings = ScanSettings(key_file=key, threads=1)
        report = self.work / "report"
        scan(
            [self.work / "calls.parquet"],
            out=report,
            settings=settings,
            accounts=self.accounts,
            now=datetime.fromtimestamp(now, UTC),
        )
        self.snapshot = next_snapshot(
            self.snapshot, read_listed(report), report=report, now=now, keep_seconds=KEEP_SECONDS
        )
        return dict(read_snapshot(write_snapshot(self.work / "standing", self.snapshot)).accounts)

    def _so_far(self, admitted: list[Admitted]) -> pa.Table:
        """Take the composed rows of the admitted calls, with the times at which they really began."""
        table = self.log.take(pa.array([one.call.row for one in admitted]))
        at = pa.array(np.array([one.at for one in admitted]) * 1e6).cast(pa.int64(), safe=False).cast(TIMESTAMP)
        return table.set_column(table.schema.get_field_index("started_at"), table.schema.field("started_at"), at)
