"""Which addresses an upstream may have, and whose address a call comes from."""

from __future__ import annotations

import asyncio

import pytest

from stillwatch.errors import SettingsError
from stillwatch.gateway.addresses import client_address, is_public, read_networks, resolve

PROXIES = read_networks(["10.0.0.0/8", "2001:db8::/32"])


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "172.16.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.1",
            "224.0.0.1",
        ),
        *(
            "::1",
            "fe80::1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "2002:7f00:1::",
            "64:ff9b:1::1",
            "64:ff9b::7f00:1",
            "::",
            "ff02::1",
        ),
    ],
)
def test_addresses_that_are_not_the_public_internets_are_told(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_are_told(address: str) -> None:
    assert is_public(address)


def test_a_name_with_private_addresses_only_is_not_connected_to() -> None:
    with pytest.raises(OSError, match="allow_private"):
        asyncio.run(resolve("localhost", 80, allow_private=False))
    assert asyncio.run(resolve("127.0.0.1", 80, allow_private=True)) == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("10.0.0.1", b"6.6.6.6, 7.7.7.7", "7.7.7.7"),
        ("10.0.0.1", b"6.6.6.6, 7.7.7.7, 10.2.2.2", "7.7.7.7"),
        ("9.9.9.9", b"6.6.6.6", "9.9.9.9"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", b"6.6.6.6, unknown", "10.0.0.1"),
        ("10.0.0.1", b"10.3.3.3", "10.0.0.1"),
        ("10.0.0.1", b"", "10.0.0.1"),
        ("2001:db8::1", b"2606:4700::1", "2606:4700::1"),
    ],
)
def test_only_a_trusted_proxy_is_believed_and_only_the_last_stranger_counts(
    peer: str, forwarded: bytes | None, address: str
) -> None:
    assert client_address(peer, forwarded, PROXIES) == address


def test_without_trusted_proxies_the_connection_counts() -> None:
    assert client_address("10.0.0.1", b"6.6.6.6", ()) == "10.0.0.1"


def test_a_network_that_is_none_is_told() -> None:
    with pytest.raises(SettingsError, match="trust_forwarded_from"):
        read_networks(["everyone"])
