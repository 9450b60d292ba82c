from __future__ import annotations

from report_folder import reasoning_campaign, scan

from stillwatch.records import MEMBERS
from stillwatch.report import scan as told
from stillwatch.report.campaign import Campaign, campaign


def cautions(**changes: object) -> str:
    facts = scan(**changes)
    return " ".join(told.cautions(facts, [told.signal(s) for s in facts["signals"]]))


def entry(**changes: object) -> Campaign:
    table = MEMBERS.schema.empty_table()
    return campaign(reasoning_campaign(**changes), 1, table=table, sightings=None, samples=[], parameters={})


def test_skipped_signals_are_named_with_their_reason() -> None:
    assert cautions() == "Not looked at, because no accounts table: payment instrument."


def test_that_no_prompt_carries_a_blob_is_no_caution() -> None:
    blob = {"signal": "artefact", "family": "content", "sightings": 0, "skipped": "no call has a value for artefact"}
    assert not cautions(signals=[blob])
    assert cautions(signals=[{**blob, "signal": "system_prompt"}])


def test_families_left_out_are_named() -> None:
    assert "left out on request: network" in cautions(settings={"without": ["network"]})


def test_many_unreadable_rows_are_a_caution() -> None:
    lost = [{"kind": "no account", "count": 900, "first": "", "warning": False}]
    assert "47% of the rows could not be read" in cautions(calls=1_000, rejects=lost)


def test_rows_that_were_kept_are_not_lost() -> None:
    assert told.left_out({"rejects": [{"kind": "odd clock", "count": 9, "warning": True}]}) == 0


def test_a_small_calibration_is_a_caution() -> None:
    assert "nothing rarer than one in 2 can be claimed" in cautions(calibration={"scans": 1})


def test_what_stayed_below_is_told() -> None:
    assert told.weaker(scan(), 2) == "2 other groups were weighed and stayed below 3.0 bits; the strongest reached 2.2."
    some = told.weaker(scan(candidates_unquestioned=40), 2)
    assert some == (
        "42 other groups were weighed and stayed below 3.0 bits, 40 of them whatever the calls may show; "
        "the strongest of the rest reached 2.2."
    )
    none = told.weaker(scan(candidates=[], candidates_unquestioned=1), 0)
    assert none == "1 group was weighed and stayed below 3.0 bits, whatever the calls may show."


def test_verified_members_are_to_be_asked_first() -> None:
    harm = " ".join(entry(verification={"none": 9, "kyc": 2, "education": 1}).harm)
    assert "3 members are verified (2 kyc and 1 education)" in harm


def test_without_an_accounts_table_nobody_is_called_unverified() -> None:
    harm = " ".join(entry(verification={}).harm)
    assert "Who the members are is unknown" in harm
    assert "No member is verified" not in harm


def test_evidence_that_was_capped_says_so() -> None:
    content = entry().answers[0].evidence[0]
    assert content.capped == "+12.2 in all, counted as +10.0."


def test_an_answer_below_even_odds_is_a_no() -> None:
    assert entry(distillation={"bits": -2.0}).answers[1].verdict.startswith("No:")
