"""What calls cost: tokens, time, status, finish."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.simulate.draws import F64, I64, U64, mix, normal, pair, unit
from stillwatch.simulate.party import Party
from stillwatch.simulate.schedule import Rows

BYTES_PER_TOKEN = 3.9
"""UTF-8 bytes a token: about 4 for English and code in byte-pair vocabularies, about 3 for Chinese."""

JSON_BYTES = 32
"""Bytes of ``{"role": ..., "content": ...}`` around a message: not text, not tokens."""

MS_PER_TOKEN = 14.0
"""About 70 tokens a second, a usual speed of large hosted models; 350 ms until the first token."""

FAILURES = np.array([429, 429, 429, 500, 503, 529, 400, 408])


def usage_columns(
    party: Party, rows: Rows, size: I64, ceiling: pa.Array, answer: I64, *, banned: bool
) -> dict[str, pa.Array]:
    """Return token counts, duration, status and finish reason, consistent with the text and the ceiling.

    ``size`` is the text's length in bytes; ``answer`` the stored answer's in characters, 0 where none is known.
    """
    block = party.block
    key = pair(rows.session, rows.turn, 501)
    read = np.maximum(4, (size - JSON_BYTES) / BYTES_PER_TOKEN * np.exp(0.08 * normal(mix(key, 502)))).astype(np.int64)
    written = _written(party, rows, key, answer)
    limit = np.asarray(ceiling.fill_null(32_000))
    cut = written > limit
    written = np.minimum(written, limit)
    status = np.where(
        unit(mix(key, 504)) < block.refused_share, FAILURES[(mix(key, 505) % np.uint64(8)).astype(np.int64)], 200
    )
    if banned:
        status = np.full(len(key), 403)
    done = status == 200
    cached = read * np.minimum(0.95, block.cached_share + 0.12 * rows.turn) * (unit(mix(key, 506)) < 0.8) * done
    reason = np.where(cut, "length", "tool_calls" if block.tools else "stop")
    return {
        "input_tokens": pa.array(read),
        "cached_input_tokens": pa.array((cached // 64 * 64).astype(np.int64)),
        "output_tokens": pa.array(np.where(done, written, 0)),
        "reasoning_tokens": pa.array((written * done * block.reasoning_share).astype(np.int64)),
        "duration_ms": pa.array(_duration(written * done, key)),
        "status": pa.array(status.astype(np.int64)),
        "finish_reason": pc.if_else(pa.array(done), pa.array(reason.tolist(), pa.large_string()), None),
    }


def _written(party: Party, rows: Rows, key: U64, answer: I64) -> I64:
    owner_level = np.exp(0.35 * normal(mix(party.owner[rows.who], 507)))
    typical = party.block.output_tokens * owner_level
    known = (answer > 0) & (party.block.use not in {"reasoning", "invention", "trajectory", "justify"})
    typical = np.where(known, 0.5 * typical + 0.5 * answer / 4.0, typical)
    drawn: F64 = np.maximum(1, typical * np.exp(0.55 * normal(mix(key, 503))))
    return drawn.astype(np.int64)


def _duration(written: I64, key: U64) -> I64:
    speed = np.exp(0.3 * normal(mix(key, 508)))
    milliseconds: F64 = 350 * speed + MS_PER_TOKEN * written * np.exp(0.2 * normal(mix(key, 509)))
    return milliseconds.astype(np.int64)
