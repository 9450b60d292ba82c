"""Enforced caps on a request body, for gateways that take a changed body back."""

from __future__ import annotations

from typing import Any

from stillwatch.gateway.adapters.asks import CEILINGS, whole
from stillwatch.gateway.nouns import Action
from stillwatch.gateway.verdict import Verdict

LOGPROBS = ("logprobs", "top_logprobs", "prompt_logprobs")
OWN_CEILING = "max_tokens"
"""Where a ceiling is written that the caller did not give: every API shape but OpenAI's newest reads it."""


def capped(body: dict[str, Any], verdict: Verdict, *, generates: bool = True) -> dict[str, Any]:
    """Return the body with enforced caps applied; the same object if they change nothing.

    ``generates``: whether the call writes tokens at all; others know no ceiling.
    """
    changed = dict(body)
    if (n := verdict.amount(Action.CAP_N)) is not None:
        changed.update({key: int(n) for key in ("n", "best_of") if (whole(body.get(key)) or 1) > n})
    if (tokens := verdict.amount(Action.CAP_OUTPUT_TOKENS)) is not None:
        given = [key for key in CEILINGS if body.get(key) is not None] or [OWN_CEILING] * generates
        changed.update({key: min(int(tokens), whole(body.get(key)) or int(tokens)) for key in given})
    if verdict.decision.enforced(Action.STRIP_LOGPROBS):
        changed = {key: value for key, value in changed.items() if key not in LOGPROBS}
    return changed if changed != body else body
