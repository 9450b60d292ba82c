"""What the tests of sharing share: a campaign as a scan's report has it, and parcels made of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stillwatch.records import Cue
from stillwatch.sharing.choosing import choose
from stillwatch.sharing.keyed import GroupKey
from stillwatch.sharing.nouns import Parcel, Proof, Sender, Tlp

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
GROUP = GroupKey(bytes(range(32)))
HARVEST = int(Cue.EXTERNALISED | Cue.REASONING)
SECRETS = ("acct_secret_1", "203.0.113.77", "pm_secret_card", "dev_secret", "jane.doe", "write out your thoughts")
"""What stands in the report or near it and must not leave in any form."""


def observable(
    signal: str, label: str | None, *, holders: int = 25, elsewhere: int = 4, key: int = 77
) -> dict[str, Any]:
    return {
        "signal": signal,
        "family": "network",
        "observable": f"{key:016x}",
        "label": label,
        "holders": holders,
        "holders_elsewhere": elsewhere,
        "bits": 5.06,
    }


OBSERVABLES = [
    observable("prefix", "198.51.100.0/24"),
    observable("asn", "64501"),
    observable("user_agent", "harvester/1.4 (linux)"),
    observable("tls_fingerprint", "t13d8e9ch2_f4b3a4969c96_40a073bb0a20"),
    observable("email_domain", "mail-616b2b.example", holders=12, elsewhere=0),
    observable("cue_signature", None, key=HARVEST),
    observable("payment", "pm_secret_card"),
    observable("device", "dev_secret"),
    observable("address", "203.0.113.77"),
    observable("start_day", None),
]


def campaign(name: str = "C-ac1ba389de58", **changed: Any) -> dict[str, Any]:
    entry = {
        "campaign": name,
        "accounts": 1234,
        "calls": 61500,
        "exchanges": 60900,
        "objective": "reasoning",
        "first_call_at": "2026-06-17T00:23:48Z",
        "last_call_at": "2026-06-27T23:23:22Z",
        "strength_bits": 9.04,
        "claims": {"volume": {"status": "measured", "says": "acct_secret_1"}, "attribution": {"status": "not claimed"}},
        "observables": OBSERVABLES,
        "substreams": [{"kind": "template", "skeleton": "faa3882650412217"}],
        "samples": ["write out your thoughts, jane.doe"],
    }
    return {**entry, **changed}


def write_report(folder: Path, *campaigns: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "campaigns.json").write_text(json.dumps(campaigns or [campaign()]))
    return folder


def parcel(*campaigns: dict[str, Any], key: GroupKey | None = GROUP, **changed: Any) -> Parcel:
    chosen = tuple(choose(c, group_key=key, now=NOW) for c in (campaigns or [campaign()]))
    fields: dict[str, Any] = {
        "sender": Sender("Host A", "abuse@host-a.example"),
        "campaigns": chosen,
        "made_at": NOW,
        "tlp": Tlp.AMBER,
        "terms": "Not for use against persons.",
        "proof": Proof("log.host-a.example", 512, "ab" * 32),
    }
    return Parcel(**{**fields, **changed})
