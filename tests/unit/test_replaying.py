"""A repeated scan is held against its bundle, and every difference is named."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bundles import Host
from stillwatch.errors import EvidenceError
from stillwatch.evidence.bundle.claims import coordination
from stillwatch.evidence.bundle.replay import campaigns_json
from stillwatch.evidence.events import finding
from stillwatch.replaying import NOT_SHOWN, Replayed, replay

ANSWER = {"bits": 12.5, "prior_bits": -8.0, "evidence": {"content": {"bits": 9.0, "findings": []}}}
SHARED = {"signal": "address", "family": "network", "holders": 3, "holders_elsewhere": 1, "bits": 4.0}
CAMPAIGN: dict[str, Any] = {
    "campaign": "C-0123456789ab",
    "accounts": 5,
    "calls": 2,
    "coordination": ANSWER,
    "distillation": ANSWER,
    "objectives": {"reasoning": 1.0},
    "observables": [{**SHARED, "observable": "00", "label": None}],
    "false_alarm_rate": 0.01,
    "false_alarm_says": "Few.",
    "otherwise": [],
}
ENTRIES = ({"hour": 1, "input_tokens": 5, "output_tokens": 6}, {"hour": 1, "output_tokens": 6})


@dataclass
class Shown:
    """A verified bundle with the given files."""

    files: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        named = {"observable": "p0", "held_by": 3, "signal": "address", "family": "network"}
        weighed = {n: SHARED[n] for n in ("holders", "holders_elsewhere", "bits")}
        self.files = {
            "claims/coordination.json": coordination(CAMPAIGN, [named | {"as_weighed": weighed}], repeatable=True),
            "heads.json": {"distillation": ANSWER, "objectives": {"reasoning": 1.0}},
            "log/7.json": {"kind": "finding", **finding(CAMPAIGN, report="r", software="1").fields},
        }

    def json(self, name: str) -> Any:
        return json.loads(json.dumps(self.files[name]))

    def stream(self, _name: str) -> io.BytesIO:
        return io.BytesIO(b"".join(json.dumps(e).encode() + b"\n" for e in ENTRIES))


def held(shown: Shown, campaigns: list[dict[str, Any]], calls: Counter[Any] | None = None) -> Replayed:
    noted = [(7, json.dumps(shown.files["log/7.json"]).encode())]
    found = SimpleNamespace(bundle=shown, manifest={"campaign": "C-0123456789ab"}, noted=noted, whole=True)
    people = SimpleNamespace(calls=np.array([3, 4]), account=np.array([1, 2]))
    about = SimpleNamespace(campaigns=lambda: campaigns, findings=SimpleNamespace(population=people))
    known = Counter({(1, 5, 6): 1, (1, None, 6): 1, (2, 0, 0): 1}) if calls is None else calls
    asked = {"version": "0", "campaigns": sha256(campaigns_json([CAMPAIGN])).hexdigest()}
    return Replayed(found, asked, about, known)  # type: ignore[arg-type]  # as much of them as it looks at


def different(replayed: Replayed) -> list[str]:
    assert not replayed.holds
    return [one.what.split(",")[0].split(":")[0] for one in replayed.compared if not one.same]


def test_the_same_scan_is_the_same_in_everything() -> None:
    replayed = held(Shown(), [CAMPAIGN])
    assert replayed.holds
    assert replayed.says().endswith(NOT_SHOWN)
    assert "Scanned 7 calls of 2 accounts again" in replayed.says()


def test_another_campaign_beside_it_changes_the_file_only() -> None:
    assert different(held(Shown(), [CAMPAIGN, {**CAMPAIGN, "campaign": "C-1"}])) == ["campaigns.json without labels"]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda c: c | {"coordination": ANSWER | {"bits": 12.4}}, "coordination"),
        (lambda c: c | {"observables": [c["observables"][0] | {"holders_elsewhere": 9}]}, "coordination"),
        (lambda c: c | {"objectives": {"code": 1.0}}, "heads"),
        (lambda c: c | {"distillation": ANSWER | {"bits": 0.0}}, "heads"),
    ],
)
def test_a_campaign_that_comes_out_otherwise_is_named(change: Callable[[Any], Any], what: str) -> None:
    found = different(held(Shown(), [change(CAMPAIGN)]))
    assert found == ["campaigns.json without labels", "the campaign", what]


def test_a_claim_that_the_scan_does_not_bear_out_is_named() -> None:
    shown = Shown()
    shown.files["claims/coordination.json"]["numbers"]["bits"] = 40.0
    assert different(held(shown, [CAMPAIGN])) == ["coordination"]


def test_a_campaign_that_the_log_never_recorded_is_named() -> None:
    shown = Shown()
    shown.files["log/7.json"]["unlabelled"] = "0" * 64
    assert different(held(shown, [CAMPAIGN])) == ["the campaign"]


def test_entries_that_are_no_calls_of_the_campaign_are_named() -> None:
    twice = Counter({(1, 5, 6): 2})
    assert different(held(Shown(), [CAMPAIGN], twice)) == [
        "every counted entry of the log is a call of the campaign by hour and tokens"
    ]


def test_nothing_found_is_different_in_everything() -> None:
    assert len(different(held(Shown(), [], Counter()))) == 6


def test_a_bundle_without_fingerprints_cannot_be_repeated(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="ask the host for a bundle with --replay"):
        replay(Host(tmp_path / "host", calls=6).bundle())


@pytest.mark.parametrize("settings", [{"without": []}, {"without": [], "signals": {}, "min_strength_bits": 2.5}])
def test_fingerprints_that_are_none_end_the_replay(tmp_path: Path, settings: dict[str, Any]) -> None:
    host = Host(tmp_path / "host", calls=6)
    (host.report / "scan.json").write_text(json.dumps({"version": "1", "settings": settings}))
    (host.report / "fingerprints/calls").mkdir(parents=True)
    (host.report / "fingerprints/calls/000.parquet").write_bytes(b"no table")
    with pytest.raises(EvidenceError, match="the bundle's scan cannot be repeated"):
        replay(host.bundle(fingerprints=True))


def test_a_file_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_bytes(b"PK")
    with pytest.raises(EvidenceError, match="the bundle is refused"):
        replay(tmp_path / "b.zip")
