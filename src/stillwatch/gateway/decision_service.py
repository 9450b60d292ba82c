"""Decides about calls that another gateway serves: who, how they stand, the policy, the limits, in this order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from time import monotonic, time

from stillwatch.gateway.nouns import Action, Ask, Caller, Decision, Mode, Standing
from stillwatch.gateway.open_holds import OpenHolds
from stillwatch.gateway.ports import (
    Cost,
    Decider,
    Keyring,
    Limiter,
    LimitExceeded,
    Recorder,
    Standings,
    StoreClosed,
    Subjects,
)
from stillwatch.gateway.settings import Weights
from stillwatch.gateway.verdict import CONFLICT, FORBIDDEN, LIMITED, UNAVAILABLE, UNKNOWN_KEY, Question, Verdict

BYTES_PER_TOKEN = 4
"""Of English text and its JSON; the limiter learns each account's factor."""
FIRST_HOLD = 1024
"""Output tokens held at admission; reports top up from there (docs/gateway.md, limits)."""
RETRY_SECONDS = 5.0
"""When limits cannot be checked: the store's circuit breaker tries again sooner."""
STOPS = (
    (Action.SUSPEND, "account_suspended"),
    (Action.ASK_VERIFICATION, "verification_required"),
)
"""Effects that end a call, the hardest first, and the code the caller gets."""


@dataclass(frozen=True)
class Neighbours:
    """Whom the service asks (``ports.py``)."""

    keyring: Keyring
    standings: Standings
    decider: Decider
    limiter: Limiter
    recorder: Recorder
    weights: Weights = field(default_factory=Weights)
    models: Mapping[str, str] = field(default_factory=dict)
    """Canonical model names by alias: an alias must not have budgets and rules of its own."""


@dataclass(frozen=True, slots=True)
class Reported:
    """How a reported call stands: whether it is known, and how long to hold back what comes next."""

    known: bool
    pause_seconds: float = 0.0


class DecisionService:
    """Answers questions, and keeps the holds of open calls for ``keep_seconds`` after they were last mentioned.

    ``clock`` gives seconds since 1970 for the rules, ``steady`` those by which holds grow old.
    """

    def __init__(
        self,
        neighbours: Neighbours,
        *,
        keep_seconds: float = 600.0,
        clock: Callable[[], float] = time,
        steady: Callable[[], float] = monotonic,
    ) -> None:
        self._ask = neighbours
        self._clock = clock
        self.holds = OpenHolds(keep_seconds, clock=steady)

    async def decide(self, question: Question) -> Verdict:
        """Return the verdict. Never raises for what a caller did; a refusal leaves nothing held."""
        caller = question.caller
        if caller is None and question.credential:
            caller = self._ask.keyring.find(question.credential)
        if caller is None:
            return Verdict(question.call_id, UNKNOWN_KEY, code="invalid_api_key", message="The API key is not valid.")
        if (model := self._ask.models.get(question.ask.model)) is not None:
            question = replace(question, ask=question.ask._replace(model=model))
        standing = self._ask.standings.of(caller.account)
        decision = self._ask.decider.decide(caller, question.ask, standing, now=self._clock())
        if decision.effects:
            self._note(question, caller, standing, decision)
            for action, code in STOPS:
                if stop := decision.enforced(action):
                    about = (question.call_id, FORBIDDEN, caller, decision)
                    return Verdict(*about, code=code, message=stop.reason, url=stop.url)
        return await self._hold(question, caller, standing, decision)

    def report(
        self, call_id: str, *, output_tokens: float = 0.0, input_tokens: float | None = None, done: bool = False
    ) -> Reported:
        """Count what a call used since the last report; ``done`` gives back the rest of its hold."""
        hold = self.holds.get(call_id)
        if hold is None:
            return Reported(known=False)
        if input_tokens is not None:
            hold.settle_input(input_tokens)
        pause = hold.capture(output_tokens)
        if done:
            self.holds.end(call_id)
        return Reported(known=True, pause_seconds=0.0 if done else pause)

    async def _hold(self, question: Question, caller: Caller, standing: Standing, decision: Decision) -> Verdict:
        lowered = decision.enforced(Action.LOWER_LIMITS)
        cost = _cost(question, self._ask.weights, 1.0 if lowered is None or lowered.amount is None else lowered.amount)
        ask = question.ask
        subjects = Subjects(caller.account, caller.organization, standing.campaign, ask.model, caller.plan)
        about = {"call_id": question.call_id, "account": caller.account, "model": ask.model}
        try:
            hold = await self._ask.limiter.admit(subjects, cost)
        except LimitExceeded as limit:
            # Which level refused is for records only: the words to the caller are the same whatever it was.
            self._ask.recorder.note("refusal", {**about, "level": limit.level.value, "unit": limit.unit.value})
            refused = (question.call_id, LIMITED, caller, decision, "rate_limit_exceeded")
            words = "Rate limit reached; try again later."
            return Verdict(*refused, words, retry_after_seconds=limit.retry_after_seconds)
        except StoreClosed:
            self._ask.recorder.note("refusal", {**about, "level": "store", "unit": ""})
            closed = (question.call_id, UNAVAILABLE, caller, decision, "limits_down")
            return Verdict(*closed, "Limits cannot be checked now.", retry_after_seconds=RETRY_SECONDS)
        if not question.keep:
            hold.release()
        elif not self.holds.put(question.call_id, hold):
            hold.settle_input(0.0)
            hold.release()
            self._ask.recorder.note("refusal", {**about, "level": "call_id", "unit": ""})
            taken = (question.call_id, CONFLICT, caller, decision, "call_id_in_use")
            return Verdict(*taken, "A call with this id is open; send another id.")
        return Verdict(question.call_id, caller=caller, decision=decision, headroom=hold.headroom())

    def _note(self, question: Question, caller: Caller, standing: Standing, decision: Decision) -> None:
        effects = [
            {"action": e.action.value, "mode": e.mode.value, "rule": e.rule, "reason": e.reason, "amount": e.amount}
            for e in decision.effects
        ]
        about: Mapping[str, object] = {
            "call_id": question.call_id,
            "account": caller.account,
            "model": question.ask.model,
            "campaign": standing.campaign,
            "effects": effects,
            "acted": any(e.mode is Mode.ENFORCE for e in decision.effects),
        }
        self._ask.recorder.note("decision", about)


def _cost(question: Question, weights: Weights, limit_factor: float) -> Cost:
    ask = question.ask
    estimated = ask.input_bytes / BYTES_PER_TOKEN if question.input_tokens is None else question.input_tokens
    ceiling = FIRST_HOLD if ask.max_output_tokens is None else min(ask.max_output_tokens, FIRST_HOLD)
    generates = question.keep and ask.operation != "embeddings"
    return Cost(
        input_tokens=estimated,
        output_hold=float(ceiling * ask.n) if generates else 0.0,
        stream=generates,
        weight=_weight(ask, weights),
        limit_factor=limit_factor,
    )


def _weight(ask: Ask, weights: Weights) -> float:
    """Return what an output token counts for. Tokens are counted over all samples; further samples may be dearer."""
    weight = (weights.logprobs if ask.logprobs else 1.0) * (weights.reasoning if ask.reasoning else 1.0)
    return weight * (1.0 + weights.sample * (ask.n - 1)) / ask.n if ask.n > 1 else weight
