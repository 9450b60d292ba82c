"""Where calls come from: addresses, autonomous systems and countries that belong to nobody.

Addresses are of 240.0.0.0/4 (reserved, RFC 1112) and 2001:db8::/32 (documentation, RFC 3849), system numbers of the
private range 4200000000 and up (RFC 6996). Popularity of providers falls as 1 / rank.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillwatch.simulate.draws import I64, U64, below, mix, pair, unit, zipf

COUNTRIES = ("US", "IN", "DE", "GB", "BR", "JP", "FR", "KR", "CN", "CA", "ES", "ID", "NL", "MX", "TR", "VN", "IT", "SG")
HOMES, MOBILES, CLOUDS, CAMPUSES = 72, 10, 12, 12
"""How many providers of each sort: access networks, mobile networks behind shared addresses, clouds, universities."""

FIRST_HOME, FIRST_MOBILE = 0, HOMES
FIRST_CLOUD = HOMES + MOBILES
FIRST_CAMPUS = FIRST_CLOUD + CLOUDS
BLOCK_BITS = 20
"""Every provider has a /12, 2**20 addresses: 106 providers fit into the 2**28 of 240.0.0.0/4."""

SHARED = 96
"""Addresses a mobile network puts all its customers behind (carrier-grade translation): dozens of people on each."""


def home_country(person: U64) -> I64:
    """Return the index of the country an account signed up from."""
    return home_provider(person) % len(COUNTRIES)


def home_provider(person: U64) -> I64:
    """Return each person's access network."""
    return zipf(mix(person, 201), HOMES)


def asn(provider: npt.NDArray[np.int64]) -> I64:
    """Return the provider's autonomous system number."""
    return np.asarray(4_200_000_000 + provider * 37)


def address(provider: I64, host: U64) -> U64:
    """Return an address of the provider; ``host`` is hashed to one of its 2**20."""
    first = np.uint64(0xF0000000) + (provider.astype(np.uint64) << np.uint64(BLOCK_BITS))
    return np.asarray(first + (host & np.uint64((1 << BLOCK_BITS) - 1)))


def home(person: U64, session: U64, day: I64) -> tuple[I64, U64]:
    """One to three lasting addresses a person, a third renewed every ten days; one in eight on a mobile network."""
    places = 1 + below(mix(person, 202), 3)
    place = np.minimum(below(mix(session, 203), places), below(mix(session, 204), places))
    mobile = (unit(mix(person, 205)) < 0.125) | ((place == 1) & (unit(mix(person, 206)) < 0.3))
    provider = np.where(
        mobile, FIRST_MOBILE + zipf(mix(person, 207), MOBILES), home_provider(pair(person, place // 2, 208))
    )
    renewed = np.where(unit(mix(person, 209)) < 0.33, day // 10, 0)
    lasting = pair(pair(person, place, 210), renewed, 211)
    shared = pair(below(mix(session, 212), SHARED), provider, 213)
    return provider, address(provider, np.where(mobile, shared, lasting))


def own(numbers: I64, person: U64, seed: int) -> tuple[I64, U64]:
    """One lasting address an account, never two alike in a party: an odd multiple permutes a provider's range."""
    provider = home_provider(mix(person, 214))
    host = numbers.astype(np.uint64) * np.uint64(0x9E375) + mix(provider, seed)
    return provider, address(provider, host)


def proxies(pool: int, size: int, session: U64) -> tuple[I64, U64]:
    """One of the pool's exits for each session: most in access networks, some in clouds."""
    exit_number = pair(below(mix(session, 215), size), np.full(len(session), pool), 216)
    cloudy = unit(mix(exit_number, 217)) < 0.25
    provider = np.where(cloudy, FIRST_CLOUD + zipf(mix(exit_number, 218), CLOUDS), home_provider(exit_number))
    return provider, address(provider, exit_number)


def cloud(owner: U64, session: U64) -> tuple[I64, U64]:
    """One to four lasting addresses of the owner in one cloud."""
    provider = FIRST_CLOUD + zipf(mix(owner, 219), CLOUDS)
    return provider, address(provider, pair(owner, below(mix(session, 220), 1 + below(mix(owner, 221), 4)), 222))


def ephemeral(owner: U64, session: U64) -> tuple[I64, U64]:
    """Another address of one cloud region (2**14 of them) for every session."""
    provider = FIRST_CLOUD + zipf(mix(owner, 223), 4)
    region = below(mix(owner, 224), 16) << 14
    return provider, address(provider, (region + below(mix(session, 225), 1 << 14)).astype(np.uint64))


def campus_number(seed: int) -> int:
    """Return which of 4,096 campuses a seed stands for."""
    return int(mix(np.array([seed]))[0] % np.uint64(4096))


def campus(seed: int, person: U64, session: U64) -> tuple[I64, U64]:
    """Twelve translated addresses of one university; a third of the sessions from home."""
    provider = np.full(len(person), FIRST_CAMPUS + seed % CAMPUSES)
    inside = address(provider, (below(mix(session, 226), 12) + (seed % 4096) * 256).astype(np.uint64))
    away, outside = home(person, session, np.zeros(len(person), np.int64))
    at_home = unit(mix(session, 227)) < 0.33
    return np.where(at_home, away, provider), np.where(at_home, outside, inside)


def household(owner: U64) -> tuple[I64, U64]:
    """One address for all of a household or small office."""
    provider = home_provider(mix(owner, 228))
    return provider, address(provider, mix(owner, 229))
