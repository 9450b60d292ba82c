"""What the accounts share: the edges behind the coordination claim, so that its holders can be counted again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import EvidenceError
from stillwatch.evidence.bundle.pseudonyms import Pseudonyms

HEADER = "account,signal,observable\n"
_WORD = 1 << 64


def edges_of(
    report: Path, campaign: Mapping[str, Any], names: list[str], pseudonyms: Pseudonyms
) -> tuple[str, list[dict[str, Any]]]:
    """Return ``coordination/edges.csv`` and the claim's observables; ``names`` are the listed accounts in their order.

    An observable is one that ``campaigns.json`` lists, under a name of this bundle only, without its label.
    """
    listed = {(o["signal"], o["observable"]): o for o in campaign["observables"]}
    held = _read(report / "sightings.parquet", names)
    lines, observables = [], []
    for (signal, value), said in listed.items():
        holders = sorted(held.get((signal, value), ()))
        if not holders:
            continue
        name = pseudonyms.observable(signal, value)
        lines += [f"{account},{signal},{name}\n" for account in holders]
        weighed = {n: said[n] for n in ("holders", "holders_elsewhere", "bits")}
        observables.append(
            {
                "signal": signal,
                "family": said["family"],
                "observable": name,
                "held_by": len(holders),
                "as_weighed": weighed,
            }
        )
    return HEADER + "".join(sorted(lines)), sorted(observables, key=lambda o: (o["signal"], o["observable"]))


def _read(path: Path, names: list[str]) -> dict[tuple[str, str], set[int]]:
    try:
        table = pq.read_table(path, columns=["account", "signal", "observable"])
    except (OSError, pa.ArrowInvalid) as problem:
        raise EvidenceError(f"{path}: not a report's file: {problem}") from None
    number = {name: at for at, name in enumerate(names)}
    held: dict[tuple[str, str], set[int]] = {}
    for account, signal, value in zip(*(table[n].to_pylist() for n in table.column_names), strict=True):
        if account in number:
            held.setdefault((signal, f"{value % _WORD:016x}"), set()).add(number[account])
    return held
