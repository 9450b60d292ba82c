from __future__ import annotations

from limits_bench import Books, tokens
from stillwatch.gateway.limits.hold import BLOCK
from stillwatch.gateway.nouns import Unit


def test_within_the_hold_the_ledger_is_not_asked() -> None:
    books = Books([tokens()])
    held = books.admitted()
    before = books.budget().level
    held.capture(1024 - BLOCK)
    assert books.budget().level == before


def test_a_small_hold_is_topped_up_by_half_of_itself() -> None:
    assert Books([tokens()]).admitted(hold=100.0).block == 50
    assert Books([tokens(per_minute=60_000)]).admitted(hold=4096.0).block == BLOCK


def test_a_relay_that_does_not_ask_again_pauses_longer_each_time() -> None:
    books = Books([tokens()])
    held = books.admitted()
    books.budget().level = 1024
    held.capture(1024.0)
    pauses = [held.capture(20.0) for _ in range(3)]
    assert 0 < pauses[0] < pauses[1] < pauses[2]


def test_headroom_is_the_account_s() -> None:
    books = Books([tokens()])
    held = books.admitted()
    assert held.headroom()[Unit.OUTPUT_TOKENS].remaining == 6000 - 1024
