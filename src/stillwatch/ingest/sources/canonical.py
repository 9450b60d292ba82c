"""Our own call log, as JSON (as Parquet it does not come this way: ``ingest/parquet.py``)."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.ingest.source import Document, source
from stillwatch.records import CALL_LOG


def _looks_like(document: Document) -> bool:
    return all(name in document for name in CALL_LOG.required)


@source("canonical", looks_like=_looks_like)
def canonical(document: Document) -> Iterator[dict[str, object]]:
    """Read Stillwatch's own call log: the columns of the design, one JSON object a call."""
    yield dict(document)
