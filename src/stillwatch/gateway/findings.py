"""A scan's report as standings: for replay, which supposes that the scan's findings had been known all along."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import ReportError
from stillwatch.gateway.nouns import Standing
from stillwatch.records import Family

COLUMNS = ["account", "campaign", "match_weight", "share", "first_call_at"]


def read_findings(report: Path) -> dict[str, Standing]:
    """Return the standing of every account in a campaign of a report, listed from its first call on.

    Raises ReportError for a folder that is no report.
    """
    try:
        campaigns = {c["campaign"]: c for c in orjson.loads((report / "campaigns.json").read_bytes())}
        members = pq.read_table(report / "members.parquet", columns=COLUMNS)
        listed = members.filter(members["campaign"].is_valid()).to_pylist()
        bits = {name: _bits(campaign) for name, campaign in campaigns.items()}
        return {row["account"]: _standing(row, campaigns[row["campaign"]], bits[row["campaign"]]) for row in listed}
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as problem:
        says = f"{type(problem).__name__}: {problem}"
        raise ReportError(f"{report}: not a scan's report ({says}); give the folder that scan --out wrote") from problem


def _bits(campaign: dict[str, Any]) -> dict[Family, float]:
    return {Family(name): float(found["bits"]) for name, found in campaign["coordination"]["evidence"].items()}


def _standing(row: dict[str, Any], campaign: dict[str, Any], bits: dict[Family, float]) -> Standing:
    return Standing(
        row["campaign"],
        float(campaign["strength_bits"]),
        bits,
        row["match_weight"] or 0.0,
        row["share"] or 0.0,
        row["first_call_at"].timestamp(),
    )
