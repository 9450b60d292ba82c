"""The page of a policy replay."""

from __future__ import annotations

from typing import Any

from stillwatch.report.replay import render_replay, replay_page

NONE = {
    "accounts": 0, "calls": 0, "input_tokens": 0, "output_tokens": 0, "revenue": 0.0,
    "withheld_tokens": 0.0, "forgone": 0.0, "slower_seconds": 0.0, "spared": 0,
}  # fmt: skip
SOME = NONE | {"accounts": 3, "calls": 70, "output_tokens": 1234, "withheld_tokens": 600.0, "revenue": 9.0, "spared": 2}
RULE = {"rule": "cap", "action": "cap_n", "amount": 1.0, "mode": "shadow", "reason": "r", "campaigns": SOME}
SUMMARY: dict[str, Any] = {
    "rules_version": "abc",
    "priced": False,
    "first_call_at": "2026-07-01T00:00:00Z",
    "last_call_at": "2026-07-03T00:00:00Z",
    "all": {"campaigns": SOME, "innocents": SOME},
    "touched": {"campaigns": SOME, "innocents": NONE},
    "by_rule": [RULE | {"innocents": NONE}],
    "by_action": [{"action": "cap_n", "campaigns": SOME, "innocents": NONE}],
    "by_verification": [{"verification": "none", "all": SOME, "campaigns": SOME, "innocents": NONE}],
    "innocents": [],
    "notes": ["Mind this."],
    "rejects": [],
}


def test_the_verdict_says_who_is_touched() -> None:
    assert replay_page(SUMMARY).verdict == "These rules would have touched 3 accounts, all of them in campaigns."
    both = SUMMARY | {"touched": {"campaigns": SOME, "innocents": SOME}}
    assert "3 accounts of campaigns, and 3 accounts in none" in replay_page(both).verdict
    nobody = SUMMARY | {"touched": {"campaigns": NONE, "innocents": NONE}}
    assert replay_page(nobody).verdict == "These rules would have touched nobody."


def test_revenue_is_not_shown_without_prices() -> None:
    assert "Revenue" not in render_replay(SUMMARY)
    assert "Revenue" in render_replay(SUMMARY | {"priced": True})


def test_a_rule_says_what_it_does_and_what_was_spared() -> None:
    (line,) = replay_page(SUMMARY).rules
    assert (line.says, line.note) == (
        "At most 1 samples a call; shadow in the file",
        "spared by an allow rule: 2 calls",
    )


def test_hostile_names_are_escaped() -> None:
    row = {
        "account": "<script>alert(1)</script>", "campaign": None, "verification": "none", "rules": ["<b>"],
        "all_calls": 2, "calls": 1, "withheld_tokens": 0.0, "forgone": 0.0,
    }  # fmt: skip
    page = render_replay(SUMMARY | {"innocents": [row], "by_rule": [RULE | {"rule": "<i>", "innocents": SOME}]})
    assert "<script>alert" not in page
    assert "<i>" not in page
    assert "<b>" not in page


def test_the_same_summary_gives_the_same_page() -> None:
    assert render_replay(SUMMARY) == render_replay(SUMMARY)
