"""Patterns, written and read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharing_world import parcel
from stillwatch.sharing.nouns import Indicator, Kind
from stillwatch.sharing.patterns import read_pattern, write_pattern

INDICATORS = parcel().campaigns[0].indicators


@pytest.mark.parametrize("one", INDICATORS, ids=lambda i: str(i.kind))
def test_what_was_written_is_read_back(one: Indicator) -> None:
    assert read_pattern(*write_pattern(one)) == (one.kind, one.value)


@pytest.mark.parametrize(
    ("pattern", "means"),
    [
        ("[ipv4-addr:value = '203.0.113.9']", (Kind.NETWORK, "203.0.113.0/24")),
        ("[ipv6-addr:value ISSUBSET '2001:db8:1:2::/64']", (Kind.NETWORK, "2001:db8:1::/48")),
        ("[domain-name:value='Mail.EXAMPLE']", (Kind.EMAIL_DOMAIN, "mail.example")),
        (
            "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'it\\'s']",
            (Kind.USER_AGENT, "it's"),
        ),
        ("[ipv4-addr:value ISSUBSET '0.0.0.0/0']", None),
        ("[ipv4-addr:value = '203.0.113.9'] OR [ipv4-addr:value = '203.0.113.10']", None),
        ("[ipv4-addr:value = '203.0.113.9' AND domain-name:value = 'a.example']", None),
        ("[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e']", None),
        ("[ipv4-addr:value = 'x']", None),
    ],
)
def test_reads_others_simple_patterns_and_guesses_at_nothing(pattern: str, means: tuple[Kind, str] | None) -> None:
    assert read_pattern("stix", pattern) == means


def test_reads_no_sigma_rule_of_another_product_or_with_more_than_one_field() -> None:
    ours = write_pattern(next(i for i in INDICATORS if i.kind is Kind.WORDING))[1]
    assert read_pattern("sigma", ours.replace("stillwatch", "windows")) is None
    assert read_pattern("sigma", ours.replace("  condition", "    tls_fingerprint: 'x'\n  condition")) is None
    assert read_pattern("yara", ours) is None


@given(st.sampled_from(["stix", "sigma", "pcre"]), st.text(max_size=300))
def test_any_text_is_read_or_not_and_never_fails(pattern_type: str, pattern: str) -> None:
    read_pattern(pattern_type, pattern)
