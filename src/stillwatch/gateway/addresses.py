"""Network addresses: which an upstream may have, and which a caller has."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from stillwatch.errors import SettingsError

Network = IPv4Network | IPv6Network

NAT64, LOCAL_NAT64 = IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48")
"""IPv4 addresses in IPv6 (RFC 6052) and the same inside one network (RFC 8215)."""


def is_public(address: str) -> bool:
    """Tell whether an address is one of the public internet's: not private, loopback, link-local or reserved.

    IPv4 addresses inside IPv6 ones are judged by themselves, so that ``::ffff:127.0.0.1`` is no way in.
    """
    parsed = ip_address(address.partition("%")[0])
    if isinstance(parsed, IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour
        if parsed in NAT64:
            inner = IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner is not None:
            return inner.is_global and not inner.is_multicast
        if parsed in LOCAL_NAT64:
            return False
    return parsed.is_global and not parsed.is_multicast


async def resolve(host: str, port: int, *, allow_private: bool) -> list[str]:
    """Return the addresses of a host that may be connected to. Raises OSError if there are none.

    Whoever connects uses one of these, not the name again: a name that changes its mind cannot get past the check.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    allowed = [a for a in addresses if allow_private or is_public(a)]
    if not allowed:
        raise OSError(f"{host} has only private addresses; set allow_private on this upstream if that is meant")
    return allowed


def read_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Return networks from settings. Raises SettingsError for what is none."""
    try:
        return tuple(ip_network(text) for text in texts)
    except ValueError as problem:
        raise SettingsError(f"trust_forwarded_from: {problem}; write networks like 10.0.0.0/8") from problem


def client_address(peer: str, forwarded: bytes | None, trusted: Sequence[Network]) -> str:
    """Return the caller's address: the connection's, or what a trusted proxy in front says.

    Of a chain the right-most address that is not a trusted proxy's counts; what is left of it the caller can invent.
    """
    if not trusted or forwarded is None or not _is_in(peer, trusted):
        return peer
    for claimed in reversed([part.strip() for part in forwarded.decode("latin-1").split(",")]):
        try:
            ip_address(claimed)
        except ValueError:
            return peer
        if not _is_in(claimed, trusted):
            return claimed
    return peer


def _is_in(address: str, networks: Sequence[Network]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
