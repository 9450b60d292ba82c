"""What was decided about a call, done to it: refusals, caps, and the header that says so."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stillwatch.gateway.dialects.body import insert_member, replace_model, write_object
from stillwatch.gateway.dialects.shape import Body, Caps, Dialect, Refusal
from stillwatch.gateway.nouns import Action, Decision, Effect, Mode

HEADER = b"stillwatch-effect"
"""One line for each enforced effect that is not silent, as structured fields (RFC 9651): cap_n;amount=1;reason="…"."""

UNPRINTABLE = re.compile(r"[^\x20-\x7e]")

INCLUDE_USAGE = b'"stream_options":{"include_usage":true}'

ON_ANSWERS = frozenset({Action.CAP_N, Action.CAP_OUTPUT_TOKENS, Action.STRIP_LOGPROBS, Action.WITHHOLD_REASONING})
"""What changes an answer, so that a path whose bodies we do not understand cannot be relayed."""


@dataclass(frozen=True, slots=True)
class Enforced:
    """The enforced effects of one decision, by what they do."""

    caps: Caps | None = None
    pace: float | None = None
    limit_factor: float = 1.0
    shown: tuple[Effect, ...] = ()

    @property
    def withholds_reasoning(self) -> bool:
        """Whether reasoning is taken out of the answer."""
        return self.caps is not None and self.caps.withhold_reasoning


NOTHING = Enforced()


def enforce(decision: Decision, *, verification_url: str, appeal_url: str) -> Enforced:
    """Return what to do. Raises Refusal (403) where the account is suspended or has to be verified first."""
    if not decision.effects:
        return NOTHING
    effects: dict[Action, Effect] = {}
    for effect in decision.effects:
        if effect.mode is Mode.ENFORCE:
            effects.setdefault(effect.action, effect)
    if stopped := effects.get(Action.SUSPEND):
        raise Refusal(403, stopped.reason, code="account_suspended", url=stopped.url or appeal_url or None)
    if asked := effects.get(Action.ASK_VERIFICATION):
        raise Refusal(403, asked.reason, code="verification_required", url=asked.url or verification_url or None)
    caps = Caps(
        n=_ceiling(effects.get(Action.CAP_N)),
        output_tokens=_ceiling(effects.get(Action.CAP_OUTPUT_TOKENS)),
        strip_logprobs=Action.STRIP_LOGPROBS in effects,
        withhold_reasoning=Action.WITHHOLD_REASONING in effects,
    )
    pace, lowered = effects.get(Action.PACE), effects.get(Action.LOWER_LIMITS)
    return Enforced(
        caps=caps if effects.keys() & ON_ANSWERS else None,
        pace=max(pace.amount or 0.0, SLOWEST) if pace else None,
        limit_factor=min(max(lowered.amount or 0.0, 0.0), 1.0) if lowered else 1.0,
        shown=tuple(e for a, e in effects.items() if a is not Action.ALLOW and not e.silent),
    )


SLOWEST = 0.1
"""Tokens a second: slower is not pacing, it is a suspension that does not say so."""


def effect_headers(enforced: Enforced) -> list[tuple[bytes, bytes]]:
    """Return the header lines that say what was applied and why."""
    return [(HEADER, _structured(effect)) for effect in enforced.shown]


def prepare(
    dialect: Dialect, raw: bytes, body: Body, *, caps: Caps | None, model: str, wants_usage: bool
) -> tuple[bytes, Body]:
    """Return the body to send upstream. Its bytes are the caller's, except where something has to be changed.

    ``model`` is what the upstream calls it; ``wants_usage``: a stream has to say its usage and was not asked to.
    """
    if caps is not None:
        capped = dialect.cap(body, caps)
        if capped is not body:
            raw, body = write_object(capped), capped
    if body.get("model") != model:
        raw, body = replace_model(raw, body, model), {**body, "model": model}
    if wants_usage:
        options = body.get("stream_options")
        if options is None and "stream_options" not in body:
            return insert_member(raw, INCLUDE_USAGE), body
        asked = {**(options if isinstance(options, dict) else {}), "include_usage": True}
        body = {**body, "stream_options": asked}
        raw = write_object(body)
    return raw, body


def _ceiling(effect: Effect | None) -> int | None:
    return None if effect is None else max(int(effect.amount or 1), 1)


def _structured(effect: Effect) -> bytes:
    amount = "" if effect.amount is None else f";amount={effect.amount:.3f}".rstrip("0").rstrip(".")
    words = UNPRINTABLE.sub("?", effect.reason).replace("\\", "\\\\").replace('"', '\\"')
    return f'{effect.action.value}{amount};reason="{words}"'.encode()
