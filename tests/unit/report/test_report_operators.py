from report_folder import operator as entry

from stillwatch.report.operators import operator


def test_names_the_first_accounts_and_counts_the_others() -> None:
    told = operator(entry())
    assert told.names.startswith("relay-000, relay-001, ")
    assert told.names.endswith("relay-019 and 98 more")
    assert operator(entry(accounts=2, account_names=["a", "b"])).names == "a, b"


def test_says_what_they_share_by_kind_with_the_commonest_value() -> None:
    held = operator(entry()).held
    assert held == "client address (31 have the same) and payment instrument (24 have the same)"


def test_what_is_missing_is_unknown_and_no_accusation() -> None:
    told = operator({})
    assert (told.held, told.verification, told.names) == ("what is unknown", "unknown", "unknown")
    assert told.headline == "0 accounts, 0 calls"
    assert told.why == "Nothing asks for what training data is made of."


def test_odds_are_of_one_operator_only() -> None:
    assert operator(entry(coordination={"bits": 8.0})).odds == "260 to 1"
