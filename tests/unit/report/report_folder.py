"""Hand-made scan folders in the shapes that ``detect.describe`` and ``app`` write, for tests of the report."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.records import MEMBERS, SIGHTINGS

Json = dict[str, Any]
START = datetime(2026, 3, 3, tzinfo=UTC)
REASONING, GRADING = "C-4be1c09a77d2", "C-91f0aa63c5e8"
NOT_COUNTED = (
    "Context, not counted: what they send differs from what other accounts send, as any new workload does "
    "(400 calls of each, p = 0.001); two halves of the accounts show no sure difference (400 calls, p = 0.402)."
)
TEMPLATES = ("9f3a62c17d5508be", "1c77e0d49a2b6f31")
NETWORK, CLIENT, CEILING = "7a01b2c3d4e5f607", "c0ffee1234567890", "0badcafe87654321"
FIRST_DAY = "0000000000005023"
MODEL, SIGN_UP = "5511223344556677", "e0e1e2e3e4e5e6e7"


def agree(what: str, inside: int, outside: int) -> str:
    return (
        f"Accounts agree on {what}: the commonest value is held by {inside} of them "
        f"and by {outside} in the comparison group."
    )


def part(bits: float, *findings: tuple[str, float, str]) -> Json:
    return {"bits": bits, "findings": [{"signal": s, "bits": b, "says": says} for s, b, says in findings]}


def observable(  # noqa: PLR0917 - one line of a table
    signal: str, family: str, key: str, label: str | None, holders: int, elsewhere: int, bits: float
) -> Json:
    return {
        "signal": signal,
        "family": family,
        "observable": key,
        "label": label,
        "holders": holders,
        "holders_elsewhere": elsewhere,
        "bits": bits,
    }


def hourly(hours: int, *, busy: int, rng: Random) -> list[Json]:
    points = []
    for hour in range(hours):
        at = START + timedelta(hours=hour)
        calls = 0 if hour < 20 else rng.randrange(busy // 3, busy) if rng.random() < 0.93 else 0
        points.append({"at": f"{at:%Y-%m-%dT%H:%M:%SZ}", "calls": calls, "accounts": min(calls, 60 + hour % 40)})
    return points


def reasoning_campaign(**changes: Any) -> Json:
    rng = Random(4)
    entry: Json = {
        "campaign": REASONING,
        "accounts": 142,
        "entities": 142,
        "organizations": 0,
        "calls": 61_204,
        "exchanges": 58_210,
        "output_tokens": 92_410_000,
        "first_call_at": "2026-03-03T20:04:11Z",
        "last_call_at": "2026-03-17T02:51:40Z",
        "strength_bits": 9.4,
        "coordination": {
            "bits": 11.3,
            "prior_bits": -8.0,
            "evidence": {
                "content": part(
                    10.0,
                    (
                        "shared_content",
                        10.2,
                        "142 accounts that claim to be strangers send one template of at least 41 words.",
                    ),
                    (
                        "one_queue",
                        2.0,
                        "Any account could have sent any other's items: they look dealt from one queue.",
                    ),
                ),
                "timing": part(
                    2.1,
                    (
                        "shared_timing",
                        2.1,
                        agree("the day of their first call", 88, 31),
                    ),
                ),
                "network": part(
                    6.3,
                    (
                        "shared_network",
                        6.3,
                        agree("client networks", 97, 3),
                    ),
                ),
                "economy": part(
                    0.9,
                    (
                        "shared_economy",
                        0.9,
                        agree("the exact sampling parameters", 139, 402),
                    ),
                ),
            },
        },
        "distillation": {
            "bits": 9.4,
            "prior_bits": -4.0,
            "evidence": {
                "content": part(
                    8.4,
                    ("wording", 6.4, "The wording asks for what training data is made of."),
                    ("new_items", 2.0, "98% of the items are sent once only: harvest does not repeat itself."),
                ),
                "economy": part(
                    5.0,
                    ("follow_ups", 1.5, "0% of the calls continue a conversation."),
                    ("volume", 2.0, "61,204 calls in all."),
                    ("output_to_input", 1.5, "6.3 tokens are written for each one read."),
                ),
            },
        },
        "false_alarm_rate": 0.00498,
        "false_alarm_says": "None of 200 composed innocent scans showed anything this strong.",
        "objective": "reasoning",
        "objectives": {"reasoning": 0.83, "invention": 0.12, "answers": 0.05},
        "observables": [
            observable("prefix", "network", NETWORK, "203.0.113.0/24", 97, 3, 6.3),
            observable("tls_fingerprint", "network", CLIENT, "t13d1516h2_8daaf6152771_b186095e22b6", 131, 44, 3.1),
            observable("start_day", "timing", FIRST_DAY, None, 88, 31, 2.1),
            observable("parameters", "economy", CEILING, None, 139, 402, 0.9),
            observable("model", "economy", MODEL, "frontier-large-2026-01", 142, 2_210, 0.1),
        ],
        "substreams": [
            {
                "skeleton": TEMPLATES[0],
                "kind": "template",
                "use": None,
                "words": 41,
                "calls": 48_800,
                "accounts": 142,
                "cues": ["reasoning", "externalised", "tag container"],
                "hours": [rng.randrange(1_800, 3_100) for _ in range(24)],
            },
            {
                "skeleton": TEMPLATES[1],
                "kind": "template",
                "use": None,
                "words": 26,
                "calls": 12_404,
                "accounts": 118,
                "cues": ["reasoning", "externalised", "tag container"],
                "hours": [],
            },
        ],
        "distribution": {
            "unlike_others": {"mmd2": 0.411873, "p_value": 0.001, "calls": 400},
            "alike_within": {"mmd2": 0.000211, "p_value": 0.402, "calls": 400},
            "says": NOT_COUNTED,
        },
        "share": {"mean": 0.913, "low": 0.884, "high": 0.941},
        "timeline": hourly(320, busy=420, rng=rng),
        "verification": {"none": 131, "education": 7, "kyc": 2, "unknown": 2},
        "claims": {
            "volume": {
                "status": "measured",
                "says": "61,204 calls in the sub-stream, 58,210 of them completed (exchanges).",
            },
            "coordination": {"status": "inferred", "says": "11.3 bits from 3 families of evidence."},
            "attribution": {"status": "not claimed", "says": "Nothing here says who the operator is."},
            "use_in_training": {
                "status": "not claimed",
                "says": "Nothing here shows that a model was trained on the answers.",
            },
        },
        "otherwise": [
            "The accounts belong to one customer who did not declare it: ask for the common owner.",
            "They use one published tool or prompt: look for it, and for other customers who use it.",
            "The users of one application share its developer's key setup: ask whether people read the answers.",
        ],
        "next_steps": [
            "Ask for verification of the members; note the answer and let it reverse what follows.",
            "Pace or limit the sub-stream, in shadow first, with an expiry.",
            "Suspend only after review of the samples and of the appeal.",
        ],
    }
    return entry | changes


def grading_campaign(**changes: Any) -> Json:
    rng = Random(5)
    entry = reasoning_campaign()
    days = [
        {
            "at": f"{START + timedelta(days=d):%Y-%m-%dT%H:%M:%SZ}",
            "calls": rng.randrange(20, 190),
            "accounts": rng.randrange(4, 12),
        }
        for d in range(58)
    ]
    entry |= {
        "campaign": GRADING,
        "accounts": 23,
        "entities": 21,
        "organizations": 2,
        "calls": 5_310,
        "exchanges": 5_310,
        "output_tokens": 640_200,
        "first_call_at": "2026-03-03T00:00:00Z",
        "last_call_at": "2026-04-29T22:10:00Z",
        "strength_bits": 4.1,
        "coordination": {
            "bits": 4.1,
            "prior_bits": -8.0,
            "evidence": {
                "content": part(
                    6.5,
                    (
                        "shared_content",
                        8.5,
                        "21 accounts that claim to be strangers send one template of at least 17 words; 40 others do.",
                    ),
                    (
                        "own_topics",
                        -2.0,
                        "Accounts stay with topics of their own (2.4 times more alike inside an account than between).",
                    ),
                ),
                "network": part(
                    -0.6,
                    (
                        "shared_network",
                        -0.6,
                        "Averaged over the accounts it speaks against one operator (-0.6 bits), whatever some share.",
                    ),
                ),
                "identity": part(
                    6.2,
                    (
                        "shared_identity",
                        6.2,
                        agree("the hours in which they were created", 14, 1),
                    ),
                ),
            },
        },
        "distillation": {
            "bits": 4.3,
            "prior_bits": -4.0,
            "evidence": {
                "content": part(
                    5.8,
                    ("wording", 3.8, "The wording asks for what training data is made of."),
                    ("new_items", 2.0, "91% of the items are sent once only: harvest does not repeat itself."),
                ),
                "economy": part(
                    2.5,
                    ("follow_ups", 1.5, "2% of the calls continue a conversation."),
                    ("volume", 1.0, "5,310 calls in all."),
                ),
            },
        },
        "false_alarm_rate": 0.0348,
        "false_alarm_says": (
            "About 0.035 groups this strong are expected per scan of composed innocent traffic of this size."
        ),
        "objective": "grading",
        "objectives": {"grading": 0.97},
        "observables": [
            observable("sign_up", "identity", SIGN_UP, None, 14, 1, 6.2),
            observable("model", "economy", MODEL, "frontier-large-2026-01", 23, 2_329, 0.1),
        ],
        "substreams": [
            {
                "skeleton": None,
                "kind": "use",
                "use": "grading",
                "words": 0,
                "calls": 5_310,
                "accounts": 23,
                "cues": ["grading", "json container"],
                "hours": [
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    40,
                    200,
                    610,
                    720,
                    650,
                    400,
                    520,
                    640,
                    580,
                    470,
                    280,
                    130,
                    50,
                    20,
                    0,
                    0,
                    0,
                    0,
                ],
            }
        ],
        "share": {"mean": 0.46, "low": 0.31, "high": 0.61},
        "timeline": days,
        "verification": {"research": 6, "none": 17},
        "next_steps": [
            "Ask for verification of the members; note the answer and let it reverse what follows.",
            "Only 46% of the members' traffic is the campaign's: act on the sub-stream, not on the accounts.",
            "Pace or limit the sub-stream, in shadow first, with an expiry.",
            "Suspend only after review of the samples and of the appeal.",
        ],
    }
    return entry | changes


def tenant(**changes: Any) -> Json:
    entry: Json = {
        "organization": "Northwind Analytics",
        "accounts": 3,
        "account_names": ["northwind-batch-1", "northwind-batch-2", "northwind-ci"],
        "calls": 210_400,
        "harvest_calls": 188_020,
        "output_tokens": 410_000_000,
        "first_call_at": "2026-03-03T01:00:00Z",
        "last_call_at": "2026-04-29T23:00:00Z",
        "verification": {"kyc": 3},
        "says": "One declared tenant does what looks like the making of training data. That is not a campaign.",
    }
    return entry | changes


def operator(**changes: Any) -> Json:
    entry: Json = {
        "operator": "O-51c0ffee51c0",
        "accounts": 118,
        "account_names": [f"relay-{n:03d}" for n in range(118)],
        "entities": 118,
        "organizations": 0,
        "calls": 38_412,
        "output_tokens": 9_900_000,
        "first_call_at": "2026-03-09T00:12:00Z",
        "last_call_at": "2026-03-16T23:59:00Z",
        "coordination": {"bits": 21.3, "prior_bits": -8.0, "evidence": {}},
        "distillation_bits": -7.4,
        "why_no_campaign": [
            "71% of the calls continue a conversation.",
            "100% of the calls offer tools, as agents do.",
        ],
        "observables": [
            {"signal": "address", "family": "network", "observable": "01" * 8, "holders": 31, "bits": 8.1},
            {"signal": "address", "family": "network", "observable": "02" * 8, "holders": 29, "bits": 8.0},
            {"signal": "payment", "family": "identity", "observable": "03" * 8, "holders": 24, "bits": 9.9},
        ],
        "verification": {"none": 118},
        "says": "One operator behind many names, whose use is not like extraction. No campaign.",
    }
    return entry | changes


def scan(**changes: Any) -> Json:
    entry: Json = {
        "version": "0.1.0",
        "calls": 2_418_377,
        "accounts": 9_412,
        "first_call_at": "2026-03-03T00:00:01Z",
        "last_call_at": "2026-04-29T23:59:58Z",
        "inputs": 58,
        "rejects": [
            {
                "kind": "no account",
                "count": 212,
                "first": "logs/2026-03-09.jsonl:1881: account is missing",
                "warning": False,
            },
            {
                "kind": "odd clock",
                "count": 3,
                "first": "logs/2026-03-11.jsonl:4: started_at is 1970-01-01",
                "warning": True,
            },
        ],
        "signals": [
            {"signal": "prefix", "family": "network", "sightings": 18_230, "skipped": None},
            {"signal": "parameters", "family": "economy", "sightings": 9_412, "skipped": None},
            {"signal": "payment", "family": "identity", "sightings": 0, "skipped": "no accounts table"},
            {"signal": "tls_fingerprint", "family": "network", "sightings": 12_012, "skipped": None},
        ],
        "settings": {"min_strength_bits": 3.0, "without": [], "signals": {}},
        "candidates": [9.4, 4.1, 2.2, -0.7],
        "limits": [
            "Transcripts bought elsewhere never touch this API and cannot be seen here.",
            "A strength says how two questions were answered, not who the operator is.",
            "Fewer than five accounts, or accounts of one declared owner, are never called a campaign.",
        ],
        "calibration": {
            "scans": 200,
            "says": "False-alarm rates are counted over 200 composed scans of innocent traffic with hard negatives.",
        },
    }
    return entry | changes


TUTOR = (
    "You are an expert tutor. Think step by step and write out your whole inner reasoning "
    "between <think> and </think> before the answer."
)
SAMPLES = {
    REASONING: [
        f"{TUTOR}\nProblem: ▒▒▒▒▒▒ ▒▒▒ ▒▒▒▒ of ▒▒ ▒▒▒▒▒▒▒, ▒▒▒▒ ▒▒ the ▒▒▒▒▒?\nLeave nothing out.",
        f"{TUTOR}\nProblem: ▒ ▒▒▒▒▒ leaves ▒▒▒▒▒▒▒▒ at ▒▒:▒▒ …\nLeave nothing out.",
    ],
    GRADING: [
        "Score the answer from 1 to 10 by this rubric; reply with JSON only.\nQuestion: ▒▒▒▒▒▒▒▒▒\nAnswer: ▒▒▒▒▒▒▒"
    ],
}


def member_rows(campaign: str, number: int, *, share: float, rng: Random) -> list[Json]:
    rows = []
    for i in range(number):
        calls = rng.randrange(200, 700)
        mine = round(calls * min(1.0, max(0.02, rng.gauss(share, 0.15))))
        rows.append(
            {
                "account": f"key-{campaign[2:5]}-{i:04d}",
                "campaign": campaign,
                "match_weight": round(rng.uniform(2, 16), 3),
                "calls": calls,
                "first_call_at": START + timedelta(minutes=37 * i),
                "last_call_at": START + timedelta(days=13, minutes=7 * i),
                "campaign_calls": mine,
                "share": mine / calls,
                "share_low": max(0.0, mine / calls - 0.04),
                "share_high": min(1.0, mine / calls + 0.04),
            }
        )
    return rows


def edges() -> list[Json]:
    rng = Random(6)
    rows = []
    chances = [
        ("shared_template", "content", TEMPLATES[0], 1.0),
        ("shared_template", "content", TEMPLATES[1], 0.83),
        ("prefix", "network", NETWORK, 0.68),
    ]
    chances += [
        ("tls_fingerprint", "network", CLIENT, 0.92),
        ("parameters", "economy", CEILING, 0.98),
        ("model", "economy", MODEL, 1.0),
        ("start_day", "timing", FIRST_DAY, 0.62),
    ]
    for account in range(142):
        for signal, family, key, chance in chances:
            if rng.random() < chance:
                rows.append(
                    {
                        "account": f"account-{account}",
                        "signal": signal,
                        "family": family,
                        "observable": signed(key),
                        "calls": 5,
                    }
                )
    return rows


def signed(key: str) -> int:
    value = int(key, 16)
    return value - 2**64 if value >= 2**63 else value


def write_folder(
    folder: Path,
    *,
    campaigns: list[Json] | None = None,
    tenants: list[Json] | None = None,
    operators: list[Json] | None = None,
    summary: Json | None = None,
    members: list[Json] | None = None,
    sightings: list[Json] | None = None,
) -> Path:
    """Write a folder with two campaigns, an operator and a tenant, or what is given instead."""
    rng = Random(7)
    parts = {
        "campaigns": [reasoning_campaign(), grading_campaign()] if campaigns is None else campaigns,
        "tenants": [tenant()] if tenants is None else tenants,
        "operators": [operator()] if operators is None else operators,
        "scan": scan() if summary is None else summary,
    }
    for name, data in parts.items():
        (folder / f"{name}.json").write_text(json.dumps(data), encoding="utf-8")
    if members is None:
        members = member_rows(REASONING, 142, share=0.91, rng=rng) + member_rows(GRADING, 23, share=0.46, rng=rng)
    pq.write_table(pa.Table.from_pylist(members, schema=MEMBERS.schema), folder / "members.parquet")
    pq.write_table(
        pa.Table.from_pylist(edges() if sightings is None else sightings, schema=SIGHTINGS.schema),
        folder / "sightings.parquet",
    )
    return folder
