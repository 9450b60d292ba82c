"""With which inputs the scan can be repeated: ``replay.json``, and the fingerprints of all its calls if they are shown.

The key is not among them, and no name: labels (a network, a program's name) are left out of ``campaigns.json`` here.
Each finding in the log has the digest of its campaign without labels, so that the repeated one can be held against it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from hashlib import file_digest, sha256
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

    Their digests go in wherever they were kept: a host can show them to an auditor alone, who can tell that they are
    the ones. Raises EvidenceError if they are to be shown and were not kept.
    """
    scanned, campaigns = read_json(report / "scan.json"), campaigns_json(read_json(report / "campaigns.json"))
    kept = kept_files(report / FINGERPRINTS)
    if shown and not kept:
        raise EvidenceError(f"{report / FINGERPRINTS}: no fingerprints were kept; scan again with --keep-fingerprints")
    said = {
        "version": scanned["version"],
        "settings": scanned["settings"],
        "report": {name: sha256((report / name).read_bytes()).hexdigest() for name in REPORT_FILES},
        "campaigns": sha256(campaigns).hexdigest(),
        "fingerprints": {name: _digest(path) for name, path in kept.items()},
        "shown": shown,
        "says": _SHOWN if shown else _KEPT if kept else _CLOSED,
    }
    if shown:
        for name, path in kept.items():
            shutil.copyfile(path, draft.path(f"replay/{name}"))
        draft.add(CAMPAIGNS, campaigns)
    return said


def kept_files(folder: Path) -> dict[str, Path]:
    """Return the files of kept fingerprints by their names inside the folder; none if there is no such folder."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path for path in found}


def check_kept(folder: Path, digests: Mapping[str, str]) -> None:
    """Check that a folder has the fingerprints of these digests and nothing else. Raises EvidenceError."""
    found = {name: _digest(path) for name, path in kept_files(folder).items()}
    if wrong := sorted(name for name, _ in found.items() ^ digests.items()):
        raise EvidenceError(f"{folder}: not the fingerprints that the bundle's scan kept: {wrong[0]}")


_SHOWN = (
    "`stillwatch evidence replay BUNDLE.zip` of this version scans the fingerprints in replay/ again with these "
    "settings and compares the result with replay/campaigns.json, byte for byte. That file is the report's "
    "campaigns.json without labels; the log's finding has the SHA-256 of this campaign's part of it (`unlabelled`). "
    "That the fingerprints are of the calls is the host's word: they were made with a key that nobody else has."
)
_KEPT = (
    "The host has kept the fingerprints with these digests and does not show them here. Who gets them can scan them "
    "again, with these settings and this version: `stillwatch evidence replay BUNDLE.zip --fingerprints FOLDER`."
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


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
