"""A call log of any size with texts of about 500 bytes, written whole columns at a time.

One call in ten carries one of 2,000 templates around an item of its own; the rest are sentences drawn from a
pool of 200,000, so nearly every text is new. An account makes 100 calls on average, some many more (Zipf), as
on a real API.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_VOCABULARY = 20_000
_SENTENCES = 200_000
_WORDS = 19  # about 120 bytes a sentence, four sentences a text
_TEMPLATES = 2_000
_ROWS = 1_000_000  # a row group; about 0.6 GB in memory
_CALLS_PER_ACCOUNT = 100
_START = np.datetime64("2026-03-01", "us")


def write_log(path: Path, calls: int, *, seed: int = 1) -> None:
    """Write a Parquet call log with this many calls over 14 days."""
    rng = np.random.default_rng(seed)
    sentences = pa.array(_sentences(rng), pa.large_string())
    path.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(path, _batch(rng, sentences, 0, 1, calls).schema, compression="zstd") as out:
        for first in range(0, calls, _ROWS):
            out.write_table(_batch(rng, sentences, first, min(_ROWS, calls - first), calls))


def _sentences(rng: np.random.Generator) -> list[str]:
    letters = np.frombuffer(b"etaoinshrdlucmfwypvbgk", dtype="S1")
    words = ["".join(rng.choice(letters, rng.integers(2, 10)).astype(str)) for _ in range(_VOCABULARY)]
    heights = np.cumsum(1 / np.arange(1, _VOCABULARY + 1))  # Zipf's law for words
    drawn = np.searchsorted(heights / heights[-1], rng.random((_SENTENCES, _WORDS)))
    return [" ".join(words[i] for i in row) + ". " for row in drawn]


def _batch(rng: np.random.Generator, sentences: pa.Array, first: int, rows: int, calls: int) -> pa.Table:
    accounts = max(calls // _CALLS_PER_ACCOUNT, 1)
    account = np.minimum(accounts * rng.random(rows) ** 2, accounts - 1).astype(np.int64)
    templated = rng.random(rows) < 0.1
    drawn = rng.integers(0, _SENTENCES, (4, rows))
    drawn[:3, templated] = np.arange(3)[:, None] + 3 * rng.integers(0, _TEMPLATES, templated.sum())
    number = pc.cast(pa.array(np.arange(first, first + rows)), pa.large_string())
    text = _join("", *(sentences.take(pa.array(d)) for d in drawn), number)
    started = _START + (np.arange(first, first + rows) * (14 * 86_400_000_000 // calls)).astype("timedelta64[us]")
    octets = pc.cast(pa.array(account % 250), pa.large_string())
    return pa.table(
        {
            "call_id": _join("c", number),
            "account": _join("a", pc.cast(pa.array(account), pa.large_string())),
            "started_at": pa.array(started, pa.timestamp("us", tz="UTC")),
            "model": pa.array(["large", "small"], pa.large_string()).take(pa.array(account % 2)),
            "prompt": text,
            "client_address": _join("192.0.", octets, octets, between="."),
            "temperature": pa.array(np.where(account % 3, 1.0, 0.7)),
            "max_output_tokens": pa.array(np.where(account % 5, 1024, 4096)),
            "input_tokens": pa.array(rng.integers(80, 160, rows)),
            "output_tokens": pa.array(rng.integers(20, 900, rows)),
            "duration_ms": pa.array(rng.integers(300, 30_000, rows)),
            "status": pa.array(np.full(rows, 200)),
        }
    )


def _join(before: str, *parts: pa.Array, between: str = "") -> pa.Array:
    """Concatenate text columns, with a text before each row."""
    joined = pc.binary_join_element_wise(*parts, pa.scalar(between, pa.large_string()))
    return pc.binary_join_element_wise(pa.scalar(before, pa.large_string()), joined, pa.scalar("", pa.large_string()))
