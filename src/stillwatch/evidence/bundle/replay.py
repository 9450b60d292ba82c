"""With which inputs the scan can be repeated: ``replay.json``, and the fingerprints of all its calls if they are shown.

The key is not among them, and no name: labels (a network, a program's name) are left out of ``campaigns.json`` here.
Each finding in the log has the digest of its campaign without labels, so that the repeated one can be held against it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from stillwatch.errors import EvidenceError
from stillwatch.evidence.bundle.archive import Draft
from stillwatch.evidence.bundle.membership import read_json
from stillwatch.evidence.events import unlabelled

Json = dict[str, Any]
REPORT_FILES = ("campaigns.json", "members.parquet", "campaign_calls.parquet", "sightings.parquet", "scan.json")
CAMPAIGNS = "replay/campaigns.json"
FINGERPRINTS = "fingerprints"
"""The folder of a report that ``scan --keep-fingerprints`` leaves."""


def add_replay(draft: Draft, report: Path, *, shown: bool) -> Json:
    """Write ``replay.json``, and with ``shown`` the fingerprints; return ``replay.json``.

    Raises EvidenceError if the report has kept no fingerprints.
    """
    scanned = read_json(report / "scan.json")
    said = {
        "version": scanned["version"],
        "settings": scanned["settings"],
        "report": {name: sha256((report / name).read_bytes()).hexdigest() for name in REPORT_FILES},
        "fingerprints": "all" if shown else None,
        "says": _SHOWN if shown else _CLOSED,
    }
    if shown:
        _copy(draft, report / FINGERPRINTS)
        draft.add(CAMPAIGNS, campaigns_json(read_json(report / "campaigns.json")))
    return said


_SHOWN = (
    "`stillwatch evidence replay BUNDLE.zip` of this version scans the fingerprints in replay/ again with these "
    "settings and compares the result with replay/campaigns.json, byte for byte. That file is the report's "
    "campaigns.json without labels; the log's finding has the SHA-256 of this campaign's part of it (`unlabelled`). "
    "That the fingerprints are of the calls is the host's word: they were made with a key that nobody else has."
)
_CLOSED = (
    "With the call logs whose digests the source entries in log/ give, and the deployment's key, `stillwatch scan` of "
    "this version and these settings writes these files again, byte for byte. Neither is in the bundle: this is not "
    "for the reader to repeat, only for the host, or for whom the host lets do it."
)


def campaigns_json(campaigns: Sequence[Mapping[str, Any]]) -> bytes:
    """Return these campaigns as a scan writes them, without the labels of what they share."""
    listed = [unlabelled(campaign) for campaign in campaigns]
    return (json.dumps(listed, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _copy(draft: Draft, kept: Path) -> None:
    files = [path for path in sorted(kept.rglob("*")) if path.is_file()]
    if not files:
        raise EvidenceError(f"{kept}: no fingerprints were kept; scan again with --keep-fingerprints")
    for path in files:
        shutil.copyfile(path, draft.path(f"replay/{path.relative_to(kept).as_posix()}"))
