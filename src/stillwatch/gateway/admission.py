"""From a request to a call that may be made, or a refusal: credential, ask, policy, limits, journal, in this order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import monotonic, time
from typing import Any, cast

from stillwatch.errors import SettingsError
from stillwatch.gateway.addresses import client_address, read_networks
from stillwatch.gateway.call import Call, Request, new_call_id
from stillwatch.gateway.dialects.body import needles, read_object
from stillwatch.gateway.dialects.shape import Body, Dialect, Refusal
from stillwatch.gateway.effects import NOTHING, Enforced, enforce, prepare
from stillwatch.gateway.estimate import cost_of
from stillwatch.gateway.exchange import Header, Message
from stillwatch.gateway.nouns import Ask, Caller, Decision, Standing
from stillwatch.gateway.pages import unknown_model
from stillwatch.gateway.parts import Parts
from stillwatch.gateway.ports import JournalFull, LimitExceeded, StoreClosed, Subjects
from stillwatch.gateway.request import RequestHead, check_body, read_body
from stillwatch.gateway.settings import Model
from stillwatch.gateway.upstream import UpstreamPool

Receive = Callable[[], Awaitable[Message]]
Scope = dict[str, Any]

BETA = b"beta=true"
"""The one query string that the vendors' clients send (Anthropic's beta methods); no other goes upstream."""

JSON_LINE = b"content-type: application/json\r\n"

RETRY_SECONDS = 5.0
"""When the store or the journal's disk cannot be used: half a minute's worth of the clients' own retries is not."""


class Admission:
    """Steps 2 to 6 of ``proxy.py``."""

    def __init__(
        self, parts: Parts, models: dict[str, tuple[Model, UpstreamPool]], pools: dict[str, UpstreamPool]
    ) -> None:
        self._parts, self._models = parts, models
        if parts.settings.allow_paths and not pools:
            raise SettingsError("allow_paths: there is no upstream to relay to; add one")
        self._first = next(iter(pools.values()), cast("UpstreamPool", None))
        self._trusted = read_networks(parts.settings.trust_forwarded_from)
        self._listen, self._weights = parts.settings.listen, parts.settings.weights

    def identify(self, head: RequestHead) -> Caller:
        """Return who calls. Raises Refusal (401)."""
        keyring, caller = self._parts.keyring, head.caller
        if caller is None or not keyring.is_current(caller):
            caller = head.caller = keyring.find(head.credential) if head.credential else None
            if caller is None:
                raise Refusal(401, "The API key is missing, unknown, revoked or expired.", code="invalid_api_key")
        return caller

    async def admit(self, dialect: Dialect, scope: Scope, receive: Receive) -> Call:
        """Return a call that holds its budgets and has its record. Raises Refusal, or CallerLeft."""
        method = scope["method"]
        if method != dialect.method and dialect.understands:
            raise Refusal(405, f"Use {dialect.method}.", code="method_not_allowed")
        started, now = monotonic(), time()
        head = scope.get("head") or RequestHead(scope["headers"])
        caller = self.identify(head)
        raw, most = scope.get("body"), self._listen.max_body_bytes
        raw = await read_body(receive, head, most) if raw is None else check_body(raw, head, most)
        body = read_object(raw, dialect.sensitive) if dialect.understands else _read_loosely(raw)
        find_model = self._model if dialect.understands else self._any_model
        model, pool = find_model(body, dialect)
        ask = dialect.ask(body, model.name, len(raw))
        row = self._row(scope, head, caller, ask, now)
        row |= dialect.columns(body)
        standing = self._parts.standings.of(caller.account)
        decision = self._parts.decider.decide(caller, ask, standing, now=now)
        enforced = self._enforce(decision, standing, row) if decision.effects else NOTHING
        query = b"?" + BETA if scope["query_string"] == BETA else b""
        hide_usage = ask.stream and not dialect.asks_usage(body)
        request = Request(
            pool, method, dialect.target + query, JSON_LINE + head.upstream_lines, raw, enforced, hide_usage
        )
        upstream_model = model.upstream_model or model.name
        if not dialect.understands:
            request.headers = _content_type(scope["headers"]) + head.upstream_lines
            if enforced.caps is not None:
                dialect.cap(body, enforced.caps)
        elif hide_usage or enforced.caps is not None or body["model"] != upstream_model:
            caps = enforced.caps
            request.body, body = prepare(dialect, raw, body, caps=caps, model=upstream_model, wants_usage=hide_usage)
            if caps is not None:
                ask = dialect.ask(body, model.name, len(raw))
        cost = cost_of(dialect, ask, raw, weights=self._weights, limit_factor=enforced.limit_factor)
        whose = (caller.account, caller.organization, standing.campaign, model.name, caller.plan)
        try:
            # NamedTuple's own constructor is a Python function: this is the way of every call.
            hold = await self._parts.limiter.admit(tuple.__new__(Subjects, whose), cost)
        except (LimitExceeded, StoreClosed) as problem:
            raise self._no_room(problem, row) from None
        call_id, started_at = cast("str", row["call_id"]), cast("int", row["started_at"])
        about = (self._parts.recorder, self._weights, request, started, started_at)
        call = Call(call_id, dialect, caller, ask, hold, *about)
        self._record(call, row)
        return call

    def _model(self, body: Body, dialect: Dialect) -> tuple[Model, UpstreamPool]:
        name = body.get("model")
        if not isinstance(name, str):
            raise Refusal(400, "'model' must be the name of a model.", code="invalid_value")
        found = self._models.get(name)
        if found is None:
            raise unknown_model(name)
        if found[1].settings.dialect != dialect.vendor:
            raise Refusal(404, f"The model {name!r} is not served at {dialect.path}.", code="model_not_found")
        return found

    def _any_model(self, body: Body, dialect: Dialect) -> tuple[Model, UpstreamPool]:
        """Return the model a body names; where it names none that is known, the path itself and the first upstream."""
        found = self._models.get(str(body.get("model")))
        if found is None:
            return Model(dialect.path, self._first.settings.name), self._first
        return found

    def _row(self, scope: Scope, head: RequestHead, caller: Caller, ask: Ask, now: float) -> dict[str, object]:
        """Return the columns of the call log that are known before the call, but for its text."""
        return {
            "call_id": new_call_id(),
            "account": caller.account,
            "started_at": round(now * 1_000_000),
            "model": ask.model,
            "operation": ask.operation,
            "client_address": client_address(scope["client"][0], head.forwarded_for, self._trusted),
            "user_agent": head.user_agent or None,
            "max_output_tokens": ask.max_output_tokens,
            "n": ask.n,
            "logprobs": ask.logprobs,
            "stream": ask.stream,
            "tools": ask.tools,
        }

    def _enforce(self, decision: Decision, standing: Standing, row: dict[str, object]) -> Enforced:
        """Note what the policy says, and return what to do. Raises Refusal (403)."""
        self._note_decision(decision, standing, row)
        settings = self._parts.settings
        return enforce(decision, verification_url=settings.verification_url, appeal_url=settings.appeal_url)

    def _note_decision(self, decision: Decision, standing: Standing, row: dict[str, object]) -> None:
        effects = [
            {"action": e.action.value, "mode": e.mode.value, "rule": e.rule, "reason": e.reason, "amount": e.amount}
            for e in decision.effects
        ]
        about = {name: row[name] for name in ("call_id", "account", "model", "started_at")}
        self._parts.recorder.note("decision", {**about, "campaign": standing.campaign, "effects": effects})
        for effect in decision.effects:
            self._parts.metrics.count("effects", (effect.action.value, effect.mode.value))

    def _no_room(self, problem: LimitExceeded | StoreClosed, row: dict[str, object]) -> Refusal:
        """Note a limit that was reached, and return what the caller is told."""
        if isinstance(problem, StoreClosed):
            return Refusal(503, "Limits cannot be checked now.", code="limits_down", retry_after=RETRY_SECONDS)
        about = {name: row[name] for name in ("call_id", "account", "model", "started_at")}
        where = {"level": problem.level.value, "unit": problem.unit.value}
        self._parts.metrics.count("refusals", tuple(where.values()))
        self._parts.recorder.note("refusal", about | where)
        # The campaign level is never named: the words and the headers are the same whatever level it was.
        words, wait = "Rate limit reached; try again later.", problem.retry_after_seconds
        return Refusal(429, words, code="rate_limit_exceeded", retry_after=wait)

    def _record(self, call: Call, row: dict[str, object]) -> None:
        try:
            self._parts.recorder.admit(call.call_id, row)
        except JournalFull:
            call.hold.settle_input(0.0)
            call.hold.release()
            raise Refusal(
                503, "Calls cannot be recorded now.", code="journal_full", retry_after=RETRY_SECONDS
            ) from None
        except BaseException:
            call.hold.release()
            raise


def _read_loosely(raw: bytes) -> Body:
    """Return a body if it is a JSON object that names a model without doubt; an empty one otherwise."""
    try:
        return read_object(raw, needles("model"))
    except Refusal:
        return {}


def _content_type(headers: list[Header]) -> bytes:
    """Return the header line of the caller's own content type; empty if there is none."""
    return next((b"content-type: %s\r\n" % value for name, value in headers if name == b"content-type"), b"")
