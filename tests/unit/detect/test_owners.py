import pyarrow as pa
import pytest

from stillwatch.detect.owners import with_openly_owned


def owners(rows: list[tuple[int | None, int | None, int | None]]) -> list[int | None]:
    """Return the organizations of accounts, from (organization, payment, domain)."""
    organization, payment, domain = (pa.array(column, pa.int64()) for column in zip(*rows, strict=True))
    table = pa.table({"organization": organization, "payment_fingerprint": payment, "email_domain": domain})
    made: list[int | None] = with_openly_owned(table)["organization"].to_pylist()
    return made


@pytest.mark.parametrize(
    ("account", "owner"), [((None, 5, 6), 1), ((None, 5, 7), None), ((None, 4, 6), None), ((None, 5, None), None)]
)
def test_who_has_a_declared_owner_s_card_and_domain_is_that_owner(
    account: tuple[int | None, int | None, int | None], owner: int | None
) -> None:
    assert owners([(1, 5, 6), account]) == [1, owner]


def test_papers_of_two_owners_name_neither() -> None:
    assert owners([(1, 5, 6), (2, 5, 6), (None, 5, 6)]) == [1, 2, None]


def test_declared_owners_stay_and_without_any_nobody_is_owned() -> None:
    assert owners([(1, 5, 6), (1, 8, 6), (3, 5, 9)]) == [1, 1, 3]
    assert owners([(None, 5, 6), (None, 5, 6)]) == [None, None]
