"""The nouns of sharing: who sends, what leaves of a campaign, and what stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from stillwatch.records import Family


class Tlp(StrEnum):
    """How far a recipient may pass something on: the labels of TLP 2.0 (FIRST, August 2022)."""

    CLEAR = "clear"
    GREEN = "green"
    AMBER = "amber"
    AMBER_STRICT = "amber+strict"
    RED = "red"


class Kind(StrEnum):
    """What an indicator is of. The value says the column of the call log or accounts table where it is looked for."""

    NETWORK = "network"
    ASN = "asn"
    EMAIL_DOMAIN = "email_domain"
    USER_AGENT = "user_agent"
    TLS_FINGERPRINT = "tls_fingerprint"
    WORDING = "wording"
    PAYMENT = "payment_fingerprint"
    DEVICE = "device_fingerprint"


FAMILY = {
    Kind.NETWORK: Family.NETWORK,
    Kind.ASN: Family.NETWORK,
    Kind.TLS_FINGERPRINT: Family.NETWORK,
    Kind.EMAIL_DOMAIN: Family.IDENTITY,
    Kind.PAYMENT: Family.IDENTITY,
    Kind.DEVICE: Family.IDENTITY,
    Kind.USER_AGENT: Family.ECONOMY,
    Kind.WORDING: Family.CONTENT,
}
"""The family of evidence that each kind belonged to where it was seen."""

LIFETIME_DAYS = {
    Kind.NETWORK: 14,
    Kind.ASN: 30,
    Kind.EMAIL_DOMAIN: 90,
    Kind.USER_AGENT: 90,
    Kind.TLS_FINGERPRINT: 90,
    Kind.WORDING: 180,
    Kind.PAYMENT: 90,
    Kind.DEVICE: 90,
}
"""Days after the last call during which an indicator is worth looking for. Networks change hands in 7 to 30 days; a
harness is rewritten every few months; a card or device that was found out is dropped sooner or later."""

KEYED = frozenset({Kind.PAYMENT, Kind.DEVICE})
"""Kinds by which a person could be found: they leave as keyed hashes under a group's key, or not at all."""


@dataclass(frozen=True)
class Sender:
    """Who shares: a name that partners know, and where to write to (a role's address, not a person's)."""

    name: str
    contact: str = ""


@dataclass(frozen=True)
class Indicator:
    """Something to look for. ``value`` is plain, or the keyed hash under the key that ``key_id`` names."""

    kind: Kind
    value: str
    confidence: int
    """0 to 100 (STIX 2.1, appendix A)."""
    valid_from: datetime
    valid_until: datetime
    holders: int = 0
    """About how many accounts of the campaign had it, to two digits."""
    bits: float = 0.0
    """Match weight of one holder."""
    key_id: str = ""


@dataclass(frozen=True)
class Technique:
    """A technique of MITRE ATLAS."""

    id: str
    name: str


@dataclass(frozen=True)
class Withheld:
    """Something a campaign shows at home and that does not leave, and why."""

    what: str
    why: str


@dataclass(frozen=True)
class SharedCampaign:
    """What leaves of a campaign. Counts are rounded to two digits: tactics and scale, not a customer list."""

    name: str
    objective: str
    first_seen: datetime
    last_seen: datetime
    accounts: int
    exchanges: int
    strength_bits: float
    claims: tuple[tuple[str, str], ...]
    """Rungs with their status, in order."""
    techniques: tuple[Technique, ...]
    indicators: tuple[Indicator, ...]
    withheld: tuple[Withheld, ...] = ()


@dataclass(frozen=True)
class Proof:
    """Where the evidence of what is shared can be checked: the log, and a bundle's digest if one was made."""

    origin: str
    size: int
    bundle_sha256: str = ""


@dataclass(frozen=True)
class Parcel:
    """What is handed to an exporter: campaigns with sender, marking, terms and time."""

    sender: Sender
    campaigns: tuple[SharedCampaign, ...]
    made_at: datetime
    tlp: Tlp = Tlp.AMBER
    terms: str = ""
    """A sentence that binds the recipient beyond the TLP label; empty: none."""
    proof: Proof | None = None


@dataclass(frozen=True)
class Received:
    """An indicator of somebody else's. Times are seconds since 1970."""

    source: str
    sender: str
    object: str
    kind: Kind
    value: str
    confidence: int
    valid_until: float | None
    key_id: str
    disputed: bool
    revoked: bool
    expired: bool

    @property
    def holds(self) -> bool:
        """Whether it may be used as evidence now."""
        return not (self.disputed or self.revoked or self.expired or self.confidence == 0)
