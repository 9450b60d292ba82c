"""Indicators as patterns that others' tools read, and back: STIX patterns for infrastructure, Sigma for behaviour.

JA4, wordings and keyed hashes have no place in STIX's observables, and this package invents no types: they are Sigma
rules over the columns of docs/design.md. ``read_pattern`` reads what ``write_pattern`` writes, and the commonest ways
in which others write the same; whatever else a pattern says is not guessed at.
"""

from __future__ import annotations

import re
from ipaddress import ip_network

from stillwatch.sharing.nouns import KEYED, Indicator, Kind

HASHED = "_hmac_sha256"
"""What a column's name gets appended where a keyed hash of its value is meant."""

_STIX = {
    Kind.ASN: "[autonomous-system:number = {}]",
    Kind.EMAIL_DOMAIN: "[domain-name:value = '{}']",
    Kind.USER_AGENT: "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = '{}']",
}
_SIGMA_FIELDS = {
    Kind.TLS_FINGERPRINT: "tls_fingerprint",
    Kind.WORDING: "cues|all",
    **{kind: f"{kind}{HASHED}" for kind in KEYED},
}
SIGMA_TITLES = {
    Kind.TLS_FINGERPRINT: "TLS fingerprint (JA4) of a client in a distillation campaign",
    Kind.WORDING: "Wording that asks for what training data is made of",
    Kind.PAYMENT: "Payment instrument of a distillation campaign, as a keyed hash",
    Kind.DEVICE: "Sign-up device of a distillation campaign, as a keyed hash",
}
_SIGMA = """\
title: {title}
status: experimental
logsource:
  product: stillwatch
  category: llm_api
detection:
  selection:
    {field}: {value}
  condition: selection"""
MAX_PATTERN = 4_096
"""Characters of a pattern that is read at all: ours have 400 at most."""

_TEXT = r"'((?:[^'\\]|\\.)*)'"
_READ_STIX = {
    Kind.NETWORK: re.compile(rf"\[\s*ipv[46]-addr:value\s*(?:ISSUBSET|=)\s*{_TEXT}\s*\]"),
    Kind.ASN: re.compile(r"\[\s*autonomous-system:number\s*=\s*([0-9]{1,10})\s*\]"),
    Kind.EMAIL_DOMAIN: re.compile(rf"\[\s*domain-name:value\s*=\s*{_TEXT}\s*\]"),
    Kind.USER_AGENT: re.compile(
        r"\[\s*network-traffic:extensions\.'http-request-ext'\.request_header\.'?User-Agent'?\s*=\s*" + _TEXT + r"\s*\]"
    ),
}
_READ_SIGMA = re.compile(r"^ +([a-z0-9_|]+): (?:'([^'\n]*)'|\[([^\]\n]*)\])$", re.MULTILINE)


def write_pattern(indicator: Indicator) -> tuple[str, str]:
    """Return ``pattern_type`` and ``pattern`` of an indicator."""
    kind, value = indicator.kind, indicator.value
    if kind is Kind.NETWORK:
        version = 6 if ":" in value else 4
        return "stix", f"[ipv{version}-addr:value ISSUBSET '{value}']"
    if kind in _STIX:
        return "stix", _STIX[kind].format(value.replace("\\", "\\\\").replace("'", "\\'"))
    shown = f"[{value.replace(',', ', ')}]" if kind is Kind.WORDING else f"'{value}'"
    return "sigma", _SIGMA.format(title=SIGMA_TITLES[kind], field=_SIGMA_FIELDS[kind], value=shown)


def read_pattern(pattern_type: str, pattern: str) -> tuple[Kind, str] | None:
    """Return what a pattern looks for; None for one that says anything else, or more."""
    if len(pattern) > MAX_PATTERN:
        return None
    if pattern_type == "stix":
        return _read_stix(pattern.strip())
    return _read_sigma(pattern) if pattern_type == "sigma" else None


def _read_stix(pattern: str) -> tuple[Kind, str] | None:
    for kind, shape in _READ_STIX.items():
        if found := shape.fullmatch(pattern):
            value = re.sub(r"\\(.)", r"\1", found[1])
            if kind is not Kind.NETWORK:
                return kind, value.lower() if kind is Kind.EMAIL_DOMAIN else value
            network = _read_network(value)
            return (kind, network) if network else None
    return None


def _read_network(value: str) -> str | None:
    """Return the /24 or /48 around an address or network: addresses are compared by that; None for a wider one."""
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        return None
    coarse = 24 if network.version == 4 else 48
    if network.prefixlen < coarse:
        return None
    return str(network.supernet(new_prefix=coarse))


def _read_sigma(pattern: str) -> tuple[Kind, str] | None:
    if "product: stillwatch" not in pattern or "condition: selection\n" not in f"{pattern}\n":
        return None
    fields = _READ_SIGMA.findall(pattern)
    if len(fields) != 1:
        return None
    field, text, listed = fields[0]
    kind = next((k for k, name in _SIGMA_FIELDS.items() if name == field), None)
    if kind is None or bool(listed) is not (kind is Kind.WORDING):
        return None
    return kind, ",".join(sorted(p.strip() for p in listed.split(","))) if listed else text
