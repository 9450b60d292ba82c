"""What partners say, in rules: a condition like any other, and never one of the two families."""

from __future__ import annotations

import pytest

from stillwatch.gateway.conditions import When, evidence_checks
from stillwatch.gateway.nouns import Standing
from stillwatch.records import Family


def holds(when: When, **bits: float) -> bool:
    standing = Standing("C-1", 9.0, {Family(name): value for name, value in bits.items()}, 9.0, 1.0)
    return all(check(standing) for check in evidence_checks(when))


def test_a_rule_may_ask_for_what_partners_say() -> None:
    when = When(min_bits={Family.PARTNERS: 2.0})
    assert holds(when, content=5.0, network=3.0, partners=2.0)
    assert not holds(when, content=5.0, network=3.0, partners=1.0)
    assert not holds(when, content=5.0, network=3.0)


@pytest.mark.parametrize("own", [{}, {"content": 12.0}])
def test_partners_never_make_the_second_family(own: dict[str, float]) -> None:
    assert not holds(When(campaign=True), partners=12.0, **own)
    assert not holds(When(min_bits={Family.PARTNERS: 1.0}), partners=12.0, **own)
    assert holds(When(campaign=True), content=1.0, network=1.0)
