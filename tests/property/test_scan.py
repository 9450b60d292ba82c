"""Whatever the calls are, ``find_candidates`` answers, and the answer does not depend on the order of rows."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planted import ACCOUNT_STEP, START_HOUR, campaign, crowd, member_keys, table_of
from stillwatch.detect.describe import campaign_id
from stillwatch.detect.find import Findings, find_candidates
from stillwatch.detect.signal import find_signals
from stillwatch.records import Cue
from stillwatch.store.engine import Engine

LIGHT = settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
few = st.integers(0, 3)
maybe = st.none() | few
rows = st.fixed_dictionaries(
    {
        "account": st.integers(1, 40).map(lambda n: n * ACCOUNT_STEP),
        "hour": st.integers(START_HOUR, START_HOUR + 50) | st.sampled_from([0, 10**6, -5]),
        "cues": st.sampled_from([0, int(Cue.GRADING), int(Cue.EXTERNALISED | Cue.REASONING), 2**27 - 1]),
        "turns": few,
        "skeleton": maybe,
        "skeleton_words": st.integers(0, 300),
        "system": maybe,
        "system_words": st.integers(0, 300),
        "address": maybe,
        "prefix": maybe,
        "asn": maybe,
        "user_agent": maybe,
        "tls_fingerprint": maybe,
        "parameters": maybe,
        "item": maybe,
        "artefact": maybe,
        "topic_0": maybe,
        "tools": maybe,
        "ceiling": maybe,
        "input_tokens": st.none() | st.sampled_from([0, 1, 2**31 - 1]),
        "cached_input_tokens": st.none() | st.sampled_from([0, 5]),
        "output_tokens": st.none() | st.sampled_from([0, 1, 2**31 - 1]),
        "completed": st.booleans(),
        "refused_by_limit": st.booleans(),
    }
)


def find(calls: pa.Table, accounts: pa.Table | None = None) -> Findings:
    with tempfile.TemporaryDirectory() as folder, Engine(Path(folder)) as engine:
        return find_candidates(engine, engine.lazy(calls), accounts=accounts, signals=find_signals())


def account_table(keys: list[int], values: list[dict[str, int | None]]) -> pa.Table:
    names = ("organization", "created_hour", "payment_fingerprint", "email_domain", "device_fingerprint")
    columns: dict[str, Any] = {"account": pa.array(keys, pa.int64())}
    columns |= {name: pa.array([value.get(name) for value in values], pa.int64()) for name in names}
    return pa.table(columns)


papers = st.fixed_dictionaries(
    dict.fromkeys(("organization", "created_hour", "payment_fingerprint", "device_fingerprint"), maybe)
)


def said(findings: Findings) -> list[tuple[str, float, float]]:
    return [(campaign_id(c), c.coordination.bits, c.distillation.bits) for c in findings.candidates]


@LIGHT
@given(
    calls=st.lists(rows, max_size=300),
    planted=st.booleans(),
    known=st.none() | st.lists(papers, min_size=40, max_size=40),
)
def test_answers_whatever_the_calls_are(
    calls: list[dict[str, Any]], *, planted: bool, known: list[dict[str, int | None]] | None
) -> None:
    accounts = known and account_table([(n + 1) * ACCOUNT_STEP for n in range(40)], known)
    calls = calls + campaign(6, calls=5) if planted else calls
    findings = find(table_of(calls), accounts)
    assert int(findings.population.calls.sum()) == len(calls)
    taken = [account for c in findings.candidates for account in c.group.accounts]
    assert len(taken) == len(set(taken)), "an account is in two groups"
    for candidate in findings.candidates:
        assert np.isfinite(candidate.strength)
        assert candidate.entities <= len(candidate.group.accounts)
        assert set(candidate.group.accounts) <= set(findings.population.account)
        assert candidate.summary.calls == candidate.summary.account_calls.sum()


@settings(LIGHT, max_examples=3)
@given(seed=st.integers(0, 1_000))
def test_the_order_of_rows_changes_nothing(seed: int) -> None:
    table = table_of(crowd(seed=seed) + campaign(seed=seed + 1))
    order = pa.array(np.random.default_rng(seed).permutation(len(table)))
    known, again = said(find(table)), said(find(table.take(order)))
    assert known
    assert known == again


@settings(LIGHT, max_examples=4)
@given(shared=st.sampled_from(["address", "skeleton", "item", "user_agent"]), size=st.integers(1, 40))
def test_an_unrelated_newcomer_frees_nobody(shared: str, size: int) -> None:
    """One more person who happens to share one thing with the campaign does not hide it."""
    others = campaign()[0]
    newcomer = [
        {"account": 5 * 10**6 * ACCOUNT_STEP, "item": 5_000_000 + n, "address": 123, shared: others[shared]}
        for n in range(size)
    ]
    found = find(table_of(crowd() + campaign() + newcomer)).candidates
    assert set(member_keys()) <= set(found[0].group.accounts)
    assert found[0].strength > 3.0
