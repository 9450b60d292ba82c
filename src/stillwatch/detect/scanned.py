"""From a table of fingerprints to what a report lists: the part of a scan that can be repeated without the key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa

from stillwatch.detect.distinct import distinct_calls
from stillwatch.detect.distribution import find_distributions
from stillwatch.detect.find import find_candidates
from stillwatch.detect.listing import Listing
from stillwatch.detect.operators import MIN_OPERATOR_BITS
from stillwatch.detect.partners import Watched, find_watched, with_partner_evidence
from stillwatch.detect.signal import Signal
from stillwatch.detect.substreams import find_substreams
from stillwatch.store.engine import Engine


@dataclass(frozen=True)
class Scanned:
    """What a scan computes with. ``accounts`` and ``keyed`` are the accounts table by name and by key, row for row."""

    calls: Path
    """Parts of a table of ``records.CALLS``."""
    accounts: pa.Table | None
    keyed: pa.Table | None
    names: Mapping[int, str]
    """What keyed values stand for, where a report may say it."""
    watched: tuple[Watched, ...] = ()
    """What partners said to look for."""


def list_campaigns(
    engine: Engine,
    scanned: Scanned,
    *,
    signals: Sequence[Signal],
    min_strength_bits: float,
    on_step: Callable[[str], None] = lambda _step: None,
) -> tuple[nw.LazyFrame[Any], Listing]:
    """Return the calls, each once, and what is listed of them. Nothing else decides what ``campaigns.json`` says."""
    calls = distinct_calls(engine, engine.read(scanned.calls))
    # What partners say comes on top, so that then any group may still be listed.
    least = -np.inf if scanned.watched else min(min_strength_bits, MIN_OPERATOR_BITS)
    findings = find_candidates(engine, calls, accounts=scanned.keyed, signals=signals, least=least, on_step=on_step)
    if scanned.watched:
        on_step("comparing with partners")
        findings = with_partner_evidence(findings, find_watched(engine, calls, scanned.keyed, scanned.watched))
    on_step("writing")
    listed = [c for c in findings.candidates if c.strength >= min_strength_bits]
    return calls, Listing(
        findings,
        listed,
        scanned.accounts,
        scanned.keyed,
        scanned.names,
        find_substreams(engine, findings, listed),
        find_distributions(engine, calls, findings, listed),
    )
