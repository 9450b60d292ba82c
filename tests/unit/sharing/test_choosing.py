"""What leaves of a campaign, and what stays."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sharing_world import GROUP, NOW, OBSERVABLES, SECRETS, campaign, observable
from stillwatch.errors import ReportError
from stillwatch.sharing.choosing import MAX_CONFIDENCE, choose, two_digits
from stillwatch.sharing.nouns import Kind, SharedCampaign


def chosen(*observables: dict[str, Any], key: Any = GROUP, **changed: Any) -> SharedCampaign:
    return choose(campaign(observables=list(observables), **changed), group_key=key, now=NOW)


def test_infrastructure_and_wording_leave_as_what_they_are() -> None:
    one = choose(campaign(), group_key=None, now=NOW)
    assert {(i.kind, i.value) for i in one.indicators} == {
        (Kind.NETWORK, "198.51.100.0/24"),
        (Kind.ASN, "64501"),
        (Kind.USER_AGENT, "harvester/1.4 (linux)"),
        (Kind.TLS_FINGERPRINT, "t13d8e9ch2_f4b3a4969c96_40a073bb0a20"),
        (Kind.EMAIL_DOMAIN, "mail-616b2b.example"),
        (Kind.WORDING, "externalised,reasoning"),
    }


def test_cards_and_devices_leave_only_hashed_under_a_group_key() -> None:
    one = chosen(*OBSERVABLES)
    keyed = {i.kind: i for i in one.indicators if i.key_id}
    assert set(keyed) == {Kind.PAYMENT, Kind.DEVICE}
    assert keyed[Kind.PAYMENT].value == GROUP.hash(Kind.PAYMENT, "pm_secret_card")
    assert keyed[Kind.DEVICE].key_id == GROUP.id


def test_nothing_that_could_name_somebody_is_in_what_leaves() -> None:
    one = chosen(*OBSERVABLES)
    said = repr({**asdict(one), "withheld": ()})
    assert not [secret for secret in SECRETS if secret in said]


def test_counts_are_rounded_and_times_are_days() -> None:
    one = chosen(*OBSERVABLES)
    assert (one.accounts, one.exchanges) == (1200, 61000)
    assert (one.first_seen, one.last_seen) == (datetime(2026, 6, 17, tzinfo=UTC), datetime(2026, 6, 27, tzinfo=UTC))
    assert [two_digits(n) for n in (0, 7, 99, 101, 149, 999)] == [0, 7, 99, 100, 150, 1000]


def test_every_indicator_ends_and_an_old_one_stays() -> None:
    one = chosen(*OBSERVABLES)
    assert all(i.valid_until > NOW for i in one.indicators)
    later = choose(campaign(), group_key=GROUP, now=NOW + timedelta(days=20))
    assert Kind.NETWORK not in {i.kind for i in later.indicators}
    assert "its time to look for it is over" in {w.why for w in later.withheld}


@pytest.mark.parametrize(
    ("signal", "label", "why"),
    [
        ("prefix", "198.51.100.7/32", "narrower"),
        ("prefix", "192.168.4.0/24", "own site"),
        ("prefix", "2001:db8::/64", "narrower"),
        ("prefix", "somewhere", "not a network"),
        ("asn", "AS64501", "not a number"),
        ("user_agent", "client of jane.doe@host.example", "name or number"),
        ("user_agent", "app/1.0 id 0123456789abcdef0123", "name or number"),
        ("tls_fingerprint", "abc", "not a JA4"),
        ("email_domain", "jane.doe@host.example", "not a domain"),
        ("address", "203.0.113.77", "could lead to a person"),
        ("model", "atlas", "our business"),
        ("somebodys_plug_in", "x", "not among what may leave"),
        ("user_agent", None, "does not hold its value"),
    ],
)
def test_what_could_lead_to_a_person_or_says_nothing_elsewhere_stays(signal: str, label: str | None, why: str) -> None:
    one = chosen(observable(signal, label))
    assert one.indicators == ()
    assert any(why in w.why for w in one.withheld if w.what == signal)


def test_what_fewer_than_five_accounts_had_stays() -> None:
    assert chosen(observable("asn", "64501", holders=4)).indicators == ()
    assert len(chosen(observable("asn", "64501", holders=5)).indicators) == 1


def test_a_mail_provider_that_others_use_as_well_stays() -> None:
    assert chosen(observable("email_domain", "mail.example", holders=9, elsewhere=9)).indicators == ()


def test_confidence_grows_with_strength_and_with_the_share_of_holders_and_is_never_certain() -> None:
    weak = chosen(observable("asn", "64501"), strength_bits=1.0).indicators[0].confidence
    strong = chosen(observable("asn", "64501"), strength_bits=9.0).indicators[0].confidence
    common = chosen(observable("asn", "64501", elsewhere=75), strength_bits=9.0).indicators[0].confidence
    sure = chosen(observable("asn", "64501", elsewhere=0), strength_bits=30.0).indicators[0].confidence
    assert common < weak < strong <= sure == MAX_CONFIDENCE


@pytest.mark.parametrize("broken", [{"first_call_at": "once"}, {"accounts": None}, {"claims": 3}])
def test_an_entry_that_is_no_campaign_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(ReportError, match="not a campaign of a scan"):
        choose(campaign(**broken), group_key=None, now=NOW)
