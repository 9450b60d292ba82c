"""One customer against one party: features, points, reasons."""

from __future__ import annotations

from dataclasses import replace

import pytest

from screenings import FERN, LEI, LUNAR, OTHER_LEI, PERSON, USCC, listed
from stillwatch.registry.nouns import Entity
from stillwatch.registry.screening.customers import Customer
from stillwatch.registry.screening.match import ALONE, NAME_ONLY, Hit, match


def hit(customer: Customer, entity: Entity) -> Hit:
    found = match(customer, listed(entity)[0])
    assert found is not None
    return found


def features(found: Hit) -> set[str]:
    return {reason.feature for reason in found.reasons}


def test_a_name_alone_is_never_certain() -> None:
    found = hit(Customer("c", "Quillfern Model Works Ltd"), FERN)
    assert (found.score, found.level) == (NAME_ONLY, "strong")


@pytest.mark.parametrize(
    ("more", "feature"),
    [
        ({"lei": LEI}, "LEI"),
        ({"lei": f" {LEI.lower()} "}, "LEI"),
        ({"registration_number": "hrb-4711", "country": "ZZ"}, "registration number"),
        ({"domains": ("www.quillfern.example",)}, "domain"),
        ({"email_domain": "mail.quillfern.example"}, "domain"),
    ],
)
def test_a_number_or_domain_is_found_under_any_name(more: dict[str, str], feature: str) -> None:
    found = hit(Customer("c", "Another Name Altogether GmbH", **more), FERN)
    assert feature in features(found)
    assert found.level == "strong"


def test_a_uscc_counts_only_with_a_right_check_character() -> None:
    assert "USCC" in features(hit(Customer("c", "羽蕨", uscc=USCC), LUNAR))
    wrong = USCC[:-1] + "4"
    assert match(Customer("c", "羽蕨", uscc=wrong), listed(replace(LUNAR, uscc=wrong))[0]) is None


def test_a_number_of_another_country_is_another_number() -> None:
    assert match(Customer("c", "Other GmbH", registration_number="HRB 4711", country="yy"), listed(FERN)[0]) is None


def test_a_weak_name_alone_stays_below_review_and_says_what_it_lacks() -> None:
    found = hit(Customer("c", "Quillfern"), FERN)
    assert (found.score, found.level) == (ALONE, "weak")
    assert any("second attribute" in reason.words for reason in found.reasons)
    sound = hit(Customer("c", "Yu Mingyuan"), PERSON)
    assert sound.level == "weak"


def test_a_weak_name_with_a_second_attribute_is_reviewed() -> None:
    found = hit(Customer("c", "Quillfern", city="PORT SEDGE"), FERN)
    assert found.level == "strong"
    assert "city" in features(found)
    assert hit(Customer("c", "Yu Mingyuan", city="Port Sedge"), PERSON).level == "strong"


def test_the_country_alone_is_no_second_attribute() -> None:
    assert hit(Customer("c", "Quillfern", country="zz"), FERN).level == "weak"


def test_another_number_or_country_speaks_against() -> None:
    firm = Customer("c", "Quillfern Model Works Ltd", lei=OTHER_LEI, country="yy")
    assert match(firm, listed(FERN)[0]) is None
    abroad = hit(Customer("c", "Quillfern Model Works Ltd", country="yy"), FERN)
    assert "other country" in features(abroad)
    assert abroad.score < NAME_ONLY


def test_owners_and_aliases_are_looked_at_too() -> None:
    assert "owner" in features(hit(Customer("c", "Shell GmbH", owners=("Quillfern Model Works",)), FERN))
    assert "alias" in features(hit(Customer("c", "Shell GmbH", aliases=("羽蕨模型工坊",)), FERN))


def test_a_hit_is_plain_json_without_fractions() -> None:
    said = hit(Customer("c", "Quillfern Model Works Ltd"), FERN).to_json()
    assert said["score"] == 970
    assert said["reasons"][0]["points"] == 970
