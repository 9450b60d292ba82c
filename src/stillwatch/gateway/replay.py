"""What rules would have done to whom, had they been enforced over a log, with the very ``decide`` of the gateway."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.gateway.nouns import UNKNOWN, Action, Ask, Caller, Decision, Effect, Mode, Standing
from stillwatch.gateway.policy import Rules, decide
from stillwatch.gateway.prices import Prices
from stillwatch.gateway.touched import Sums, Used, slower, total, withheld

Json = dict[str, Any]
ASKS = 10_000
"""Different asks kept, so that equal ones are made once; then they are made anew."""
NOT_GIVEN = "not given"
"""The verification of an account that the accounts table does not have."""
MOST_TOUCHED = 25
"""Innocent accounts named one by one: as many as a person will look up."""
COLUMNS = (
    "account", "model", "operation", "max_output_tokens", "n", "logprobs", "stream", "tools",
    "input_tokens", "output_tokens", "reasoning_tokens", "duration_ms",
)  # fmt: skip


class Replay:
    """Takes the batches of a log one by one; holds sums by account and nothing of a call.

    Every rule is taken as enforced, whatever its mode; an account's standing is what the report says, from its first
    call on.
    """

    def __init__(
        self, rules: Rules, standings: Mapping[str, Standing], callers: Mapping[str, Caller], prices: Prices | None
    ) -> None:
        self._rules, self._supposed = rules, rules.in_mode(Mode.ENFORCE)
        self._standings, self._callers, self._prices = standings, callers, prices or Prices()
        self._priced = prices is not None
        self._asks: dict[tuple[Any, ...], Ask] = {}
        self._all: dict[str, Sums] = {}
        self._any: dict[str, Sums] = {}
        self._by_rule: dict[str, dict[str, Sums]] = {rule.name: {} for rule in rules.rules}
        self._by_action: dict[Action, dict[str, Sums]] = {}
        self._first, self._last = float("inf"), float("-inf")

    def add(self, batch: pa.RecordBatch) -> None:
        """Decide every call of a batch of the call log."""
        started = pc.cast(batch["started_at"], pa.int64()).to_pylist()
        columns = [batch[name].to_pylist() for name in COLUMNS]
        for at, (account, *asked, tokens_in, tokens_out, reasoning, duration) in zip(
            started, zip(*columns, strict=True), strict=True
        ):
            now = at / 1e6
            self._first, self._last = min(self._first, now), max(self._last, now)
            ask = self._ask((*asked, bool(reasoning)))
            used = self._used(ask.model, tokens_in or 0, tokens_out or 0, (duration or 0) / 1e3)
            self._sums(self._all, account).add(used)
            caller = self._callers.get(account) or Caller(account)
            standing = self._standings.get(account, UNKNOWN)
            decision = decide(self._supposed, caller, ask, standing, now=now)
            if decision.effects:
                self._touch(account, decision, ask, used)

    def summary(self) -> Json:
        """Return what would have happened, ready for JSON (docs/policy.md says what each key means)."""
        return {
            "version": 1,
            "rules_version": self._rules.version,
            "priced": self._priced,
            "first_call_at": _instant(self._first) if self._all else None,
            "last_call_at": _instant(self._last) if self._all else None,
            "all": self._split(self._all),
            "touched": self._split(self._any),
            "by_rule": [self._rule(rule.name) for rule in self._rules.rules],
            "by_action": [{"action": a, **self._split(self._by_action[a])} for a in Action if a in self._by_action],
            "by_verification": self._verifications(),
            "innocents": self._innocents(),
            "notes": self._notes(),
        }

    def accounts(self) -> Iterator[Json]:
        """Yield one row for each account that a rule touches, by name."""
        for account in sorted(self._any):
            sums = self._any[account]
            rules = [name for name, touched in self._by_rule.items() if touched.get(account, Sums()).calls]
            yield {
                "account": account,
                "campaign": self._standing(account).campaign,
                "verification": self._verification(account),
                "rules": rules,
                "all_calls": self._all[account].calls,
                "calls": sums.calls,
                "output_tokens": sums.output_tokens,
                "withheld_tokens": sums.withheld_tokens,
                "revenue": sums.revenue,
                "forgone": sums.forgone,
                "slower_seconds": sums.slower_seconds,
                "spared": sums.spared,
            }

    def _touch(self, account: str, decision: Decision, ask: Ask, used: Used) -> None:
        for effect in decision.effects:
            sums = self._sums(self._by_rule[effect.rule], account)
            if effect.mode is Mode.SHADOW:
                sums.spared += 1
            else:
                sums.add(used, withheld(effect, ask, used), slower(effect, used))
        orders = [e for e in decision.effects if e.action is not Action.ALLOW]
        acting = [e for e in orders if e.mode is Mode.ENFORCE]
        if not acting:
            if orders:
                self._sums(self._any, account).spared += 1
            return
        hardest = {effect.action: effect for effect in reversed(acting)}
        for action, effect in hardest.items():
            self._sums(self._by_action.setdefault(action, {}), account).add(
                used, withheld(effect, ask, used), slower(effect, used)
            )
        self._sums(self._any, account).add(used, *_together(hardest.values(), ask, used))

    def _ask(self, key: tuple[Any, ...]) -> Ask:
        found = self._asks.get(key)
        if found is None:
            if len(self._asks) >= ASKS:
                self._asks.clear()
            model, operation, ceiling, n, logprobs, stream, tools, reasoning = key
            found = self._asks[key] = Ask(
                model=self._prices.canonical.get(model, model),
                operation=operation or "chat",
                stream=bool(stream),
                max_output_tokens=ceiling,
                n=n or 1,
                logprobs=bool(logprobs),
                reasoning=reasoning,
                tools=tools or 0,
            )
        return found

    def _used(self, model: str, tokens_in: int, tokens_out: int, seconds: float) -> Used:
        output = self._prices.of(model, 0, tokens_out)
        return Used(tokens_in, tokens_out, self._prices.of(model, tokens_in, 0) + output, output, seconds)

    @staticmethod
    def _sums(sums: dict[str, Sums], account: str) -> Sums:
        found = sums.get(account)
        if found is None:
            found = sums[account] = Sums()
        return found

    def _standing(self, account: str) -> Standing:
        return self._standings.get(account, UNKNOWN)

    def _verification(self, account: str) -> str:
        caller = self._callers.get(account)
        return NOT_GIVEN if caller is None else caller.verification

    def _split(self, sums: Mapping[str, Sums]) -> Json:
        members = [a for a in sums if self._standing(a).campaign is not None]
        others = [a for a in sums if self._standing(a).campaign is None]
        return {"campaigns": total(sums, members), "innocents": total(sums, others)}

    def _rule(self, name: str) -> Json:
        rule = next(rule for rule in self._rules.rules if rule.name == name)
        about = {"rule": name, "action": rule.action, "amount": rule.amount, "mode": rule.mode, "reason": rule.reason}
        return {**about, **self._split(self._by_rule[name])}

    def _verifications(self) -> list[Json]:
        classes = sorted({self._verification(account) for account in self._all})
        out = []
        for name in classes:
            everyone = {a: s for a, s in self._all.items() if self._verification(a) == name}
            touched = {a: s for a, s in self._any.items() if a in everyone}
            out.append({"verification": name, "all": total(everyone), **self._split(touched)})
        return out

    def _innocents(self) -> list[Json]:
        rows = [row for row in self.accounts() if row["campaign"] is None and row["calls"]]
        rows.sort(key=lambda row: (-row["forgone"], -row["withheld_tokens"], -row["calls"], row["account"]))
        return rows[:MOST_TOUCHED]

    def _notes(self) -> list[str]:
        notes = [
            "Every rule is taken as enforced, whatever its mode.",
            "Accounts stand as the report says, from their first call on; a gateway learns it later and does less.",
            "Callers are taken not to change what they do: no retries, no shorter asks.",
            "Lower limits show which calls would have had less room, not how many would have been refused.",
        ]
        if not self._priced:
            notes.append("No prices were given: revenue is not known.")
        if any(a not in self._callers for a in self._all):
            notes.append("Accounts that the accounts table lacks count as not verified, of unknown age and plan.")
        return notes


def _together(effects: Any, ask: Ask, used: Used) -> tuple[float, float]:
    """Return what several effects withhold and delay together: a cap on top of a cap is not two caps."""
    found: list[Effect] = list(effects)
    most = max(withheld(effect, ask, used) for effect in found)
    return most, 0.0 if most >= 1.0 else max(slower(effect, used) for effect in found)


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
