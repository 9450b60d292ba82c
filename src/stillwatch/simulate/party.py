"""Who sends calls: a set of accounts with its sign-ups, owners, cards and devices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stillwatch.records import ACCOUNTS, TIMESTAMP
from stillwatch.simulate.block import Block
from stillwatch.simulate.draws import I64, U64, below, hexadecimal, join, mix, pair, unit, zipf
from stillwatch.simulate.networks import COUNTRIES, home_country

DAY = 86_400_000_000

MAIL = (
    "gmail.example",
    "outlook.example",
    "icloud.example",
    "proton.example",
    "qq.example",
    "yahoo.example",
    "web.example",
)
"""Public mail hosts by popularity; all under the reserved .example."""


ACCOUNTS_PER_CARD, ACCOUNTS_PER_DEVICE = 12, 20
"""An operator on ladder 0 pays a dozen accounts with one card and signs twenty up from one device."""

HOUSEHOLD = 3
"""Accounts behind one address of a home or a small office."""


@dataclass(frozen=True)
class Party:
    """Accounts of one block: their numbers in the whole scenario, their hashes, their owners.

    ``seed`` is the operator's (blocks of one campaign have one), ``common_seed`` the scenario's, ``renewal`` counts how
    often the operator had to buy cards and devices anew after a ban.
    """

    block: Block
    offset: int
    person: U64
    owner: U64
    seed: int
    common_seed: int
    renewal: int = 0

    def __len__(self) -> int:
        return len(self.person)

    @property
    def bought_with(self) -> int:
        """Seed of the cards, devices and mail domains the operator has now."""
        return self.seed + self.renewal

    @property
    def hidden(self) -> bool:
        """Whether every account has its own address, card, device and mail domain (ladder 1 and up)."""
        return bool(self.block.campaign) and self.block.ladder >= 1


def make_party(block: Block, *, offset: int, accounts: int, seed: int, common_seed: int, renewal: int = 0) -> Party:
    """Make the accounts of a block. ``offset`` numbers them in the scenario."""
    numbers = np.arange(offset, offset + accounts)
    person = mix(numbers, common_seed + 101)
    size = max(1, block.owner_size or (HOUSEHOLD if block.network == "household" else 1))
    owner = pair(np.arange(accounts) // size, np.full(accounts, seed + renewal), 7)
    return Party(block, offset, person, owner, seed, common_seed, renewal)


def account_names(person: U64) -> pa.LargeStringArray:
    """Return account names that tell nothing."""
    return hexadecimal(person, "acct_", 12)


def account_table(party: Party, *, start: int) -> pa.Table:
    """Return the rows of the accounts table for this party."""
    p, n = party.person, len(party)
    columns = {
        "account": account_names(p),
        "organization": _organizations(party),
        "created_at": pa.array(_created(party, start), pa.int64()).cast(TIMESTAMP),
        "plan": _choose(("free", "pay_as_you_go", "team", "enterprise"), _plans(party)),
        "verification": _verification(party),
        "country": _choose(COUNTRIES, home_country(p)),
        "payment_fingerprint": _payment(party),
        "email_domain": _mail(party),
        "device_fingerprint": hexadecimal(_device(party), "dev_"),
    }
    assert n == len(columns["account"])  # noqa: S101  (a table of unequal columns would be our own mistake)
    return pa.table(columns).cast(ACCOUNTS.schema)


def _organizations(party: Party) -> pa.LargeStringArray:
    names = hexadecimal(mix(party.owner, 3), "org_", 10)
    if party.block.owner_size or party.block.identity == "company":
        return names
    return pa.nulls(len(party), pa.large_string())


def _created(party: Party, start: int) -> I64:
    p, block = party.person, party.block
    begin = start + int(block.first_day * DAY)
    if block.identity == "ring":
        days = 30 if party.hidden else 2  # a sign-up burst unless the operator hides
        return begin - 3 * 3_600_000_000 - below(mix(p, 51), days * 86_400) * 1_000_000
    if block.identity == "student":
        return begin - below(mix(p, 51), 20 * 86_400) * 1_000_000
    if block.identity == "newcomer":
        return begin - below(mix(p, 51), 43_200) * 1_000_000  # half a day before it begins
    if block.kind == "enterprise_migration" or block.identity == "undeclared":
        return begin - below(mix(p, 51), 86_400) * 1_000_000
    age = (unit(mix(p, 51)) ** 2 * 700 * 86_400).astype(
        np.int64
    )  # more young accounts than old ones: a growing service
    return begin - age * 1_000_000 - 3_600_000_000


def _plans(party: Party) -> I64:
    if party.block.identity in {"company", "undeclared"}:
        return 2 + below(mix(party.owner, 52), 2)
    return np.minimum(zipf(mix(party.person, 52), 3, 1.0), 2)


def _verification(party: Party) -> pa.LargeStringArray:
    names = ("none", "education", "startup", "research", "kyc")
    if party.block.identity == "student":
        return _choose(names, np.ones(len(party), np.int64))
    if party.block.identity == "company":
        return _choose(names, 4 - 4 * (unit(mix(party.owner, 53)) < 0.3).astype(np.int64))
    drawn = unit(mix(party.person, 53))
    return _choose(names, np.searchsorted([0.9, 0.93, 0.96, 0.97], drawn).astype(np.int64))


def _payment(party: Party) -> pa.Array:
    p, block = party.person, party.block
    if block.identity == "ring" and not party.hidden:
        card = pair(below(mix(p, 54), max(2, len(p) // ACCOUNTS_PER_CARD)), np.full(len(p), party.bought_with), 55)
    elif block.identity == "undeclared":
        card = np.full(len(p), mix(np.array([party.seed]), 56)[0])
    elif block.owner_size or block.identity == "company":
        card = mix(party.owner, 56)
    elif block.network == "household":
        card = np.where(unit(mix(p, 57)) < 0.6, mix(party.owner, 56), mix(p, 56))
    else:
        card = mix(p, 56)
    text = hexadecimal(card, "pm_")
    paying = unit(mix(p, 58)) < (1.0 if block.identity in {"ring", "company", "undeclared"} else 0.7)
    return pa.array(np.asarray(text.to_numpy(zero_copy_only=False)), pa.large_string(), mask=~paying)


def _mail(party: Party) -> pa.LargeStringArray:
    p, block = party.person, party.block
    if block.identity == "ring" and not party.hidden:
        own = hexadecimal(mix(below(mix(p, 59), 3), party.bought_with), "mail-", 6)
        return join(own, "example", separator=".")
    if block.identity == "student":
        own = hexadecimal(mix(np.full(len(p), party.seed), 60), "university-", 4)
        return join(own, "example", separator=".")
    if block.identity in {"company", "undeclared"}:
        owner = party.owner if block.identity == "company" else np.full(len(p), party.seed)
        own = hexadecimal(mix(owner, 61), "company-", 8)
        return join(own, "example", separator=".")
    return _choose(MAIL, zipf(mix(p, 62), len(MAIL), 1.1))


def _device(party: Party) -> U64:
    p, block = party.person, party.block
    if block.identity == "ring" and not party.hidden:
        return pair(below(mix(p, 63), max(2, len(p) // ACCOUNTS_PER_DEVICE)), np.full(len(p), party.bought_with), 64)
    if block.network == "household":
        return np.where(unit(mix(p, 65)) < 0.4, mix(party.owner, 66), mix(p, 66))
    if block.owner_size:
        return pair(below(mix(p, 67), max(1, len(party) // 4)), party.owner, 68)
    return mix(p, 66)


def _choose(names: tuple[str, ...], picked: I64) -> pa.LargeStringArray:
    return pa.array(names, pa.large_string()).take(pa.array(picked))
