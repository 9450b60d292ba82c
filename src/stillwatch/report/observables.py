"""Observables in words: what a signal's key says, where it says anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from stillwatch.records import Cue
from stillwatch.report import words

Json = dict[str, Any]
MAX_TEMPLATES = 3
TEMPLATE_SIGNAL = "shared_template"
LARGEST_READABLE = 1 << 40
"""Counts, bit sets and hours are far below this; a keyed hash is so with one chance in sixteen million."""

SIGNAL_NAMES = {
    TEMPLATE_SIGNAL: "prompt template",
    "address": "client address",
    "prefix": "client network",
    "asn": "network operator",
    "tls_fingerprint": "TLS fingerprint",
    "client_contradiction": "client that contradicts itself",
    "parameters": "sampling parameters",
    "payment": "payment instrument",
    "device": "sign-up device",
    "email_domain": "e-mail domain",
    "sign_up": "sign-up",
    "start_day": "first call",
    "stop_day": "last call",
    "round_the_clock": "hours of the day",
    "lockstep": "same active hours",
    "workload": "number of calls",
    "follow_ups": "follow-ups",
    "caching": "read from the cache",
    "ceiling_use": "use of the output ceiling",
    "model_switch": "change of model",
    "cue_signature": "wording",
    "artefact": "opaque blob in the prompt",
}
"""Signals whose names do not read as words; any other is written with spaces."""

WINDOW_HOURS = {"start_day": 24, "stop_day": 24, "model_switch": 24, "sign_up": 6}
"""Signals whose key is a window of time, with the default of their parameter ``hours``."""


@dataclass(frozen=True)
class Observable:
    """Something members share; ``bits`` is None for a template, whose weight is in the answer itself."""

    signal: str
    family: str
    key: str
    label: str
    holders: int
    elsewhere: int | None
    bits: float | None

    @property
    def kind(self) -> str:
        """What it is, in words."""
        return signal_name(self.signal)


def signal_name(signal: str) -> str:
    """Name a signal's observable in words."""
    return SIGNAL_NAMES.get(signal, signal.replace("_", " "))


def observables(campaign: Json, *, parameters: Mapping[str, Json]) -> list[Observable]:
    """List what the members share: the largest templates, then the strongest observables.

    ``parameters`` are the scan's settings by signal, without which keys that are windows of time cannot be told.
    """
    streams = [s for s in campaign.get("substreams", []) if s.get("skeleton")][:MAX_TEMPLATES]
    templates = [
        Observable(
            TEMPLATE_SIGNAL,
            "content",
            str(s["skeleton"]),
            f"{int(s.get('words', 0)):,} fixed words",
            int(s.get("accounts", 0)),
            None,
            None,
        )
        for s in streams
    ]
    return templates + [_observable(o, parameters) for o in campaign.get("observables", [])]


def _observable(entry: Json, parameters: Mapping[str, Json]) -> Observable:
    signal, key = str(entry.get("signal", "unknown")), str(entry.get("observable", ""))
    elsewhere, bits = entry.get("holders_elsewhere"), entry.get("bits")
    return Observable(
        signal,
        str(entry.get("family", "unknown")),
        key,
        words.name(entry.get("label") or _read_key(signal, key, parameters.get(signal, {}))),
        int(entry.get("holders", 0)),
        None if elsewhere is None else int(elsewhere),
        None if bits is None else float(bits),
    )


def signed(key: str) -> int | None:
    """Read a key of sixteen hexadecimal digits as the signed integer it was; None if it is none."""
    try:
        value = int(key, 16)
    except ValueError:
        return None
    return value - 2**64 if value >= 2**63 else value


def _read_key(signal: str, key: str, parameters: Json) -> str:
    value = signed(key)
    if value is None or not 0 <= value < LARGEST_READABLE:
        return key[:8]
    if signal in WINDOW_HOURS:
        return _window(value, int(parameters.get("hours", WINDOW_HOURS[signal])))
    return READERS[signal](value) if signal in READERS else key.lstrip("0")[:8] or "0"


def _window(number: int, hours: int) -> str:
    try:
        start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=number * hours)
    except OverflowError:
        return "unknown time"
    return words.day(start) if hours >= 24 else words.minute(start)


def _tenths(value: int) -> str:
    return "all" if value >= 10 else f"{value * 10}\u2013{value * 10 + 10}%"


READERS: dict[str, Callable[[int], str]] = {
    "workload": lambda v: f"about {2 ** min(v, 40):,}",
    "answer_length": lambda v: f"about {2 ** min(v, 40):,} tokens",
    "follow_ups": _tenths,
    "caching": _tenths,
    "ceiling_use": lambda v: "all of it" if v >= 4 else f"{v * 25}\u2013{v * 25 + 25}%",
    "round_the_clock": lambda v: "all 24" if v >= 6 else f"{v * 4}\u2013{v * 4 + 3} of 24",
    "cue_signature": lambda v: ", ".join(str(c.name).lower().replace("_", " ") for c in Cue if v & c) or "nothing",
}
"""How signals write what they count (detect.signals); a key that is a hash says nothing and is shown as it is."""
