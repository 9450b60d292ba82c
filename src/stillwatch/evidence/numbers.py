"""Numbers as the C2SP formats write them: plain decimals, one spelling each."""

from __future__ import annotations

import re

from stillwatch.errors import EvidenceError

MAX_NUMBER = (1 << 63) - 1
"""What every implementation of the formats can hold (Go's int64, SQLite's INTEGER)."""

# At most 19 digits, so that nobody makes us convert a million of them.
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


def parse_number(text: str, *, what: str) -> int:
    """Read a decimal without sign or leading zeros, up to 2**63 - 1. Raises EvidenceError, beginning with ``what``."""
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_NUMBER:
        raise EvidenceError(f"{what} {text[:40]!r} is no plain decimal number below 2^63")
    return int(text)
