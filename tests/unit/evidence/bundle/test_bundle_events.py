from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import orjson

from bundles import CAMPAIGN, Files, Host
from stillwatch.evidence import verify
from stillwatch.evidence.entries import event_entry


def test_notes_of_this_campaign_and_its_sources_are_attached_and_others_are_not(tmp_path: Path) -> None:
    host = Host(tmp_path / "host", calls=6)
    report = sha256((host.report / "campaigns.json").read_bytes()).hexdigest()
    mine = [
        event_entry("source", {"sha256": "aa", "calls": 6, "new": 6, "first": 1}),
        event_entry("finding", {"campaign": CAMPAIGN, "report": report}),
    ]
    others = [
        event_entry("source", {"sha256": "bb", "calls": 6, "new": 6, "first": 100}),
        event_entry("source", {"sha256": "cc", "calls": 6, "new": 0}),
        event_entry("finding", {"campaign": "C-x", "report": report}),
        event_entry("finding", {"campaign": CAMPAIGN, "report": "another report"}),
        event_entry("claim", {"campaign": CAMPAIGN, "calls": "another list", "exchanges": 3}),
        event_entry("policy", {"says": '"kind":"claim"'}),
    ]
    first = host.log([*mine, *others])
    path = host.bundle()
    attached = {n: e for n, e in Files.of(path).contents.items() if n.startswith("log/") and n.endswith(".json")}
    assert attached == {f"log/{first}.json": mine[0], f"log/{first + 1}.json": mine[1]}
    assert "as are 2 notes about them" in "\n".join(verify.Verification(path).steps)


def test_a_fixed_list_is_recognised(tmp_path: Path) -> None:
    host = Host(tmp_path / "host", calls=6)
    host.fix_list()
    files = Files.of(host.bundle())
    note = orjson.loads(files.contents[f"log/{host.reader.checkpoint.size - 1}.json"])
    assert note["calls"] == sha256(files.contents["calls.csv"]).hexdigest()
