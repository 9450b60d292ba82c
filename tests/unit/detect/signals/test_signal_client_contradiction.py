from __future__ import annotations

from hand_made_calls import Row, See, call

BROWSER, USUAL, SCRIPTED = 5, 50, 60


def crowd(accounts: int, tls: int, *, first: int = 100) -> list[Row]:
    return [call(first + i, user_agent=BROWSER, tls_fingerprint=tls) for i in range(accounts)]


def test_sees_a_fingerprint_that_hardly_any_bearer_of_the_user_agent_has(see: See) -> None:
    rows = [*crowd(30, USUAL), call(1, user_agent=BROWSER, tls_fingerprint=SCRIPTED)]
    assert see("client_contradiction", rows) == [(1, SCRIPTED, 1)]


def test_sees_none_where_a_fifth_of_the_bearers_has_it(see: See) -> None:
    assert see("client_contradiction", [*crowd(24, USUAL), *crowd(6, SCRIPTED, first=200)]) == []


def test_sees_none_where_too_few_show_the_user_agent_to_tell(see: See) -> None:
    assert see("client_contradiction", [*crowd(10, USUAL), *crowd(1, SCRIPTED, first=200)]) == []


def test_sees_none_where_either_is_unknown(see: See) -> None:
    rows = [*crowd(30, USUAL), call(1, user_agent=BROWSER), call(2, tls_fingerprint=SCRIPTED)]
    assert see("client_contradiction", rows) == []
