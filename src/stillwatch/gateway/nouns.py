"""The nouns of the gateway: who calls, what is asked, how the account stands, what was decided.

All of them are plain values. Whoever makes one reads the clock, the network or the store; whoever decides does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from stillwatch.records import Family


class Level(StrEnum):
    """Who shares a budget, from the narrowest to the widest. ``CAMPAIGN`` is never named to a caller."""

    ACCOUNT = "account"
    ORGANIZATION = "organization"
    CAMPAIGN = "campaign"
    MODEL = "model"
    GLOBAL = "global"


class Unit(StrEnum):
    """What a budget counts. All but ``STREAMS`` refill with time; streams are those open now."""

    # Enum's own is a Python function, and every call looks several of these up.
    __hash__ = str.__hash__

    CALLS = "calls"
    INPUT_TOKENS = "input_tokens"
    OUTPUT_TOKENS = "output_tokens"
    STREAMS = "streams"


class Action(StrEnum):
    """What a rule may do, from the mildest to the hardest. Each is reversible and ends by itself."""

    ALLOW = "allow"
    PACE = "pace"
    LOWER_LIMITS = "lower_limits"
    CAP_N = "cap_n"
    CAP_OUTPUT_TOKENS = "cap_output_tokens"
    STRIP_LOGPROBS = "strip_logprobs"
    WITHHOLD_REASONING = "withhold_reasoning"
    ASK_VERIFICATION = "ask_verification"
    SUSPEND = "suspend"


class Mode(StrEnum):
    """Whether a rule acts. Every rule starts in shadow: it is decided, recorded and counted, and nothing happens."""

    SHADOW = "shadow"
    ENFORCE = "enforce"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever holds a credential, as the directory knows them. Times are seconds since 1970-01-01 UTC."""

    account: str
    key: str = ""
    """The public part of the credential (``sw-`` and 12 characters): names it in records, opens nothing."""
    organization: str | None = None
    plan: str = ""
    verification: str = "none"
    created_at: float | None = None


class Ask(NamedTuple):
    """What one call asks for, read from its body by the dialect. Absent settings are None.

    ``model`` is the canonical name after aliases. ``input_bytes`` is the length of the body; tokens are estimated from
    it before the call and known after it.
    """

    model: str
    operation: str = "chat"
    stream: bool = False
    max_output_tokens: int | None = None
    n: int = 1
    logprobs: bool = False
    reasoning: bool = False
    tools: int = 0
    input_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """What the last scan said of an account: its campaign, if any, and how sure. Bits as in ``campaigns.json``."""

    campaign: str | None = None
    strength_bits: float = 0.0
    bits: Mapping[Family, float] = field(default_factory=dict)
    """Match weight of the campaign by family of evidence."""
    match_weight: float = 0.0
    """Of this account, in bits."""
    share: float = 0.0
    """Share of the account's calls that are the campaign's, 0 to 1."""
    since: float | None = None
    """When the account was first listed, seconds since 1970."""
    appeal_granted: bool = False
    """A granted appeal: campaign and bits are empty, whatever the scan says."""


UNKNOWN = Standing()
"""An account that no scan has listed."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One action with its size, as a rule orders it.

    ``amount`` by action: pace, tokens a second; lower_limits, a factor from 0 to 1; cap_n and cap_output_tokens, the
    ceiling; otherwise None. ``reason`` is shown to the caller, ``url`` is where to verify or appeal. ``silent`` leaves
    the effect out of the response's headers; a rule may only be silent with a recorded reason.
    """

    action: Action
    rule: str
    mode: Mode
    reason: str
    amount: float | None = None
    url: str | None = None
    until: float | None = None
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about one call: every effect of every rule that applied, in shadow or not."""

    effects: tuple[Effect, ...] = ()

    def enforced(self, action: Action) -> Effect | None:
        """Return the enforced effect of that action, or None."""
        return next((e for e in self.effects if e.action is action and e.mode is Mode.ENFORCE), None)


ALLOWED = Decision()
"""No rule applied."""
