"""Customers against a list."""

from __future__ import annotations

import json

from screenings import FERN, LEI, LUNAR, listing
from stillwatch.evidence.canonical import parse_canonical
from stillwatch.registry.screening.customers import Customer
from stillwatch.registry.screening.screen import OUTCOMES, Screener, screening_event


def test_hits_are_ranked_and_the_strongest_is_the_outcome() -> None:
    screener = Screener(listing(FERN, LUNAR))
    found = screener.screen(Customer("c", "ООО Лунный папоротник", lei=LEI))  # noqa: RUF001 - Cyrillic on purpose
    assert [hit.entry for hit in found.hits] == ["R-1", "R-2"]
    assert found.outcome == "strong"
    assert screener.screen(Customer("c", "Nobody In Particular SA")).outcome == "clear"


def test_no_outcome_is_a_refusal() -> None:
    assert OUTCOMES == ("clear", "weak", "review", "strong")


def test_a_domain_is_found_by_any_name_below_it() -> None:
    screener = Screener(listing(FERN))
    assert screener.screen(Customer("c", "Xyzzy", domains=("a.b.quillfern.example",))).outcome == "strong"
    assert screener.screen(Customer("c", "Xyzzy", domains=("notquillfern.example",))).outcome == "clear"


def test_the_event_says_which_state_and_names_nobody() -> None:
    made = listing(FERN)
    found = list(Screener(made).screen_all([Customer("secret", "Quillfern Model Works"), Customer("b", "Nobody SA")]))
    record = screening_event(made, found).record()
    said = parse_canonical(record.entry)
    assert said["list"] == {"origin": "register.example", "size": 9, "root": made.state.root.hex()}
    assert (said["customers"], said["outcomes"]["strong"], said["outcomes"]["clear"]) == (2, 1, 1)
    assert b"secret" not in record.entry
    assert b"Quillfern" not in record.entry
    assert json.loads(str(record.private["note"]))[0]["customer"] == "secret"
