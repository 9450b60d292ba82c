"""Changes as the log holds them."""

from __future__ import annotations

import json

import pytest

from registers import CHANGES
from stillwatch.errors import RegistryError
from stillwatch.registry.changes import KINDS, Signed, Withdraw, read_signed
from stillwatch.registry.statuses import Step


def test_there_is_one_change_for_each_step() -> None:
    assert set(KINDS) == set(Step) == set(CHANGES)


def test_a_change_is_canonical_json_with_who_and_when() -> None:
    assert Signed(7, "me", Withdraw("Wrong.")).text() == '{"at":7,"by":"me","reasons":"Wrong.","step":"withdraw"}'


def test_a_text_that_is_no_text_is_refused() -> None:
    with pytest.raises(RegistryError, match="surrogate"):
        Signed(7, "me", Withdraw("\ud800")).text()


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"at": 1, "by": "me", "step": "vanish"},
        {"at": True, "by": "me", "step": "expire"},
        {"at": 1, "by": 2, "step": "expire"},
        {"at": 1, "by": "me", "step": "withdraw"},
    ],
)
def test_what_is_no_change_is_refused(said: dict[str, object]) -> None:
    with pytest.raises(RegistryError, match="leaf 4"):
        read_signed(json.dumps(said, separators=(",", ":"), sort_keys=True), where="leaf 4")


def test_two_spellings_of_a_change_are_one_too_many() -> None:
    with pytest.raises(RegistryError, match="canonical"):
        read_signed('{"at": 1, "by": "me", "step": "expire"}', where="leaf 4")
