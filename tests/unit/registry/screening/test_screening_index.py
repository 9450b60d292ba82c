"""The index in memory."""

from __future__ import annotations

from screenings import ALL, FERN, GOSARI, LUNAR
from stillwatch.registry.nouns import Entity, Kind
from stillwatch.registry.screening.index import MOST, NameIndex, all_names, pieces


def test_every_party_is_found_by_each_of_its_names() -> None:
    index = NameIndex(ALL)
    for number, entity in enumerate(ALL):
        for name in all_names(entity):
            assert number in index.candidates([name]), name


def test_spellings_of_other_scripts_and_slips_lead_there_too() -> None:
    index = NameIndex(ALL)
    for name, entity in (
        ("Yujue Model Works", FERN),
        ("Lunnyy Paporotnik", LUNAR),
        ("Qillfern Modl Wrks", FERN),
        ("가상고사리", GOSARI),
    ):
        assert ALL.index(entity) == index.candidates([name])[0], name


def test_what_shares_nothing_leads_nowhere_and_many_are_cut() -> None:
    index = NameIndex([Entity(Kind.COMPANY, f"Fernwood {n:04d}") for n in range(40)])
    assert index.candidates(["Xyzzy"]) == []
    assert len(index.candidates(["Fernwood"])) == MOST
    assert NameIndex([]).candidates(["Fern"]) == []


def test_a_name_without_letters_has_no_pieces_of_its_own() -> None:
    assert "w:fern" in pieces("Fern")
    assert pieces("!!!") == {"g:^$"} or not pieces("!!!") - {"g:^$"}
