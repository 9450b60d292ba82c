"""What leaves of a campaign, and what stays: the one place where that is decided. Pure.

Everything that is not named here stays. A signal that comes with a plug-in stays, too, until it is named here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any

from stillwatch.errors import ReportError
from stillwatch.records import Cue
from stillwatch.sharing.atlas import find_techniques
from stillwatch.sharing.keyed import GroupKey
from stillwatch.sharing.nouns import KEYED, LIFETIME_DAYS, Indicator, Kind, SharedCampaign, Withheld

Json = Mapping[str, Any]
MIN_HOLDERS = 5
"""A value that fewer accounts share could point at one of them; fewer are never called a campaign either."""
MAX_CONFIDENCE = 85
"""Nobody is surer than "almost certainly not chance" of what another host should look for (STIX 2.1, appendix A)."""
MAX_TEXT = 200

KINDS = {
    "prefix": Kind.NETWORK,
    "asn": Kind.ASN,
    "email_domain": Kind.EMAIL_DOMAIN,
    "user_agent": Kind.USER_AGENT,
    "tls_fingerprint": Kind.TLS_FINGERPRINT,
    "cue_signature": Kind.WORDING,
    "payment": Kind.PAYMENT,
    "device": Kind.DEVICE,
}
"""Signals whose observables may leave, and as what."""

STAYS = {
    "address": "a client's address could lead to a person; the network around it is shared instead",
    "parameters": "kept as this host's keyed hash, which nobody else could compare",
    "artefact": "kept as this host's keyed hash, which nobody else could compare",
    "model": "which of our models was asked is our business, not a tactic",
}
OTHER = "not among what may leave: habits and times describe accounts, not infrastructure"
NEVER = (
    Withheld("names of accounts and members", "they would name customers"),
    Withheld("prompts, answers and samples", "text does not travel"),
    Withheld("hashes of templates", "they are under this host's key, which nobody else could compare"),
    Withheld(
        "exact counts and the timeline", "counts leave rounded to two digits; the days of the first and last call"
    ),
    Withheld("verification, plan, country and organization of members", "they describe customers"),
)
"""What stays of every campaign."""

_SITE_LOCAL = [
    ip_network(n)
    for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "fc00::/7", "fe80::/10")
]
"""RFC 1918, 3927, 4193, 4291: the same numbers mean another place at every host."""
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])")
_PRODUCT = re.compile(r"[A-Za-z0-9 ._/();:,+-]{1,200}")
_IDENTIFIER = re.compile(r"[0-9A-Fa-f]{16}|[0-9]{9}|[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-")
"""Long runs of digits in a user agent: an installation's or a person's number, not a program's version."""
_JA4 = re.compile(r"[tqd][0-9a-z]{9}_[0-9a-f]{12}_[0-9a-f]{12}")


@dataclass(frozen=True)
class Choice:
    """An observable that leaves, or why it does not."""

    kind: Kind | None = None
    value: str = ""
    why: str = ""


def choose(campaign: Json, *, group_key: GroupKey | None, now: datetime) -> SharedCampaign:
    """Return what leaves of an entry of ``campaigns.json``. Raises ReportError for an entry that is none."""
    try:
        return _choose(campaign, group_key, now)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise ReportError(
            f"campaigns.json: not a campaign of a scan: {type(problem).__name__}: {problem}; scan again"
        ) from problem


@dataclass(frozen=True)
class _Whole:
    """What is known of the whole campaign: how likely it is one, and its days."""

    chance: float
    first: datetime
    last: datetime


def _choose(campaign: Json, group_key: GroupKey | None, now: datetime) -> SharedCampaign:
    first, last = (_day(campaign[name]) for name in ("first_call_at", "last_call_at"))
    whole = _Whole(1 / (1 + 2.0 ** -float(campaign["strength_bits"])), first, last)
    found: dict[tuple[Kind, str], Indicator] = {}
    withheld: dict[str, Withheld] = {}
    for observable in campaign.get("observables", ()):
        choice = _choice(observable, group_key)
        if choice.kind is None:
            withheld.setdefault(
                f"{observable['signal']}: {choice.why}", Withheld(str(observable["signal"]), choice.why)
            )
            continue
        indicator = _indicator(choice, observable, whole, key_id=group_key.id if group_key else "")
        if indicator.valid_until <= now:
            withheld.setdefault(f"{choice.kind} old", Withheld(choice.kind, "its time to look for it is over"))
        elif (choice.kind, choice.value) not in found:
            found[choice.kind, choice.value] = indicator
    return SharedCampaign(
        name=str(campaign["campaign"]),
        objective=str(campaign["objective"]),
        first_seen=first,
        last_seen=last,
        accounts=two_digits(int(campaign["accounts"])),
        exchanges=two_digits(int(campaign["exchanges"])),
        strength_bits=round(float(campaign["strength_bits"]), 1),
        claims=tuple((str(rung), str(claim["status"])) for rung, claim in campaign["claims"].items()),
        techniques=find_techniques(campaign),
        indicators=tuple(found.values()),
        withheld=(*NEVER, *withheld.values()),
    )


def two_digits(count: int) -> int:
    """Round a count to two significant digits."""
    return round(count, min(0, 2 - len(str(count))))


def _indicator(choice: Choice, observable: Json, whole: _Whole, *, key_id: str) -> Indicator:
    holders, elsewhere = int(observable["holders"]), int(observable["holders_elsewhere"])
    share = holders / max(1, holders + elsewhere)
    kind = Kind(choice.kind or "")
    return Indicator(
        kind=kind,
        value=choice.value,
        confidence=min(MAX_CONFIDENCE, round(100 * share * whole.chance)),
        valid_from=whole.first,
        valid_until=whole.last + timedelta(days=1 + LIFETIME_DAYS[kind]),
        holders=two_digits(holders),
        bits=round(float(observable["bits"]), 1),
        key_id=key_id if kind in KEYED else "",
    )


def _choice(observable: Json, group_key: GroupKey | None) -> Choice:
    signal, label = str(observable["signal"]), observable.get("label")
    kind = KINDS.get(signal)
    if kind is None:
        return Choice(why=STAYS.get(signal, OTHER))
    if int(observable["holders"]) < MIN_HOLDERS:
        return Choice(why=f"fewer than {MIN_HOLDERS} accounts had it: it could point at one of them")
    if kind is Kind.WORDING:
        names = cue_names(int(str(observable["observable"]), 16))
        return Choice(kind, names) if names else Choice(why="the wording asks for nothing in particular")
    if not isinstance(label, str) or not label:
        return Choice(why="the report does not hold its value")
    return _keyed(kind, label, group_key) if kind in KEYED else _plain(kind, label.strip(), observable)


def _keyed(kind: Kind, value: str, group_key: GroupKey | None) -> Choice:
    if group_key is None:
        return Choice(why="it could lead to a person, and no group key was given to hash it under")
    return Choice(kind, group_key.hash(kind, value))


def _plain(kind: Kind, value: str, observable: Json) -> Choice:
    problem = _CHECKS[kind](value, observable)
    return Choice(why=problem) if problem else Choice(kind, value.lower() if kind is Kind.EMAIL_DOMAIN else value)


def cue_names(bits: int) -> str:
    """Name the cues of a wording, in alphabetical order, with commas; empty for none."""
    return ",".join(sorted((cue.name or "").lower() for cue in Cue if cue & bits))


def _network(value: str, _observable: Json) -> str:
    try:
        network = ip_network(value)
    except ValueError:
        return "not a network"
    if (network.version == 4 and network.prefixlen > 24) or (network.version == 6 and network.prefixlen > 48):
        return "narrower than a /24 or /48: it could lead to a person"
    local = any(network.version == n.version and network.subnet_of(n) for n in _SITE_LOCAL)  # type: ignore[arg-type]
    return "a network of somebody's own site" if local else ""


def _domain(value: str, observable: Json) -> str:
    if not _DOMAIN.fullmatch(value.lower()) or len(value) > MAX_TEXT:
        return "not a domain name"
    if int(observable["holders_elsewhere"]) >= int(observable["holders"]):
        return "others have it as often: a mail provider's, not the operator's"
    return ""


def _user_agent(value: str, _observable: Json) -> str:
    if not _PRODUCT.fullmatch(value) or _IDENTIFIER.search(value):
        return "it may hold a name or number of somebody"
    return ""


def _matches(pattern: re.Pattern[str], problem: str) -> Callable[[str, Json], str]:
    return lambda value, _observable: "" if pattern.fullmatch(value) else problem


_CHECKS: dict[Kind, Callable[[str, Json], str]] = {
    Kind.NETWORK: _network,
    Kind.ASN: _matches(re.compile("[1-9][0-9]{0,9}"), "not a number of an autonomous system"),
    Kind.EMAIL_DOMAIN: _domain,
    Kind.USER_AGENT: _user_agent,
    Kind.TLS_FINGERPRINT: _matches(_JA4, "not a JA4 fingerprint"),
}


def _day(text: object) -> datetime:
    """Read a time and cut it to its day: to the second, it could be matched with one call."""
    return datetime.fromisoformat(str(text)).replace(hour=0, minute=0, second=0, microsecond=0)
