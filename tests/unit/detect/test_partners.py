"""What partners say of a group: a little more, never enough alone, and nothing of what they are silent on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from planted import HARVEST, campaign, crowd, member_keys, table_of
from stillwatch.detect.answers import Answer, Finding, strength
from stillwatch.detect.find import Findings, find_candidates
from stillwatch.detect.partners import MAX_PARTNER_BITS, Seen, Watched, find_watched, with_partner_evidence
from stillwatch.detect.signal import find_signals
from stillwatch.records import Family
from stillwatch.store.engine import Engine

NETWORK = 6
"""The prefix that the planted campaign's calls come from."""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with Engine(tmp_path_factory.mktemp("engine"), threads=1, memory_gib=1) as made:
        yield made


ROWS = crowd() + campaign()


@pytest.fixture(scope="module")
def findings(engine: Engine) -> Findings:
    return find_candidates(engine, engine.lazy(table_of(ROWS)), accounts=None, signals=find_signals())


def see(engine: Engine, *watched: Watched, rows: Sequence[dict[str, Any]] = ROWS, accounts: Any = None) -> Seen:
    return find_watched(engine, engine.lazy(table_of(list(rows))), accounts, watched)


def test_sees_who_has_a_watched_value_with_the_best_confidence(engine: Engine) -> None:
    seen = see(engine, Watched("prefix", NETWORK, 0.4), Watched("user_agent", 99, 0.7), Watched("asn", 5, 1.0))
    assert seen.account.tolist() == sorted(member_keys())
    assert set(seen.confidence.tolist()) == {0.7}
    assert seen.of(np.array([1, member_keys()[0]])).tolist() == [0.0, 0.7]


def test_a_wording_is_met_by_calls_that_have_all_its_cues(engine: Engine) -> None:
    one, two = HARVEST & -HARVEST, HARVEST
    assert len(see(engine, Watched("cues", one, 0.5)).account) == 12
    assert len(see(engine, Watched("cues", two, 0.5)).account) == 12
    assert len(see(engine, Watched("cues", two | 1 << 40, 0.5)).account) == 0
    assert len(see(engine, Watched("cues", 0, 0.5)).account) == 0


def test_looks_into_the_accounts_table_too(engine: Engine) -> None:
    table = pa.table({"account": [7, 8, 9], "created_hour": [1, 2, 3], "email_domain": [4, 4, 5]})
    assert see(engine, Watched("email_domain", 4, 0.5), accounts=table).account.tolist() == [7, 8]


def test_raises_the_first_answer_by_little_and_leaves_the_false_alarm_rate_alone(
    engine: Engine, findings: Findings
) -> None:
    before = findings.candidates[0]
    after = with_partner_evidence(findings, see(engine, Watched("prefix", NETWORK, 0.8))).candidates[0]
    gained = after.coordination.bits - before.coordination.bits
    assert 0 < gained <= MAX_PARTNER_BITS * 0.8 + 1e-9
    assert after.coordination.family_bits(Family.PARTNERS) == pytest.approx(gained)
    assert after.own_strength == before.strength
    assert after.distillation == before.distillation


def test_less_confidence_says_less(engine: Engine, findings: Findings) -> None:
    def gained(confidence: float) -> float:
        seen = see(engine, Watched("prefix", NETWORK, confidence))
        return with_partner_evidence(findings, seen).candidates[0].coordination.family_bits(Family.PARTNERS)

    assert gained(0.1) < gained(0.5) < gained(0.9)


def test_what_everybody_has_says_nothing(findings: Findings) -> None:
    everybody = Seen(findings.population.account, np.ones(len(findings.population.account)))
    assert with_partner_evidence(findings, everybody) == findings or (
        with_partner_evidence(findings, everybody).candidates == findings.candidates
    )


def test_silence_is_no_evidence(engine: Engine, findings: Findings) -> None:
    nothing = with_partner_evidence(findings, see(engine, Watched("prefix", 123456, 1.0)))
    assert [c.coordination for c in nothing.candidates] == [c.coordination for c in findings.candidates]


def test_partners_alone_make_no_group(engine: Engine) -> None:
    innocent = crowd()
    lazy = engine.lazy(table_of(innocent))
    found = find_candidates(engine, lazy, accounts=None, signals=find_signals())
    seen = find_watched(engine, lazy, None, [Watched("user_agent", n, 1.0) for n in range(5)])
    assert len(seen.account) > 100
    assert [c.strength for c in with_partner_evidence(found, seen).candidates if c.strength >= 0] == []


def test_partners_are_never_one_of_the_two_families() -> None:
    content = Finding("shared_content", Family.CONTENT, 12.0, "x")
    partners = Finding("shared_by_partners", Family.PARTNERS, 12.0, "x")
    network = Finding("shared_network", Family.NETWORK, 1.0, "x")
    sure = Answer(0.0, (Finding("wording", Family.CONTENT, 9.0, "x"),))
    assert strength(Answer(0.0, (content, partners)), sure) == -1.0
    assert strength(Answer(0.0, (partners,)), sure) == -1.0
    assert strength(Answer(0.0, (content, network)), sure) == 9.0
    assert Answer(-8.0, (content, partners)).own == Answer(-8.0, (content,))


def test_the_strongest_come_first_and_keep_their_numbers(tmp_path: Path, findings: Findings) -> None:
    assert tmp_path
    seen = Seen(np.array(sorted(member_keys()), np.int64), np.ones(12))
    made = with_partner_evidence(findings, seen)
    assert [c.strength for c in made.candidates] == sorted((c.strength for c in made.candidates), reverse=True)
    assert sorted(made.order) == sorted(findings.order)
