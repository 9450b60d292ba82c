"""Calls of the gateway's journal to fingerprint segments, and to encrypted text where the setting says so."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

import pyarrow as pa

from stillwatch.gateway.journal.join import Row
from stillwatch.gateway.journal.layout import Layout
from stillwatch.gateway.journal.seal import Sealed, seal_journal
from stillwatch.gateway.settings import Journal
from stillwatch.ingest.batches import SCHEMA, Place, batch_of_rows, show_row
from stillwatch.ingest.fingerprint import Fingerprinter
from stillwatch.ingest.rejects import Rejects
from stillwatch.ingest.sealed import write_segment
from stillwatch.store.encrypted import write_encrypted
from stillwatch.store.key import read_or_create_key

ROWS = 8_192
"""Rows fingerprinted at once: as many as are read of JSON lines (``ingest/read.py``)."""
NO_SAMPLES = (1 << 64) - 1
"""No keyed hash but two is a multiple of it: no excerpt of a prompt is made (and none is ever written)."""

log = logging.getLogger("stillwatch.journal")


def seal(settings: Journal) -> Sealed:
    """Seal what is closed in a journal. Raises JournalError, and SettingsError for the key file."""
    layout = Layout(settings.folder)
    writer = FingerprintSeal(layout, read_or_create_key(settings.key_file))
    return seal_journal(layout, writer, keep_text=settings.keep_text)


@dataclass(frozen=True)
class FingerprintSeal:
    """Writes what is kept of calls: the very fingerprints that a scan of their text would make."""

    layout: Layout
    key: bytes

    @cached_property
    def _prints(self) -> Fingerprinter:
        return Fingerprinter(self.key, sample_every=NO_SAMPLES)

    def fingerprints(self, calls: list[Row], draft: Path, name: str) -> None:
        """Write the fingerprint segment ``name``; rows that are no calls go to ``rejects`` and are logged."""
        with Rejects(self.layout.rejects_path(name)) as rejects:
            write_segment(draft, (self._prints.fingerprint(b) for b in _batches(calls, draft, rejects)), key=self.key)
        if rejects.rejected:
            log.error("journal: %d rows of %s are no calls; see %s", rejects.rejected, name, self.layout.rejects)

    def text(self, calls: list[Row], draft: Path, name: str) -> None:
        """Write the calls as a call log with prompts, without answers, encrypted under the deployment's key."""
        table = pa.Table.from_batches(_batches(calls, draft, Rejects(None)), SCHEMA)
        write_encrypted(table, draft, key=self.key, name=name)


def _batches(calls: list[Row], path: Path, rejects: Rejects) -> Iterator[pa.RecordBatch]:
    waiting = iter(calls)
    while rows := list(islice(waiting, ROWS)):
        place = Place(path, line=lambda row: row + 1, show=lambda row, rows=rows: show_row(rows[row]))  # type: ignore[misc]
        batch = batch_of_rows(rows, place=place, rejects=rejects, now=None)
        if batch.num_rows:
            yield batch
