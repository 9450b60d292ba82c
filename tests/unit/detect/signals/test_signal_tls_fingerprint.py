from __future__ import annotations

from hand_made_calls import See, call


def test_sees_each_fingerprint_that_an_account_shows(see: See) -> None:
    rows = [
        call(1, tls_fingerprint=70),
        call(1, tls_fingerprint=70),
        call(1, tls_fingerprint=71),
        call(2, tls_fingerprint=70),
    ]
    assert see("tls_fingerprint", rows) == [(1, 70, 2), (1, 71, 1), (2, 70, 1)]


def test_sees_nothing_where_the_fingerprint_is_unknown(see: See) -> None:
    assert see("tls_fingerprint", [call(1, tls_fingerprint=None), call(2, tls_fingerprint=70)]) == [(2, 70, 1)]
