from __future__ import annotations

from hand_made_calls import See, call


def test_sees_each_user_agent_that_an_account_shows(see: See) -> None:
    rows = [call(1, user_agent=70), call(1, user_agent=70), call(1, user_agent=71), call(2, user_agent=70)]
    assert see("user_agent", rows) == [(1, 70, 2), (1, 71, 1), (2, 70, 1)]


def test_sees_nothing_where_the_user_agent_is_unknown(see: See) -> None:
    assert see("user_agent", [call(1, user_agent=None), call(2, user_agent=70)]) == [(2, 70, 1)]
